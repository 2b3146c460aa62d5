// The annealed prior: p, f_β and the terms of Theorem 1 under controls for the prior, its shape and β.
//
// One module for JupyterLab (through anywidget) and the static page; all curves come with the data,
// and `render` needs only a model with get, set, save_changes, on and off.

const WIDTH = 360, HEIGHT = 240, LEFT = 40, BOTTOM = 36, TOP = 8;
const SVG = "http://www.w3.org/2000/svg";
const LINES = ["", "7 4", "2 3", "9 3 2 3"]; // dashes: colour is not the only channel

const STYLE = `
  .dvae-annealing { --c0: #004488; --c1: #bb5566; --c2: #96690a; --c3: #222; --paper: #fff;
    color: #222; background: var(--paper); border: 1px solid #8888; border-radius: 8px;
    padding: 16px; max-width: 800px; box-sizing: border-box; font: 15px/1.45 system-ui, sans-serif; }
  .dvae-annealing.dark { --c0: #6699cc; --c1: #ee99aa; --c2: #f0d060; --c3: #fff; --paper: #15191e;
    color: #e8e8e8; }
  .dvae-annealing .question { margin: 0 0 12px; font-weight: 600; }
  .dvae-annealing .knobs, .dvae-annealing .plots { display: flex; flex-wrap: wrap; gap: 8px 24px; }
  .dvae-annealing .knobs { align-items: end; }
  .dvae-annealing label { flex: 1 1 150px; font-variant-numeric: tabular-nums; }
  .dvae-annealing input, .dvae-annealing select { display: block; width: 100%; min-height: 28px;
    margin: 0; accent-color: var(--c0); }
  .dvae-annealing select, .dvae-annealing button { font: inherit; color: inherit; min-height: 32px;
    background: var(--paper); border: 1px solid #888; border-radius: 5px; padding: 3px 12px; }
  .dvae-annealing figure { flex: 1 1 320px; min-width: 0; margin: 12px 0 0; }
  .dvae-annealing svg { display: block; width: 100%; height: auto; }
  .dvae-annealing text { fill: currentColor; font-size: 11px; }
  .dvae-annealing .axis { stroke: #888; fill: none; }
  .dvae-annealing .curve { fill: none; stroke-width: 2; }
  .dvae-annealing figcaption { display: flex; flex-wrap: wrap; gap: 2px 14px; font-size: 13px; }
  .dvae-annealing figcaption svg { width: 30px; height: 10px; display: inline-block; }
  .dvae-annealing .status { margin: 12px 0 0; }
`;

