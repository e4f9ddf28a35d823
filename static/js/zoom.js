/* Dragging over a chart inside [data-zoom] looks closer: the span goes into the address as from and to. The links
   beside the window do the same from the keyboard and without script. */
(() => {
  "use strict";
  const CHARTS = "svg.wide, svg.strip";
  let drag = null;

  const chartAt = (target) => {
    const chart = target.closest?.("[data-zoom]") && target.closest("td, .pad, .heat-map")?.querySelector(CHARTS);
    const own = target.closest?.("svg.wide, svg.strip");
    return own?.parentElement?.closest("svg.wide") ?? own ?? chart ?? null;
  };
  const share = (x) => Math.min(1, Math.max(0, (x - drag.box.left) / drag.box.width));
  const draw = (x) => {
    const [a, b] = [drag.start, share(x)].sort((one, other) => one - other);
    drag.to = share(x);
    Object.assign(drag.mark.style, {
      left: `${drag.box.left + a * drag.box.width + scrollX}px`,
      top: `${drag.box.top + scrollY}px`,
      width: `${(b - a) * drag.box.width}px`,
      height: `${drag.box.height}px`,
    });
  };
  const stop = () => {
    drag?.mark.remove();
    drag = null;
  };
  document.addEventListener("pointerdown", (event) => {
    // A finger scrolls.
    if (event.button !== 0 || event.pointerType === "touch") return;
    const chart = chartAt(event.target), area = chart?.closest("[data-zoom]");
    if (!area) return;
    const box = chart.getBoundingClientRect();
    if (event.clientX < box.left || event.clientX > box.right) return;
    drag = { area, box, x: event.clientX, mark: document.createElement("div") };
    drag.start = drag.to = share(event.clientX);
    drag.mark.className = "zoom-mark";
    event.preventDefault();
  });
  document.addEventListener("pointermove", (event) => {
    if (!drag) return;
    if (!drag.mark.isConnected && Math.abs(event.clientX - drag.x) > 5) document.body.append(drag.mark);
    draw(event.clientX);
  });
  document.addEventListener("pointerup", (event) => {
    if (!drag) return;
    draw(event.clientX);
    const { area, mark, start, to } = drag, drawn = mark.isConnected;
    stop();
    if (!drawn) return;
    const [first, last] = [+area.dataset.from, +area.dataset.to];
    const [from, until] = [start, to].sort((one, other) => one - other).map((part) => Math.round(first + part * (last - first)));
    if (until - from < 2) return;
    const address = new URL(location.href);
    address.searchParams.delete("window");
    for (const [name, at] of [["from", from], ["to", until]])
      address.searchParams.set(name, new Date(at * 1000).toISOString().replace(".000", ""));
    location.assign(address);
  });
  addEventListener("keydown", (event) => { if (event.key === "Escape") stop(); });
  addEventListener("blur", stop);
})();
