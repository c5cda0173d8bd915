// Chooses one file, or several, and sends them in parts. Too large ones are refused here, before they are read.
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
    input.multiple = model.get("several");
    input.className = "wb-file";
    const line = document.createElement("p");
    line.className = "wb-muted wb-file-line";
    line.setAttribute("role", "status");
    el.append(label, input, line);
    let latest = 0;
    const send = async () => {
      const files = [...input.files];
      if (!files.length) return;
      const mine = ++latest; // files chosen later end the sending of these
      const limit = model.get("limit");
      const part = model.get("part");
      const total = files.reduce((sum, file) => sum + file.size, 0);
      const named = files.length > 1 ? `${files.length} files` : files[0].name;
      if (total > limit) {
        line.textContent = "";
        model.send({ kind: "too-large", name: named, size: total });
        input.value = "";
        return;
      }
      let name = files[0].name;
      try {
        for (const [place, file] of files.entries()) {
          name = file.name;
          const parts = Math.max(1, Math.ceil(file.size / part));
          for (let i = 0; i < parts; i++) {
            const bytes = await file.slice(i * part, (i + 1) * part).arrayBuffer();
            if (mine !== latest) return;
            line.textContent = parts > 1 ? `Sending ${name}: ${Math.round((100 * i) / parts)} %` : "";
            const where = { index: i, parts, file: place, files: files.length };
            model.send({ kind: "part", name, size: file.size, ...where }, undefined, [bytes]);
          }
        }
        line.textContent = `Sent: ${named} (${size(total)})`;
      } catch {
        if (mine !== latest) return;
        line.textContent = "";
        model.send({ kind: "unreadable", name });
      }
      input.value = ""; // the same file may be chosen again
    };
    input.addEventListener("change", send);
    return () => {
      latest++;
    };
  },
};
