// The graph editor's canvas. `vis` is vis-network, put ahead of this text by graph_canvas.py.
// Nothing is changed here: what a person wants is sent, and what Python answers is drawn.
const ALARM = "#b3261e";
const ON_DARK = { "#a83e00": "#ffae7a", "#1b5a9e": "#8cbcf0", "#b3261e": "#ff8a80" }; // lines that a dark ground would hide
const ALARM_TIME = 8000; // milliseconds that a refused circle stays red
const KEYS = { a: "draw", delete: "remove", backspace: "remove", r: "reverse", h: "hidden", f: "fit", t: "tidy", w: "large" };
const TOOLS = [
  ["draw", "Draw an arrow", "Drag from a cause to its effect. Key: A"],
  ["remove", "Remove selected", "Remove the selected arrow or hidden cause. Key: Delete"],
  ["reverse", "Reverse selected", "Turn the selected arrow around. Key: R"],
  ["hidden", "Add hidden cause", "Add a cause that no column records; of what is selected, if anything is. Key: H"],
  [],
  ["undo", "Undo", "Take the last change back. Ctrl+Z"],
  ["redo", "Redo", "Make the change again. Ctrl+Shift+Z"],
  [],
  ["tidy", "Tidy layout", "Put every box back where the workbench would place it. Key: T"],
  ["fit", "Fit", "Show the whole graph. Key: F"],
  ["large", "Whole screen", "Give the drawing the whole screen, and back. Key: W"],
];

const make = (tag, name, text = "") => {
  const made = document.createElement(tag);
  made.className = name;
  made.textContent = text;
  return made;
};

const KEYS_SAID = "Drag a box to move it. Click an arrow to select it; Ctrl+click selects several. Ctrl+wheel zooms.";
const LEGIBLE = 0.72; // of a letter's own 14 pixels: a smaller drawing is moved about in its frame instead
const LARGER = " The drawing is larger than its frame: drag it to see the rest, or press “Fit”.";
const SMALL = " The names need more room than there is: press “Whole screen”, or show fewer columns.";

