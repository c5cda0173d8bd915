// Columns to tick: one group with a legend, a search where there are many, and all or none at once.
const MANY = 12;
export default {
  render({ model, el }) {
    const id = `wb-columns-${Math.random().toString(36).slice(2)}`;
    const group = document.createElement("fieldset");
    group.className = "wb-checklist";
    const legend = document.createElement("legend");
    legend.className = "wb-label";
    const tools = document.createElement("div");
    tools.className = "wb-checklist-tools";
    const search = document.createElement("input");
    search.type = "search";
    search.className = "wb-checklist-search";
    const button = (text, tick) => {
      const made = document.createElement("button");
      made.type = "button";
      made.className = "wb-button wb-quiet";
      made.textContent = text;
      made.addEventListener("click", () => {
        for (const box of list.querySelectorAll("label:not([hidden]) input")) box.checked = tick;
        save();
      });
      return made;
    };
    const list = document.createElement("div");
    list.className = "wb-checklist-boxes";
    const tally = document.createElement("span");
    tally.className = "wb-muted";
    tally.setAttribute("role", "status");
    tools.append(search, button("All", true), button("None", false), tally);
    group.append(legend, tools, list);
    el.append(group);
    const boxes = () => [...list.querySelectorAll("input")];
    const say = () => {
      tally.textContent = `${boxes().filter((box) => box.checked).length} of ${boxes().length} ticked`;
    };
    const save = () => {
      const offered = model.get("offered");
      model.set("ticked", boxes().flatMap((box, place) => (box.checked ? [offered[place]] : [])));
      model.save_changes();
      say();
    };
    const tick = () => {
      const ticked = new Set(model.get("ticked"));
      const offered = model.get("offered");
      boxes().forEach((box, place) => (box.checked = ticked.has(offered[place])));
      say();
    };
    const filter = () => {
      const wanted = search.value.trim().toLowerCase();
      for (const label of list.children) label.hidden = !label.textContent.toLowerCase().includes(wanted);
    };
    const draw = () => {
      legend.textContent = model.get("label");
      search.placeholder = "Search";
      search.setAttribute("aria-label", `Search in: ${model.get("label")}`);
      search.value = "";
      search.hidden = model.get("offered").length <= MANY;
      list.replaceChildren(
        ...model.get("offered").map((name, place) => {
          const label = document.createElement("label");
          const box = document.createElement("input");
          box.type = "checkbox";
          box.id = `${id}-${place}`;
          box.addEventListener("change", save);
          const text = document.createElement("span");
          text.textContent = name;
          label.append(box, text);
          return label;
        })
      );
      tick();
    };
    search.addEventListener("input", filter);
    const redraw = () => (boxes().length === model.get("offered").length ? tick() : draw());
    model.on("change:offered", draw);
    model.on("change:label", draw);
    model.on("change:ticked", redraw);
    draw();
    return () => {
      model.off("change:offered", draw);
      model.off("change:label", draw);
      model.off("change:ticked", redraw);
    };
  },
};
