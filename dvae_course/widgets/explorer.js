// The α–β explorer: one module for JupyterLab (through anywidget) and for the static page.
//
// `render` needs only a model with get, set, save_changes, on and off. The density of the codes is
// computed here from the trained means and standard deviations; nothing is fetched.

const CELLS = 96;
const SIZE = 400; // of the picture, in its own units; drawn at twice that
const MARGIN = 30;
const INDICES = ["alpha_index", "beta_index", "seed_index"];
const THEMES = {
  light: {
    arms: ["#004488", "#bb5566", "#c4901a", "#000000"],
    paper: "#ffffff", tone: "#86a8ca", ink: "#222222", soft: "#595959", line: "#c9c9c9",
  },
  dark: {
    arms: ["#6699cc", "#ee99aa", "#f0d060", "#ffffff"],
    paper: "#15191e", tone: "#3d5a78", ink: "#e8e8e8", soft: "#b4b4b4", line: "#4a5058",
  },
};

const STYLE = `
  :host { display: block; }
  .card { color: var(--ink); background: var(--paper); border: 1px solid var(--line);
    border-radius: 8px; padding: 16px; font-size: 15px; line-height: 1.45; max-width: 760px;
    box-sizing: border-box; font-family: system-ui, sans-serif; }
  .question { margin: 0 0 12px; font-weight: 600; font-size: 16px; }
  .columns { display: flex; flex-wrap: wrap; gap: 12px 28px; }
  figure { margin: 0; flex: 1 1 290px; min-width: 0; max-width: 400px; }
  canvas { display: block; width: 100%; height: auto; }
  figcaption { color: var(--soft); font-size: 12.5px; padding-left: 8%; }
  .side { flex: 1 1 240px; min-width: 0; }
  label { display: block; font-variant-numeric: tabular-nums; }
  input[type=range] { width: 100%; height: 24px; margin: 0; accent-color: var(--accent); }
  .ticks { display: flex; justify-content: space-between; padding: 0 8px; margin-bottom: 10px;
    color: var(--soft); font-size: 12px; }
  .ticks span { width: 0; display: flex; justify-content: center; }
  .row { display: flex; gap: 16px; align-items: center; margin-bottom: 14px; }
  select, button { font: inherit; color: var(--ink); background: var(--paper);
    border: 1px solid var(--soft); border-radius: 5px; padding: 3px 12px; min-height: 32px; }
  button:hover { border-color: var(--ink); }
  :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
  .number { margin-bottom: 9px; font-size: 14px; font-variant-numeric: tabular-nums; }
  .number div { display: flex; justify-content: space-between; gap: 8px; }
  output { white-space: nowrap; }
  .bar { display: block; height: 4px; border-radius: 2px; background: var(--line); }
  .bar i { display: block; height: 100%; border-radius: 2px; background: var(--accent); }
  .status { margin: 12px 0 0; }
`;

const PAGE = `
  <style>${STYLE}</style>
  <div class="card" role="group" aria-label="Explorer of alpha and beta">
    <p class="question"></p>
    <div class="columns">
      <figure>
        <canvas role="img" width="${2 * SIZE}" height="${2 * SIZE}"></canvas>
        <figcaption>Shading: all codes together, q(z). Marks: the mean of each code, one shape an
          arm. Thin circles: one and two standard deviations of the prior p(z).</figcaption>
      </figure>
      <div class="side">
        <label><span data-name="alpha"></span><input type="range" step="1" min="0"></label>
        <div class="ticks" aria-hidden="true"></div>
        <label><span data-name="beta"></span><input type="range" step="1" min="0"></label>
        <div class="ticks" aria-hidden="true"></div>
        <div class="row"><label>seed <select aria-label="seed"></select></label><button>Reset</button></div>
        <div class="numbers"></div>
      </div>
    </div>
    <p class="status" role="status"></p>
  </div>
`;

const NUMBERS = [
  ["overlap", "overlap I(x;z)"],
  ["match", "match KL(q(z)‖p(z))"],
  ["reconstruction", "reconstruction E[log p(x|z)]"],
];

