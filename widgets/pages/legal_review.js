// A button that prints the page. In a notebook the browser would print the whole of JupyterLab, so there is none.
export default {
  render({ model, el }) {
    if (!("voila" in document.body.dataset)) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "wb-button";
    button.textContent = model.get("label");
    button.addEventListener("click", () => {
      const page = el.closest(".wb-page") ?? document.body;
      page.classList.toggle("wb-print-short", model.get("short"));
      window.addEventListener("afterprint", () => page.classList.remove("wb-print-short"), { once: true });
      window.print();
    });
    el.append(button);
  },
};
