// A row of links to parts of this page. The links stay the same elements while what they say changes: the focus is not lost.
const partOf = (el, key) => (el.closest(".wb-page") ?? document).querySelector(`.wb-at-${CSS.escape(key)}`);
const owned = () => document.querySelector("[data-voila]") !== null; // elsewhere the address belongs to the notebook
export default {
  render({ model, el }) {
    const nav = document.createElement("nav");
    nav.className = "wb-links";
    const list = document.createElement("ol");
    nav.append(list);
    el.append(nav);
    const follow = (key, scroll) => {
      model.send({ kind: "follow", key });
      if (scroll) requestAnimationFrame(() => partOf(el, key)?.scrollIntoView({ block: "start" }));
    };
    const made = new Map();
    const link = (key) => {
      const [row, anchor, mark, title, note] = ["li", "a", "span", "span", "span"].map((kind) => document.createElement(kind));
      anchor.href = `#${key}`;
      mark.className = "wb-mark";
      mark.setAttribute("aria-hidden", "true");
      note.className = "wb-unseen";
      anchor.append(mark, title, note);
      anchor.addEventListener("click", (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        if (owned()) history.replaceState(null, "", `#${key}`);
        follow(key, true);
      });
      row.append(anchor);
      return { row, anchor, title, note };
    };
    const draw = () => {
      nav.setAttribute("aria-label", model.get("label"));
      const items = model.get("items") ?? [];
      const keys = items.map(({ key }) => key);
      for (const [key, { row }] of made) if (!keys.includes(key)) { row.remove(); made.delete(key); }
      items.forEach(({ key, title, state, note }, at) => {
        if (!made.has(key)) made.set(key, link(key));
        const it = made.get(key);
        if (list.children[at] !== it.row) list.insertBefore(it.row, list.children[at] ?? null);
        if (it.title.textContent !== title) it.title.textContent = title;
        it.note.textContent = note ? ` (${note})` : "";
        it.anchor.title = note;
        it.anchor.dataset.state = state;
        if (key === model.get("chosen")) it.anchor.setAttribute("aria-current", "true");
        else it.anchor.removeAttribute("aria-current");
      });
      const asked = owned() && !nav.dataset.asked ? location.hash.slice(1) : "";
      if (asked && keys.includes(asked)) {
        nav.dataset.asked = "yes";
        follow(asked, true);
      }
    };
    model.on("change", draw);
    draw();
    return () => model.off("change", draw);
  },
};