/** Numbers that were stored as unsigned integers between `low` and `high`, base64. */
export function decode({ data, low, high, bytes }) {
  const raw = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
  const whole = bytes === 2 ? new Uint16Array(raw.buffer) : raw;
  const step = (high - low) / (2 ** (8 * bytes) - 1);
  return Float64Array.from(whole, (value) => low + step * value);
}

/** Standard normal distribution function, to 1e-7 (Abramowitz and Stegun 7.1.26). */
function normalCdf(x) {
  const t = 1 / (1 + (0.3275911 * Math.abs(x)) / Math.SQRT2);
  const series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741
    + t * (-1.453152027 + t * 1.061405429))));
  const tail = 0.5 * series * Math.exp((-x * x) / 2);
  return x < 0 ? tail : 1 - tail;
}

/** Mass of N(mean, sd²) in each of the cells that cut [-half, half]. */
function cellMasses(mean, sd, half, cells) {
  const masses = new Float64Array(cells);
  let below = normalCdf((-half - mean) / sd);
  for (let i = 0; i < cells; i++) {
    const upTo = normalCdf((-half + (2 * half * (i + 1)) / cells - mean) / sd);
    masses[i] = upTo - below;
    below = upTo;
  }
  return masses;
}

/** q(z) = mean of N(z; mu_n, diag sd_n²), averaged over each cell; rows are z₂, columns z₁. */
export function densityOnGrid(mu, sd, half, cells) {
  const density = new Float64Array(cells * cells);
  const scale = (cells / (2 * half)) ** 2 / (mu.length / 2);
  for (let n = 0; n < mu.length; n += 2) {
    const across = cellMasses(mu[n], sd[n], half, cells);
    const up = cellMasses(mu[n + 1], sd[n + 1], half, cells);
    for (let row = 0; row < cells; row++) {
      const weight = up[row] * scale;
      if (weight < 1e-12) continue;
      for (let column = 0; column < cells; column++) {
        density[row * cells + column] += weight * across[column];
      }
    }
  }
  return density;
}

function themeOf(page) {
  const named = page.documentElement.dataset.theme;
  if (named === "dark" || named === "light") return THEMES[named];
  const lab = page.body.dataset.jpThemeLight;
  if (lab !== undefined) return lab === "false" ? THEMES.dark : THEMES.light;
  return matchMedia("(prefers-color-scheme: dark)").matches ? THEMES.dark : THEMES.light;
}

const channels = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

/** The density as a small picture, from paper to mid-tone, so that marks stay visible. */
function shading(density, peak, theme) {
  const [paper, tone] = [channels(theme.paper), channels(theme.tone)];
  const image = new ImageData(CELLS, CELLS);
  density.forEach((value, at) => {
    const depth = Math.sqrt(Math.min(value / peak, 1));
    const row = CELLS - 1 - Math.floor(at / CELLS); // z₂ grows upwards
    const pixel = 4 * (row * CELLS + (at % CELLS));
    for (let c = 0; c < 3; c++) image.data[pixel + c] = paper[c] + depth * (tone[c] - paper[c]);
    image.data[pixel + 3] = 255;
  });
  const small = document.createElement("canvas");
  small.width = small.height = CELLS;
  small.getContext("2d").putImageData(image, 0, 0);
  return small;
}

const SHAPES = [
  (pen, x, y) => pen.arc(x, y, 2.4, 0, 2 * Math.PI),
  (pen, x, y) => pen.rect(x - 2.1, y - 2.1, 4.2, 4.2),
  (pen, x, y) => polygon(pen, [[x, y - 2.9], [x + 2.7, y + 1.9], [x - 2.7, y + 1.9]]),
  (pen, x, y) => polygon(pen, [[x, y - 3], [x + 3, y], [x, y + 3], [x - 3, y]]),
];

function polygon(pen, corners) {
  corners.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  pen.closePath();
}

