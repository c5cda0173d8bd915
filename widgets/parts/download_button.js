// A button that asks Python for a file and hands it to the browser. Nothing is sent before it is asked for.
export default {
  render({ model, el }) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "wb-button wb-quiet";
    button.textContent = model.get("label");
    el.append(button);
    let asked = false;
    const settle = (busy) => {
      asked = busy;
      button.setAttribute("aria-busy", String(busy)); // disabled would take the focus away from a keyboard
    };
    const ask = () => {
      if (asked) return;
      settle(true);
      model.send({ kind: "ask" });
    };
    const receive = (message, buffers) => {
      if (!asked) return; // another view of the same button asked
      settle(false);
      if (message.kind !== "file") return;
      const address = URL.createObjectURL(new Blob([buffers[0]], { type: message.type }));
      const link = document.createElement("a");
      link.href = address;
      link.download = message.name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(address), 10000);
    };
    button.addEventListener("click", ask);
    model.on("msg:custom", receive);
    return () => model.off("msg:custom", receive);
  },
};