function render({ model, el }) {
  const root = make("div", "wb-editor");
  const bar = make("div", "wb-tools");
  bar.setAttribute("role", "toolbar");
  bar.setAttribute("aria-label", "Change the graph");
  const stage = make("div", "wb-stage");
  const canvas = make("div", "wb-canvas");
  const hints = make("p", "wb-hint");
  hints.setAttribute("role", "status");
  stage.append(canvas, hints);
  const keys = make("p", "wb-keys", KEYS_SAID);
  root.append(bar, stage, keys);
  el.append(root);

  let drawing = model.get("drawing");
  let tall = drawing.height || 320; // pixels, were it drawn at its own size
  canvas.style.height = `${tall}px`;
  const nodes = new vis.DataSet();
  const edges = new vis.DataSet();
  const send = (kind, rest = {}) => model.send({ kind, ...rest });
  const manipulation = {
    enabled: false,
    addEdge: (drawn, callback) => {
      callback(null); // Python draws it, or says why not
      const [source, target] = [nodes.get(drawn.from), nodes.get(drawn.to)];
      if (source && target && source !== target) send("add-edge", { source: source.name, target: target.name });
    },
  };
  // Without a drawing yet, physics would start and move what comes.
  const network = new vis.Network(canvas, { nodes, edges }, { physics: { enabled: false }, ...drawing.options, manipulation });
  canvas.network = network;
  const inner = canvas.querySelector(".vis-network");
  inner.setAttribute("data-lm-suppress-shortcuts", "true"); // else Jupyter takes the keys for its cells
  inner.setAttribute("role", "application");
  inner.setAttribute("aria-label", "The causal graph as a drawing. The table below holds the same arrows.");

  let optioned = drawing.options; // the options that are in force
  let arming = false; // whether arrows are being drawn
  let held = false; // whether the pointer is down: a change now would end what it is doing
  let waiting = false; // a drawing that came meanwhile
  let moved = false; // whether a person has zoomed or shifted the view
  let all = false; // whether a person has asked to see the whole graph, however small
  let gone = false; // whether the view was taken off the page: what was to happen then later does not
  let alarm = 0;
  let clearing = 0;
  const hint = (text, time = 0) => {
    clearTimeout(clearing);
    hints.textContent = text;
    if (time) clearing = setTimeout(() => hint(arming ? DRAWING : ""), time);
  };
  const DRAWING = "Drag from a cause to its effect. Escape, or the button again, when done.";

  const put = (set, wanted) => {
    const stay = new Set(wanted.map((item) => item.id));
    const gone = set.getIds().filter((id) => !stay.has(id));
    if (gone.length) set.remove(gone);
    const changed = wanted.filter((item) => {
      const text = JSON.stringify(item);
      const same = set.get(item.id)?.text === text;
      if (!same) item.text = text;
      return !same;
    });
    const titled = changed.map((item) => ({ ...item, title: item.about ? make("span", "", item.about) : undefined }));
    if (titled.length) set.update(titled);
    return gone.length + titled.length;
  };

  let dark = false;
  const isDark = () => (getComputedStyle(canvas).backgroundColor.match(/[\d.]+/g) ?? [255]).slice(0, 3).every((part) => part < 128);
  const painted = (edge) => {
    const known = Object.entries(edge.color ?? {}).map(([what, colour]) => [what, (dark && ON_DARK[colour]) || colour]);
    return { ...edge, color: Object.fromEntries(known) };
  };
  const themed = () => !gone && dark !== isDark() && apply();

  const apply = () => {
    if (gone) return;
    if (held) {
      waiting = true;
      return;
    }
    waiting = false;
    clearTimeout(alarm);
    drawing = model.get("drawing");
    dark = isDark();
    canvas.dataset.settled = "false";
    const { alarm: red } = drawing;
    const shown = (drawing.edges || []).map((edge) => ({ ...edge }));
    if (red) {
      const lit = new Set(red.edges);
      for (const edge of shown) if (lit.has(edge.id)) Object.assign(edge, { color: { color: ALARM, highlight: ALARM, hover: ALARM }, width: 5 });
      for (const edge of red.refused) shown.push({ ...edge, color: { color: ALARM, highlight: ALARM, hover: ALARM }, width: 4, dashes: [9, 6] });
      alarm = setTimeout(() => {
        put(edges, (drawing.edges || []).map(painted));
        rearm();
      }, ALARM_TIME);
    }
    // Edges go before their nodes do, and come after them.
    const known = new Set((drawing.nodes || []).map((node) => node.id));
    edges.remove(edges.getIds().filter((id) => !known.has(edges.get(id).from) || !known.has(edges.get(id).to)));
    if (known.size !== nodes.length || nodes.getIds().some((id) => !known.has(id))) moved = all = false; // other boxes, another view
    put(nodes, (drawing.nodes || []).map((node) => ({ ...node })));
    put(edges, shown.map(painted));
    if (drawing.options && drawing.options !== optioned) network.setOptions((optioned = drawing.options));
    if (tall !== (drawing.height || 320)) {
      tall = drawing.height || 320;
      setHeight(tall);
    }
    for (const [tool, able] of [["undo", drawing.undo], ["redo", drawing.redo]]) buttons[tool].setAttribute("aria-disabled", able ? "false" : "true");
    rearm();
    if (!moved) fit();
    network.once("afterDrawing", () => {
      canvas.dataset.turn = drawing.turn;
      canvas.dataset.settled = "true";
    });
    network.redraw();
  };

  const setHeight = (pixels) => {
    const height = `${Math.round(pixels)}px`;
    if (canvas.style.height === height) return;
    canvas.style.height = height;
    network.setSize("100%", "100%");
  };
  const fit = () => {
    if (gone) return;
    if (held) {
      waiting = true; // nothing moves away under a hand that is drawing
      return;
    }
    moved = false;
    if (!nodes.length || !canvas.clientWidth) return;
    // All boxes and a little around them, never larger than they are: the library leaves more room
    // around them, and every change of the height draws the whole canvas again.
    const boxes = nodes.getIds().map((id) => network.getBoundingBox(id));
    // An arrow may bend beyond every box.
    for (const { edgeType } of Object.values(network.body.edges)) {
      const { x, y } = edgeType?.getPoint?.(0.5) ?? {};
      if (Number.isFinite(x + y)) boxes.push({ left: x, right: x, top: y - 2, bottom: y + 2 });
    }
    const least = (side) => Math.min(...boxes.map((box) => box[side]));
    const most = (side) => Math.max(...boxes.map((box) => box[side]));
    const span = (from, to) => 1.04 * (most(to) - least(from)) + 12;
    const whole = document.fullscreenElement === root;
    const room = whole ? canvas.clientHeight : tall;
    const fitting = Math.min(1, canvas.clientWidth / span("left", "right"), room / span("top", "bottom"));
    const scale = all ? fitting : Math.max(fitting, LEGIBLE);
    const larger = scale > fitting; // than its frame
    const said = KEYS_SAID + (larger ? LARGER : scale < 0.5 ? SMALL : "");
    if (keys.textContent !== said) keys.textContent = said;
    // A wide graph is drawn smaller, and then needs less height than it would at its own size.
    const needed = span("top", "bottom") * scale;
    setHeight(whole ? tall : Math.min(tall, Math.max(200, needed)));
    // Where not all of it is in the frame, the target is, and the frame is full.
    const target = nodes.get({ filter: (node) => node.role === "target" })[0];
    const place = target && network.getPositions([target.id])[target.id];
    const middle = (from, to, seen, at) => {
      const [low, high] = [least(from) - 8 + seen / scale / 2, most(to) + 8 - seen / scale / 2];
      return low < high ? Math.min(Math.max(at ?? low, low), high) : (low + high) / 2;
    };
    const position = {
      x: middle("left", "right", canvas.clientWidth, place?.x),
      y: middle("top", "bottom", canvas.clientHeight, place?.y),
    };
    network.moveTo({ position, scale });
  };
  const rearm = () => (arming ? network.addEdgeMode() : network.disableEditMode());
  const arm = (wanted) => {
    arming = wanted;
    buttons.draw.setAttribute("aria-pressed", String(arming));
    canvas.classList.toggle("wb-drawing", arming);
    hint(arming ? DRAWING : "");
    network.unselectAll();
    rearm();
  };

  const chosenEdges = () => network.getSelectedEdges().map((id) => edges.get(id)).filter((edge) => edge?.cause !== undefined);
  const chosenNodes = () => network.getSelectedNodes().map((id) => nodes.get(id)?.name).filter((name) => name !== undefined);
  const actions = {
    draw: () => arm(!arming),
    remove: () => {
      const [lines, boxes] = [chosenEdges(), chosenNodes()];
      for (const { cause, effect } of lines) send("remove-edge", { source: cause, target: effect });
      if (!lines.length) for (const node of boxes) send("remove-node", { node });
      if (!lines.length && !boxes.length) hint("Click an arrow or a hidden cause first.", 4000);
    },
    reverse: () => {
      const lines = chosenEdges();
      for (const { cause, effect } of lines) send("reverse-edge", { source: cause, target: effect });
      if (!lines.length) hint("Click an arrow first.", 4000);
    },
    hidden: () => {
      const boxes = chosenNodes();
      const ends = chosenEdges().flatMap(({ cause, effect }) => [cause, effect]);
      send("add-latent", { effects: [...new Set(boxes.length ? boxes : ends)] });
    },
    undo: () => drawing.undo && send("undo"),
    redo: () => drawing.redo && send("redo"),
    tidy: () => {
      moved = false;
      send("tidy");
    },
    fit: () => {
      all = true;
      fit();
    },
    large: () => (document.fullscreenElement ? document.exitFullscreen() : Promise.resolve(root.requestFullscreen?.() ?? Promise.reject()).catch(() => hint("The browser gives no whole screen here.", 4000))),
  };
  const buttons = {};
  for (const [tool, text, about] of TOOLS) {
    if (!tool) {
      bar.append(make("span", "wb-gap"));
      continue;
    }
    const button = (buttons[tool] = make("button", "wb-tool", text));
    button.type = "button";
    button.dataset.tool = tool;
    button.title = about;
    button.setAttribute("data-lm-suppress-shortcuts", "true");
    button.addEventListener("click", () => actions[tool]());
    bar.append(button);
  }
  buttons.draw.setAttribute("aria-pressed", "false");

  // The whole editor hears Ctrl+Z; only the canvas hears single letters.
  const press = (event) => {
    const scope = el.closest(".wb-graph-editor") ?? root;
    if (!(event.target instanceof Element) || !scope.contains(event.target)) return;
    if (event.target.matches("textarea, select, input:not([type=checkbox]):not([type=radio])")) return;
    const key = event.key.toLowerCase();
    const command = event.ctrlKey || event.metaKey;
    let action;
    if (command && key === "z") action = event.shiftKey ? "redo" : "undo";
    else if (command && key === "y") action = "redo";
    else if (!command && !event.altKey && root.contains(event.target)) {
      if (key === "escape" && arming) action = "draw";
      else if (canvas.contains(event.target)) action = KEYS[key];
    }
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    actions[action]();
  };
  document.addEventListener("keydown", press, true);

  // The wheel belongs to the page, unless Ctrl is held.
  const wheel = (event) => {
    if (event.ctrlKey || event.metaKey) moved = true;
    else event.stopImmediatePropagation();
  };
  canvas.addEventListener("wheel", wheel, { capture: true });

  const down = () => (held = true);
  const up = () => {
    if (held)
      setTimeout(() => {
        held = false; // after vis-network has heard of it
        if (waiting) apply();
        else if (arming && !gone) rearm();
      });
  };
  canvas.addEventListener("pointerdown", down, true);
  for (const end of ["pointerup", "pointercancel"]) window.addEventListener(end, up, true);
  const missed = (event) => event.buttons === 0 && up(); // let go outside of the window
  window.addEventListener("pointermove", missed, true);

  network.on("dragEnd", ({ nodes: dragged }) => {
    if (arming) return;
    if (!dragged.length) moved = true;
    const places = network.getPositions(dragged);
    network.unselectAll(); // moving is not choosing
    if (dragged.length) send("moved", { places: dragged.map((id) => [nodes.get(id).name, places[id].x, places[id].y]) });
  });
  network.on("select", () => {
    const [line, more] = chosenEdges();
    if (line && !more) send("select", { source: line.cause, target: line.effect });
  });
  network.on("resize", () => {
    setTimeout(themed); // the first size comes when the canvas is on the page and has its colours
    if (!moved) setTimeout(fit);
  });
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", themed);
  network.on("afterDrawing", (context) => {
    // The inner line of a double frame: a target is told by more than its colour.
    for (const node of nodes.get({ filter: (item) => item.double })) {
      const shape = network.body.nodes[node.id]?.shape;
      if (!shape?.width) continue;
      context.save();
      context.strokeStyle = node.color.border;
      context.lineWidth = 1;
      context.beginPath();
      context.roundRect(shape.left + 3.5, shape.top + 3.5, shape.width - 7, shape.height - 7, 3);
      context.stroke();
      context.restore();
    }
  });

  model.on("change:drawing", apply);
  apply();
  return () => {
    gone = true;
    model.off("change:drawing", apply);
    scheme.removeEventListener("change", themed);
    document.removeEventListener("keydown", press, true);
    for (const end of ["pointerup", "pointercancel"]) window.removeEventListener(end, up, true);
    window.removeEventListener("pointermove", missed, true);
    clearTimeout(alarm);
    clearTimeout(clearing);
    network.destroy();
  };
}

export default { render };
