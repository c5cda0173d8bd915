// A table of rows to choose from. It draws what Python sends as text and sends back intents; it holds no data of its own.
const make = (tag, name = "", text = "") => {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text) node.textContent = text;
  if (tag === "button") node.type = "button";
  // JupyterLab reads single keys as commands unless told otherwise.
  if (tag === "button" || tag === "input") node.dataset.lmSuppressShortcuts = "true";
  return node;
};
const field = (words, type) => {
  const id = `wb-rows-${Math.random().toString(36).slice(2)}`;
  const box = make("div", "wb-rows-field");
  const label = make("label", "wb-label", words);
  const input = make("input");
  label.htmlFor = id;
  input.id = id;
  input.type = type;
  input.autocomplete = "off";
  input.spellcheck = false;
  box.append(label, input);
  return { box, input };
};
const number = (value) => value.toLocaleString("en-US");

export default {
  render({ model, el }) {
    const send = (kind, more = {}) => model.send({ kind, edition: model.get("view").edition, ...more });

    const root = make("div", "wb-rows");
    const search = field("Search the rows", "search");
    search.input.placeholder = "text in any column, or a condition";
    const status = make("p", "wb-rows-status");
    status.setAttribute("role", "status");
    const note = make("p", "wb-rows-note");
    note.setAttribute("role", "status");

    const scroll = make("div", "wb-scroll");
    scroll.tabIndex = 0;
    scroll.setAttribute("role", "region");
    scroll.setAttribute("aria-label", "Rows to choose from");
    const table = make("table", "wb-table");
    const head = make("thead");
    const body = make("tbody");
    table.append(head, body);
    scroll.append(table);

    const pager = make("div", "wb-rows-pager");
    const turn = (text, words, first) => {
      const button = make("button", "wb-button wb-quiet", text);
      button.setAttribute("aria-label", words);
      button.addEventListener("click", () => {
        if (button.getAttribute("aria-disabled") !== "true") send("page", { first: first(model.get("view")) });
      });
      return button;
    };
    const where = make("span", "wb-rows-where");
    const back = [turn("«", "First rows", () => 0), turn("‹ Previous", "Previous rows", (v) => v.first - v.size)];
    const on = [turn("Next ›", "Next rows", (v) => v.first + v.size), turn("»", "Last rows", (v) => v.found - 1)];
    pager.append(...back, where, ...on);

    const named = field("Rows by label", "text");
    const add = make("button", "wb-button wb-quiet", "Add these rows");
    const line = make("div", "wb-rows-line");
    line.append(named.box, add);
    const tray = make("div", "wb-rows-chosen");
    root.append(search.box, note, scroll, pager, line, status, tray);
    el.append(root);

    let timer = 0;
    search.input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => send("search", { text: search.input.value.slice(0, 3000) }), 250);
    });
    const addNamed = () => {
      send("labels", { text: named.input.value });
      asked = true;
    };
    let asked = false;
    add.addEventListener("click", addNamed);
    named.input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") addNamed();
    });

    const everyRow = make("input");
    everyRow.type = "checkbox";
    everyRow.setAttribute("aria-label", "Choose the rows shown");
    everyRow.addEventListener("change", () =>
      send("choose", { rows: model.get("view").rows.map((row) => row.at), on: everyRow.checked }),
    );

    let edition = null;
    let sorters = [];
    const drawHead = (view) => {
      const row = make("tr");
      const corner = make("th", "wb-rows-tick");
      corner.append(everyRow);
      row.append(corner);
      sorters = ["row", ...view.columns].map((name, place) => {
        const cell = make("th", place && view.numeric[place - 1] ? "wb-rows-number" : "");
        cell.scope = "col";
        const button = make("button", "wb-rows-sort", name);
        button.addEventListener("click", () => send("sort", { column: place - 1 }));
        cell.append(button);
        row.append(cell);
        return cell;
      });
      head.replaceChildren(row);
    };
    const drawRow = (row) => {
      const line = make("tr");
      const tick = make("td", "wb-rows-tick");
      const box = make("input");
      box.type = "checkbox";
      box.checked = row.chosen;
      box.dataset.at = row.at;
      box.setAttribute("aria-label", `Choose row ${row.label}`);
      box.addEventListener("change", () => send("choose", { rows: [row.at], on: box.checked }));
      tick.append(box);
      const name = make("th", "", row.label);
      name.scope = "row";
      const numeric = model.get("view").numeric;
      line.append(tick, name, ...row.cells.map((text, place) => make("td", numeric[place] ? "wb-rows-number" : "", text)));
      line.classList.toggle("wb-rows-on", row.chosen);
      return line;
    };
    const drawChosen = (view) => {
      const had = tray.contains(document.activeElement) ? [...tray.querySelectorAll("button")].indexOf(document.activeElement) : -1;
      tray.replaceChildren();
      if (!view.count) return;
      tray.append(make("span", "wb-label", view.count === 1 ? "1 chosen row" : `${number(view.count)} chosen rows`));
      const list = make("ul");
      for (const row of view.chosen) {
        const item = make("li");
        const button = make("button", "wb-button wb-quiet", `${row.label} ×`);
        button.setAttribute("aria-label", `Remove row ${row.label}`);
        button.addEventListener("click", () => send("choose", { rows: [row.at], on: false }));
        item.append(button);
        list.append(item);
      }
      if (view.count > view.chosen.length) list.append(make("li", "", `and ${number(view.count - view.chosen.length)} more`));
      if (view.count > 1) {
        const item = make("li");
        const all = make("button", "wb-button wb-quiet", "Remove all");
        all.addEventListener("click", () => send("clear"));
        item.append(all);
        list.append(item);
      }
      tray.append(list);
      if (had >= 0) {
        const buttons = tray.querySelectorAll("button");
        buttons[Math.min(had, buttons.length - 1)].focus();
      }
    };

    const draw = () => {
      const view = model.get("view");
      if (!view || !Array.isArray(view.rows) || !Array.isArray(view.numeric)) return;
      if (view.edition !== edition) {
        edition = view.edition;
        search.input.value = view.text;
        named.input.value = "";
        named.input.placeholder = view.example;
        drawHead(view);
      }
      sorters.forEach((cell, place) => {
        const sorted = place - 1 === view.sorted;
        if (sorted) cell.setAttribute("aria-sort", view.descending ? "descending" : "ascending");
        else cell.removeAttribute("aria-sort");
      });
      const focused = body.contains(document.activeElement) ? document.activeElement.dataset.at : null;
      body.replaceChildren(...view.rows.map(drawRow));
      if (focused !== null) {
        (body.querySelector(`input[data-at="${CSS.escape(focused)}"]`) ?? scroll).focus();
      }
      everyRow.checked = view.rows.length > 0 && view.rows.every((row) => row.chosen);
      everyRow.indeterminate = !everyRow.checked && view.rows.some((row) => row.chosen);
      const last = Math.min(view.first + view.size, view.found);
      const of = view.found === view.total ? number(view.found) : `${number(view.found)} found (${number(view.total)} in all)`;
      where.textContent = view.found ? `${number(view.first + 1)} to ${number(last)} of ${of}` : "no rows";
      for (const button of back) button.setAttribute("aria-disabled", String(view.first === 0));
      for (const button of on) button.setAttribute("aria-disabled", String(last >= view.found));
      pager.hidden = view.found <= view.size && view.found === view.total;
      const says = view.note || (view.found ? "" : view.says);
      (asked ? line : search.box).after(note); // beneath what it is about
      if (note.textContent !== says) note.textContent = says;
      note.hidden = !says;
      const spoken = `${where.textContent}${view.found && view.says ? `. ${view.says}` : ""}`;
      if (status.textContent !== spoken) status.textContent = spoken;
      if (asked && !view.note) named.input.value = "";
      asked = false;
      drawChosen(view);
    };
    model.on("change:view", draw);
    draw();
    return () => {
      clearTimeout(timer);
      model.off("change:view", draw);
    };
  },
};
