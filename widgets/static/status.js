// A line that screen readers announce: the element stays, only its text changes.
export default {
  render({ model, el }) {
    const line = document.createElement("div");
    line.setAttribute("role", "status");
    line.setAttribute("aria-live", "polite");
    line.className = "wb-status";
    el.append(line);
    const draw = () => {
      line.textContent = model.get("text");
      line.dataset.kind = model.get("kind");
    };
    model.on("change", draw);
    draw();
    return () => model.off("change", draw);
  },
};
