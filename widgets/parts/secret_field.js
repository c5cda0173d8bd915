// A password field whose content goes to Python once and is in no trait: a saved page does not hold it.
export default {
  render({ model, el }) {
    el.classList.add("wb-own-field");
    const id = `wb-secret-${Math.random().toString(36).slice(2)}`;
    const label = document.createElement("label");
    label.htmlFor = id;
    label.className = "wb-label";
    label.textContent = model.get("label");
    const input = document.createElement("input");
    input.type = "password";
    input.id = id;
    input.autocomplete = "off";
    input.spellcheck = false;
    input.className = "wb-secret";
    const note = document.createElement("p");
    note.className = "wb-muted";
    note.id = `${id}-note`;
    input.setAttribute("aria-describedby", note.id);
    const draw = () => {
      note.textContent = model.get("note");
    };
    // On every keystroke, so that a press of Enter or of a button finds all of it.
    input.addEventListener("input", () => model.send({ kind: "secret", value: input.value }));
    const receive = (message) => {
      if (message.kind === "forget") input.value = "";
    };
    model.on("change:note", draw);
    model.on("msg:custom", receive);
    el.append(label, input, note);
    draw();
    return () => {
      model.off("change:note", draw);
      model.off("msg:custom", receive);
    };
  },
};
