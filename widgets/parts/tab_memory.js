// The tab's own memory: sessionStorage is of this tab and this address, and gone when the tab is closed.
const NAME = "cafe-workbench-session";
const owned = () => document.querySelector("[data-voila]") !== null; // a notebook keeps its kernel over a reload
export default {
  render({ model }) {
    const ask = (event) => {
      if (owned() && model.get("unsaved")) event.preventDefault();
    };
    const receive = ({ kind, text }) => {
      if (kind !== "keep" || !owned()) return;
      try {
        if (text) sessionStorage.setItem(NAME, text);
        else sessionStorage.removeItem(NAME);
      } catch {
        try { sessionStorage.removeItem(NAME); } catch { /* a browser that keeps nothing */ }
      }
    };
    window.addEventListener("beforeunload", ask);
    model.on("msg:custom", receive);
    let text = null;
    try { text = owned() ? sessionStorage.getItem(NAME) : null; } catch { /* a browser that keeps nothing */ }
    if (text) model.send({ kind: "found", text });
    return () => {
      window.removeEventListener("beforeunload", ask);
      model.off("msg:custom", receive);
    };
  },
};
