// The share of the heat in a box; `measure` is called by page.js with each figure that page_heat.py draws.
const decoded = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));

// A box is drawn with a finger, pen or mouse, or moved by arrow keys (with Shift: sized); its share of the heat is told.
function measure(figure) {
  const [layers, region, button, share] = [".layers", ".region", ".measure", ".share"].map((s) => figure.querySelector(s));
  const [height, width] = [Number(layers.dataset.rows), Number(layers.dataset.columns)];
  const cells = new Uint16Array(decoded(layers.dataset.cells).buffer);
  const total = cells.reduce((sum, cell) => sum + cell, 0);
  let box = null, start = null;

  const bounded = (value, limit) => Math.min(Math.max(value, 0), limit);
  function cell(event) {
    const frame = layers.getBoundingClientRect();
    const across = ((event.clientX - frame.left) / frame.width) * width;
    const down = ((event.clientY - frame.top) / frame.height) * height;
    return [bounded(Math.round(across), width), bounded(Math.round(down), height)];
  }
  function put(left, top, right, bottom) {
    box = [Math.min(left, right), Math.min(top, bottom), Math.max(left, right), Math.max(top, bottom)];
    const [x, y, end, below] = box;
    const at = { left: x / width, top: y / height, width: (end - x) / width, height: (below - y) / height };
    for (const [side, part] of Object.entries(at)) region.style[side] = `${100 * part}%`;
    region.hidden = false;
    let inside = 0;
    for (let row = y; row < below; row++) for (let column = x; column < end; column++) inside += cells[row * width + column];
    const area = ((end - x) * (below - y)) / (width * height);
    const shares = `which is ${(100 * area).toFixed(1)} % of the picture.`;
    share.textContent = total
      ? `${((100 * inside) / total).toFixed(1)} % of the heat lies in the box, ${shares}`
      : `There is no heat; the box is ${(100 * area).toFixed(1)} % of the picture.`;
    share.dataset.box = box.join(" ");
  }
  button.addEventListener("click", () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", on);
    layers.classList.toggle("measuring", on);
    region.hidden = true;
    share.textContent = on ? "Draw a box on the picture; arrow keys move it, with Shift they change its size." : "";
    layers.tabIndex = on ? 0 : -1;
    box = null;
    if (on) layers.focus({ preventScroll: true });
  });
  layers.addEventListener("pointerdown", (event) => {
    if (!layers.classList.contains("measuring")) return;
    event.preventDefault();
    layers.setPointerCapture(event.pointerId);
    layers.focus({ preventScroll: true });
    start = cell(event);
  });
  layers.addEventListener("pointermove", (event) => start && put(...start, ...cell(event)));
  for (const end of ["pointerup", "pointercancel"]) layers.addEventListener(end, () => (start = null));
  layers.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!way || !layers.classList.contains("measuring")) return;
    event.preventDefault();
    const quarter = (side, part) => Math.round((side * part) / 4);
    const [x, y, end, below] = box ?? [quarter(width, 1), quarter(height, 1), quarter(width, 3), quarter(height, 3)];
    const [across, down] = box ? way : [0, 0];
    if (event.shiftKey) {
      put(x, y, bounded(Math.max(end + across, x + 1), width), bounded(Math.max(below + down, y + 1), height));
    } else {
      const [left, top] = [bounded(x + across, width - (end - x)), bounded(y + down, height - (below - y))];
      put(left, top, left + end - x, top + below - y);
    }
  });
}