function html(name, className = "", text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

function svg(name, attributes, text = "") {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

/** A line from (0, 5) to (30, 5), or through `points`, in the style of curve `index`. */
function stroke(points, index) {
  const style = `stroke: var(--c${index}); stroke-dasharray: ${LINES[index] || "none"}`;
  return svg("polyline", { points, class: "curve", style });
}

/** Axes with ticks, the curves cut off at the frame, and dots; `ticks` are [value, text] pairs. */
function plot({ x, curves, low, high, xTicks, yTicks, xLabel, dots = [] }) {
  const from = x[0], to = x[x.length - 1];
  const across = (v) => LEFT + ((v - from) / (to - from)) * (WIDTH - LEFT - 8);
  const up = (v) => HEIGHT - BOTTOM - ((v - low) / (high - low)) * (HEIGHT - BOTTOM - TOP);
  const drawn = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true" });
  const frame = drawn.appendChild(svg("svg", {
    x: LEFT, y: TOP, width: WIDTH - LEFT - 8, height: HEIGHT - BOTTOM - TOP,
    viewBox: `${LEFT} ${TOP} ${WIDTH - LEFT - 8} ${HEIGHT - BOTTOM - TOP}`,
  }));
  curves.forEach(({ y }, index) => {
    const points = y.map((v, i) => `${across(x[i]).toFixed(1)},${up(v).toFixed(1)}`).join(" ");
    frame.appendChild(stroke(points, index));
  });
  dots.forEach(([cx, cy], index) => frame.appendChild(
    svg("circle", { cx: across(cx), cy: up(cy), r: 5, style: `fill: var(--c${index})` }),
  ));
  const floor = HEIGHT - BOTTOM;
  drawn.appendChild(svg("path", { class: "axis", d: `M${LEFT} ${TOP}V${floor}H${WIDTH - 8}` }));
  for (const [value, text] of xTicks) {
    drawn.appendChild(svg("path", { class: "axis", d: `M${across(value)} ${floor}v4` }));
    const place = { x: across(value), y: floor + 16, "text-anchor": "middle" };
    drawn.appendChild(svg("text", place, text));
  }
  for (const [value, text] of yTicks) {
    drawn.appendChild(svg("path", { class: "axis", d: `M${LEFT} ${up(value)}h-4` }));
    const place = { x: LEFT - 7, y: up(value) + 4, "text-anchor": "end" };
    drawn.appendChild(svg("text", place, text));
  }
  const middle = { x: (LEFT + WIDTH) / 2, y: HEIGHT - 3, "text-anchor": "middle" };
  drawn.appendChild(svg("text", middle, xLabel));
  const caption = html("figcaption");
  curves.forEach(({ name }, index) => {
    const key = svg("svg", { viewBox: "0 0 30 10", "aria-hidden": "true" });
    key.appendChild(stroke("0,5 30,5", index));
    const entry = caption.appendChild(html("span"));
    entry.append(key, ` ${name}`);
  });
  const figure = html("figure");
  figure.append(drawn, caption);
  return figure;
}

/** Round values from `low` to `high`, about four of them. */
function rounded(low, high) {
  const step = [0.1, 0.2, 0.5, 1, 2, 5].find((s) => (high - low) / s <= 6) ?? 10;
  const first = Math.ceil(low / step), last = Math.floor(high / step);
  return Array.from({ length: last - first + 1 }, (_, i) => {
    const value = (first + i) * step;
    return [value, String(+value.toFixed(1)).replace("-", "−")];
  });
}

function densities(data, setting) {
  const curves = setting.densities.map((y, i) => ({ name: setting.names[i], y }));
  const high = 1.1 * Math.max(...setting.densities.flat());
  const xTicks = [-4, -2, 0, 2, 4].map((v) => [v, String(v).replace("-", "−")]);
  return plot({ x: data.z, curves, low: 0, high, xTicks, yTicks: rounded(0, high), xLabel: "z" });
}

function objective(data, setting) {
  const names = ["−β KL(q‖p)", "−KL(q‖f_β)", "(β−1) H", "log F_β"];
  const curves = setting.terms.map((y, i) => ({ name: names[i], y }));
  const top = Math.max(...setting.terms[0]);
  const dots = setting.best.map((at, index) => [data.log2_sd[at], setting.terms[index][at]]);
  const xTicks = [-4, -2, 0, 2, 4].map((v) => [v, String(2 ** v)]);
  const [low, high] = [top - 8, top + 6];
  const xLabel = "standard deviation s of q(z|x) = N(0, s²); upwards: nats";
  return plot({ x: data.log2_sd, curves, low, high, xTicks, yTicks: rounded(low, high), xLabel, dots });
}

/** Whether the page around `el` is dark, by its background. */
function isDark(el) {
  for (let at = el; at instanceof Element; at = at.parentElement) {
    const [r, g, b, a = 1] = (getComputedStyle(at).backgroundColor.match(/[\d.]+/g) ?? []).map(Number);
    if (a > 0.5) return r + g + b < 384;
  }
  return false;
}

function labelled(row, control) {
  const label = row.appendChild(html("label"));
  const name = label.appendChild(html("span"));
  label.appendChild(control);
  control.dataset.lmSuppressShortcuts = "true"; // JupyterLab: keys belong to the control
  return { control, name };
}

function range(row) {
  const control = html("input");
  Object.assign(control, { type: "range", min: 0, step: 1 });
  return labelled(row, control);
}

function setRange({ control, name }, values, place, text) {
  control.max = values.length - 1;
  control.value = place;
  name.textContent = `${text} = ${values[place]}`;
  control.setAttribute("aria-valuetext", name.textContent);
}

function render({ model, el }) {
  const data = model.get("data");
  const card = html("div", "dvae-annealing");
  card.classList.toggle("dark", isDark(el));
  card.setAttribute("role", "group");
  card.setAttribute("aria-label", data.question);
  card.append(html("style", "", STYLE), html("p", "question", data.question));
  const row = card.appendChild(html("div", "knobs"));
  const family = labelled(row, html("select"));
  family.name.textContent = "prior";
  data.families.forEach(({ name }) => family.control.appendChild(html("option", "", name)));
  const [shape, beta] = [range(row), range(row)];
  const reset = row.appendChild(html("button", "", "Reset"));
  const plots = card.appendChild(html("div", "plots"));
  const status = card.appendChild(html("p", "status"));
  status.setAttribute("role", "status");
  el.appendChild(card);

  const update = () => {
    const [f, s, b] = model.get("place");
    family.control.selectedIndex = f;
    setRange(shape, data.families[f].values, s, data.families[f].parameter);
    setRange(beta, data.betas, b, "β");
    const setting = data.settings[f][s][b];
    plots.replaceChildren(densities(data, setting), objective(data, setting));
    status.textContent = setting.conclusion;
  };
  const move = (place) => {
    model.set("place", place);
    model.save_changes();
  };
  family.control.addEventListener("change", () => {
    const f = family.control.selectedIndex;
    move([f, data.families[f].start, model.get("place")[2]]);
  });
  for (const { control } of [shape, beta]) {
    control.addEventListener("input", () => {
      move([model.get("place")[0], Number(shape.control.value), Number(beta.control.value)]);
    });
  }
  reset.addEventListener("click", () => move([...data.start]));
  model.on("change:place", update);
  update();
  return () => model.off("change:place", update);
}

export default { render };