function drawAxes(pen, half, at, theme) {
  pen.strokeStyle = theme.soft;
  pen.fillStyle = theme.soft;
  pen.lineWidth = 0.8;
  pen.strokeRect(MARGIN, 1, SIZE - MARGIN - 1, SIZE - MARGIN - 1);
  pen.font = "11px system-ui, sans-serif";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  for (let tick = -Math.ceil(half) + 1; tick < half - 0.4; tick++) { // room for z₁, z₂
    const label = String(tick).replace("-", "−");
    pen.fillText(label, at(tick, 0)[0], SIZE - MARGIN + 10);
    pen.fillText(label, MARGIN - 10, at(0, tick)[1]);
  }
  pen.fillText("z₁", SIZE - 10, SIZE - MARGIN + 10);
  pen.fillText("z₂", MARGIN - 10, 8);
}

function drawCodes(pen, codes, at, theme) {
  const { mu, labels, half, prior } = codes;
  pen.globalAlpha = 0.85;
  theme.arms.forEach((colour, arm) => {
    pen.beginPath();
    labels.forEach((label, n) => {
      if (label % 4 === arm) {
        pen.moveTo(...at(mu[2 * n], mu[2 * n + 1])); // or neighbours would be joined by a line
        SHAPES[arm](pen, ...at(mu[2 * n], mu[2 * n + 1]));
      }
    });
    pen.fillStyle = colour;
    pen.fill();
  });
  pen.globalAlpha = 1;
  pen.strokeStyle = theme.ink;
  pen.lineWidth = 0.7;
  const unit = (SIZE - MARGIN) / (2 * half);
  for (const [mean, spreads] of prior.means.flatMap((m) => [[m, 1], [m, 2]])) {
    pen.beginPath();
    pen.arc(...at(...mean), spreads * prior.sd * unit, 0, 2 * Math.PI);
    pen.stroke();
  }
}

function draw(canvas, codes, theme) {
  const { mu, sd, half, prior } = codes;
  const side = SIZE - MARGIN;
  const at = (x, y) => [MARGIN + (x / half + 1) * side / 2, (1 - y / half) * side / 2];
  const pen = canvas.getContext("2d");
  pen.setTransform(2, 0, 0, 2, 0, 0);
  pen.clearRect(0, 0, SIZE, SIZE);
  const peak = 1 / (prior.means.length * 2 * Math.PI * prior.sd ** 2);
  const small = shading(densityOnGrid(mu, sd, half, CELLS), peak, theme);
  pen.drawImage(small, MARGIN, 0, side, side);
  pen.save();
  pen.beginPath();
  pen.rect(MARGIN, 0, side, side);
  pen.clip();
  drawCodes(pen, codes, at, theme);
  pen.restore();
  drawAxes(pen, half, at, theme);
}

const fixed = (value) => value.toFixed(2).replace("-", "−");

/** What the numbers mean, in words. */
function verdict({ overlap, match }, points) {
  const most = Math.log(points);
  const codes = overlap > 0.75 * most ? "the codes hardly overlap: z is close to a lookup table"
    : overlap < 0.1 ? "the codes overlap so much that z says almost nothing about x"
    : "the codes overlap, and z still says something about x";
  const together = match < 0.3 ? "they match the prior"
    : match < 1 ? "they match the prior only roughly" : "they miss the prior";
  return `${codes} (I(x;z) is ${fixed(overlap)} of at most log ${points} = ${fixed(most)} nats). `
    + `Together ${together} (KL is ${fixed(match)} nats).`;
}

/** Reads of one trained model out of the flat arrays. */
function reader(data) {
  const [mu, logSd] = [decode(data.mu), decode(data.log_sd)];
  const sd = logSd.map(Math.exp);
  const shared = { labels: data.labels, half: data.half_width, prior: data.prior };
  return (alpha, beta, seed) => {
    const model = (alpha * data.betas.length + beta) * data.seeds + seed;
    const [from, to] = [2 * data.points * model, 2 * data.points * (model + 1)];
    const numbers = Object.fromEntries(NUMBERS.map(([name]) => [name, data[name][model]]));
    return { codes: { ...shared, mu: mu.subarray(from, to), sd: sd.subarray(from, to) }, numbers };
  };
}

