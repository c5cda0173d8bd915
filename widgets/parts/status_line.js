// A line that screen readers announce: the element stays, only its text changes.
// In a notebook, keys typed on a control of ours would also command the notebook's cells (`d d` deletes one). JupyterLab looks for
// this attribute on the very element that has the focus.
const keep = ({ target }) => {
  if (target.closest?.('[class*="wb-"]')) target.setAttribute("data-lm-suppress-shortcuts", "true");
};
export default {
  initialize() {
    document.addEventListener("focusin", keep);
  },
  render({ model, el }) {
    const line = document.createElement("div");
    line.setAttribute("role", "status");
    line.setAttribute("aria-live", "polite");
    line.className = "wb-status";
    // Beside the line, so that a screen reader is not told the time every second.
    const clock = document.createElement("div");
    clock.className = "wb-clock";
    el.append(line, clock);
    const draw = () => {
      line.textContent = model.get("text");
      line.dataset.kind = model.get("kind");
      clock.textContent = model.get("clock");
    };
    model.on("change", draw);
    draw();
    return () => model.off("change", draw);
  },
};
