// Chooses one file and sends it in parts. Too large a file is refused here, before it is read.
let count = 0;
export default {
  render({ model, el }) {
    const id = `wb-file-${Date.now()}-${count++}`;
    const label = document.createElement("label");
    label.htmlFor = id;
    label.className = "wb-label";
    label.textContent = model.get("label");
    const input = document.createElement("input");
    input.type = "file";
    input.id = id;
    input.accept = model.get("accept");
    input.className = "wb-file";
    el.append(label, input);
    const send = async () => {
      const file = input.files[0];
      if (!file) return;
      const limit = model.get("limit");
      const part = model.get("part");
      if (file.size > limit) {
        model.send({ kind: "too-large", name: file.name, size: file.size });
        input.value = "";
        return;
      }
      const parts = Math.max(1, Math.ceil(file.size / part));
      for (let i = 0; i < parts; i++) {
        const bytes = await file.slice(i * part, (i + 1) * part).arrayBuffer();
        model.send({ kind: "part", name: file.name, size: file.size, index: i, parts }, undefined, [bytes]);
      }
      input.value = ""; // the same file may be chosen again
    };
    input.addEventListener("change", send);
  },
};
