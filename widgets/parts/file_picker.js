// Chooses one file and sends it in parts. Too large a file is refused here, before it is read.
const size = (bytes) => (bytes < 100000 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);
export default {
  render({ model, el }) {
    el.classList.add("wb-own-field");
    const id = `wb-file-${Math.random().toString(36).slice(2)}`;
    const label = document.createElement("label");
    label.htmlFor = id;
    label.className = "wb-label";
    label.textContent = model.get("label");
    const input = document.createElement("input");
    input.type = "file";
    input.id = id;
    input.accept = model.get("accept");
    input.className = "wb-file";
    const line = document.createElement("p");
    line.className = "wb-muted wb-file-line";
    line.setAttribute("role", "status");
    el.append(label, input, line);
    let latest = 0;
    const send = async () => {
      const file = input.files[0];
      if (!file) return;
      const mine = ++latest; // a file chosen later ends the sending of this one
      const limit = model.get("limit");
      const part = model.get("part");
      if (file.size > limit) {
        line.textContent = "";
        model.send({ kind: "too-large", name: file.name, size: file.size });
        input.value = "";
        return;
      }
      const parts = Math.max(1, Math.ceil(file.size / part));
      try {
        for (let i = 0; i < parts; i++) {
          const bytes = await file.slice(i * part, (i + 1) * part).arrayBuffer();
          if (mine !== latest) return;
          line.textContent = parts > 1 ? `Sending ${file.name}: ${Math.round((100 * i) / parts)} %` : "";
          model.send({ kind: "part", name: file.name, size: file.size, index: i, parts }, undefined, [bytes]);
        }
        line.textContent = `Sent: ${file.name} (${size(file.size)})`;
      } catch {
        if (mine !== latest) return;
        line.textContent = "";
        model.send({ kind: "unreadable", name: file.name });
      }
      input.value = ""; // the same file may be chosen again
    };
    input.addEventListener("change", send);
    return () => {
      latest++;
    };
  },
};