function setUp(root, data) {
  root.innerHTML = PAGE;
  const one = (selector) => root.querySelector(selector);
  one(".question").textContent = data.question;
  const sliders = [...root.querySelectorAll("input")];
  [data.alphas, data.betas].forEach((values, i) => {
    sliders[i].max = values.length - 1;
    const ticks = root.querySelectorAll(".ticks")[i];
    ticks.innerHTML = values.map((value) => `<span>${value}</span>`).join("");
  });
  const seed = one("select");
  seed.innerHTML = Array.from({ length: data.seeds }, (_, i) => `<option>${i}</option>`).join("");
  one(".numbers").innerHTML = NUMBERS.map(([name, text]) => `<div class="number"><div>
    <span>${text}</span><output data-name="${name}" aria-live="off"></output></div>
    <span class="bar"><i></i></span></div>`).join("");
  return { one, sliders, seed, controls: [...sliders, seed], bars: root.querySelectorAll(".bar i") };
}

/** Length of a bar: where a value lies between the least (or 0) and the greatest of all models. */
function share(value, all) {
  const [low, high] = [Math.min(0, ...all), Math.max(0, ...all)];
  return `${(100 * (value - low)) / (high - low || 1)}%`;
}

function write(view, data, [alpha, beta, seed], numbers) {
  const [a, b] = [data.alphas[alpha], data.betas[beta]];
  [alpha, beta, seed].forEach((index, i) => { view.controls[i].value = index; });
  [["alpha", "α", a], ["beta", "β", b]].forEach(([name, symbol, value], i) => {
    view.one(`[data-name=${name}]`).textContent = `${symbol} = ${value}`;
    view.sliders[i].setAttribute("aria-label", name);
    view.sliders[i].setAttribute("aria-valuetext", `${name} ${value}`);
  });
  NUMBERS.forEach(([name], i) => {
    view.one(`output[data-name=${name}]`).textContent = `${fixed(numbers[name])} nats`;
    view.bars[i].style.width = share(numbers[name], data[name]);
  });
  const story = `At α = ${a} and β = ${b}, ${verdict(numbers, data.points)}`;
  view.one(".status").textContent = story;
  view.one("canvas").setAttribute("aria-label", `Codes in the latent plane, seed ${seed}. ${story} `
    + `Reconstruction ${fixed(numbers.reconstruction)} nats.`);
}

/** Calls `redraw` when the page turns light or dark; returns a function that stops it. */
function onThemeChange(redraw) {
  const watcher = new MutationObserver(redraw);
  const filter = { attributeFilter: ["data-theme", "data-jp-theme-light"] };
  watcher.observe(document.documentElement, filter);
  watcher.observe(document.body, filter);
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", redraw);
  return () => { watcher.disconnect(); system.removeEventListener("change", redraw); };
}

function render({ model, el }) {
  const data = model.get("data");
  const host = el.appendChild(document.createElement("div"));
  host.dataset.lmSuppressShortcuts = "true"; // JupyterLab: keys belong to the sliders
  const root = host.attachShadow({ mode: "open" });
  const [view, read] = [setUp(root, data), reader(data)];

  const update = () => {
    const at = INDICES.map((name) => model.get(name));
    const theme = themeOf(document);
    const { codes, numbers } = read(...at);
    const colours = { ...theme, accent: theme.arms[0] };
    for (const name of ["ink", "soft", "paper", "line", "accent"]) {
      host.style.setProperty(`--${name}`, colours[name]);
    }
    write(view, data, at, numbers);
    draw(view.one("canvas"), codes, theme);
  };
  const move = (indices) => {
    INDICES.forEach((name, i) => model.set(name, Number(indices[i])));
    model.save_changes();
  };
  const inputs = () => move(view.controls.map((control) => control.value));
  view.controls.forEach((control) => control.addEventListener("input", inputs));
  view.one("button").addEventListener("click", () => move(data.start));
  INDICES.forEach((name) => model.on(`change:${name}`, update));
  const stopWatching = onThemeChange(update);
  update();
  return () => { stopWatching(); INDICES.forEach((name) => model.off(`change:${name}`, update)); };
}

export default { render };
