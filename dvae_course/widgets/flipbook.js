// A flip book: finished pictures under sliders, in JupyterLab (through anywidget) and on the page.
//
// `render` needs only a model with get, set, save_changes, on and off; nothing is fetched.

const STYLE = `
  .dvae-flipbook { border: 1px solid #8888; border-radius: 8px; padding: 16px; max-width: 760px;
    box-sizing: border-box; }
  .dvae-flipbook .question { margin: 0 0 12px; font-weight: 600; }
  .dvae-flipbook .knobs { display: flex; flex-wrap: wrap; gap: 8px 24px; align-items: end; }
  .dvae-flipbook label { flex: 1 1 200px; font-variant-numeric: tabular-nums; }
  .dvae-flipbook input { display: block; width: 100%; height: 24px; margin: 0; }
  .dvae-flipbook button { font: inherit; color: inherit; background: none; min-height: 32px;
    border: 1px solid #8888; border-radius: 5px; padding: 3px 12px; }
  .dvae-flipbook .status { margin: 8px 0 0; font-size: 0.9em; }
`;

/** Which picture belongs to the sliders' places, the last slider fastest. */
export function pictureAt(places, sizes) {
  return places.reduce((index, place, knob) => index * sizes[knob] + place, 0);
}

function node(name, className, text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

function slider(knob) {
  const label = node("label", "");
  const name = label.appendChild(node("span", ""));
  const input = label.appendChild(node("input", ""));
  Object.assign(input, { type: "range", min: 0, max: knob.values.length - 1, step: 1 });
  input.dataset.lmSuppressShortcuts = "true"; // JupyterLab: keys belong to the slider
  const show = (place) => {
    input.value = place;
    name.textContent = `${knob.name} = ${knob.values[place]}`;
    input.setAttribute("aria-valuetext", name.textContent);
  };
  return { label, input, show };
}

function render({ model, el }) {
  const data = model.get("data");
  const sizes = data.knobs.map((knob) => knob.values.length);
  const card = node("div", "dvae-flipbook");
  card.setAttribute("role", "group");
  card.setAttribute("aria-label", data.question);
  card.appendChild(node("style", "", STYLE));
  card.appendChild(node("p", "question", data.question));
  const row = card.appendChild(node("div", "knobs"));
  const sliders = data.knobs.map(slider);
  sliders.forEach(({ label }) => row.appendChild(label));
  const reset = row.appendChild(node("button", "", "Reset"));
  const picture = card.appendChild(node("div", "picture"));
  const status = card.appendChild(node("p", "status"));
  status.setAttribute("role", "status");
  el.appendChild(card);

  const update = () => {
    const places = model.get("places");
    const index = pictureAt(places, sizes);
    sliders.forEach(({ show }, knob) => show(places[knob]));
    picture.innerHTML = data.pictures[index]; // written by our own plots.show, texts escaped there
    status.textContent = data.conclusions[index];
  };
  const move = (places) => {
    model.set("places", places);
    model.save_changes();
  };
  sliders.forEach(({ input }) => input.addEventListener("input", () => {
    move(sliders.map((each) => Number(each.input.value)));
  }));
  reset.addEventListener("click", () => move([...data.start]));
  model.on("change:places", update);
  update();
  return () => model.off("change:places", update);
}

export default { render };
