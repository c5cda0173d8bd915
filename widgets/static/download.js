// A button that asks Python for a file and hands it to the browser. Nothing is sent before it is asked for.
export default {
  render({ model, el }) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "wb-button wb-quiet";
    button.textContent = model.get("label");
    el.append(button);
    let asked = false;
    const ask = () => {
      asked = true;
      button.disabled = true;
      model.send({ kind: "ask" });
    };
    const receive = (message, buffers) => {
      if (!asked) return; // another view of the same button asked
      asked = false;
      button.disabled = false;
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
