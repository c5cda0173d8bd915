// A button that prints the page. In a notebook the browser would print the whole of JupyterLab, so there is none.
export default {
  render({ model, el }) {
    if (!("voila" in document.body.dataset)) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "wb-button";
    button.textContent = model.get("label");
    button.addEventListener("click", () => window.print());
    el.append(button);
  },
};
