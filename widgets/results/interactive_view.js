// Draws one figure with plotly, and again when the figure or the room for it changes.
export default {
  render({ model, el }) {
    const place = document.createElement("div");
    place.className = "wb-plotly";
    place.setAttribute("role", "img");
    el.append(place);
    const draw = () => {
      const figure = model.get("figure");
      place.setAttribute("aria-label", model.get("words"));
      if (!figure.data) return Plotly.purge(place);
      Plotly.react(place, figure.data, figure.layout, { displaylogo: false, responsive: true });
    };
    model.on("change:figure", draw);
    const first = requestAnimationFrame(draw);
    return () => {
      cancelAnimationFrame(first); // a view that is gone must not be drawn: plotly would wait for its size
      model.off("change:figure", draw);
      Plotly.purge(place);
    };
  },
};
