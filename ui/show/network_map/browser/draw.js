// Drawings: a block as boxes, lines and sums. The files of this folder are joined in the order given in mount.py.

/** Width of a box: one step of 14 px for each doubling, so that 64 and 2048 channels fit on one drawing. */
const breadth = (channels) => Math.min(124, Math.max(18, 40 + 14 * (Math.log2(Math.max(channels, 1)) - 6)));

const HEIGHTS = { norm: 12, function: 12, token: 18 };

/** The outline of a box around the middle `x`: a wedge where it reads another number of channels than it writes. */
function outline(box, x, y, height, scale = 1) {
  const below = (breadth(box.width) * scale) / 2;
  const above = box.enters ? (breadth(box.enters) * scale) / 2 : below;
  return `M${x - above} ${y}H${x + above}L${x + below} ${y + height}H${x - below}Z`;
}

/** A small block: its boxes without words, and the ways beside them. Fits a row of `height` pixels. */
function glyph(item, width, height) {
  const svg = shape("svg", { class: "glyph", viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true" });
  const x = width / 2 + 8;
  if (item.count) {
    for (const shift of [6, 3, 0]) {
      svg.append(shape("rect", { class: "box", x: x - 24 + shift, y: height / 2 - 12 + shift, width: 48, height: 18, rx: 3 }));
    }
    svg.append(shape("text", { class: "times", x, y: height / 2 - 3, "text-anchor": "middle", "dominant-baseline": "central" }, `×${item.count}`));
    return svg;
  }
  if (!item.boxes.length && !item.loops.length) svg.append(shape("circle", { class: "port", cx: x, cy: height / 2, r: 4 }));
  const parts = item.loops.length ? item.loops : [{ boxes: item.boxes }];
  const room = (height - 6) / parts.length;
  parts.forEach((part, i) => {
    const top = 3 + i * room;
    const boxes = part.boxes.filter((box) => parts.length === 1 || box.kind !== "norm");
    const step = Math.min(9, (room - 8) / Math.max(boxes.length, 1));
    const tall = Math.max(3, step - 3);
    const first = top + (room - 8 - step * boxes.length) / 2 + (part.sum === undefined ? 4 : 1.5);
    if (part.sum !== undefined) {
      const sum = top + room - 5;
      const beside = x - 40;
      svg.append(
        shape("path", { class: part.shortcut.length ? "wire projected" : "wire", d: `M${x} ${top}H${beside}V${sum}H${x - 4}` }),
        shape("circle", { class: "sum", cx: x, cy: sum, r: 3.5 }),
        shape("path", { class: "plus", d: `M${x - 2} ${sum}h4M${x} ${sum - 2}v4` }),
      );
      if (part.shortcut.length) svg.append(shape("rect", { class: "box side", x: beside - 4, y: (top + sum) / 2 - 4, width: 8, height: 8 }));
    }
    boxes.forEach((box, j) => svg.append(shape("path", { class: `box ${box.kind}`, d: outline(box, x, first + j * step, tall, 0.5) })));
  });
  return svg;
}

const MIDDLE = 100;
const BESIDE = 16;
const WORDS = 174;
const WIDTH = 400;

/** A block with its words: entry at the top, output at the bottom. Gives an SVG that scales with its column. */
function drawing(item, words) {
  const layer = { wires: [], boxes: [], texts: [] };
  const write = (x, y, text, kind) => layer.texts.push(shape("text", { x, y, class: kind, "dominant-baseline": "central" }, text));
  const wire = (d, kind = "wire") => layer.wires.push(shape("path", { class: kind, d }));
  let y = 12;
  write(WORDS, y, item.entry, "measure");
  layer.boxes.push(shape("circle", { class: "port", cx: MIDDLE, cy: y, r: 3.5 }));
  const put = (box, x = MIDDLE, scale = 1) => {
    const height = HEIGHTS[box.kind] ?? 24;
    layer.boxes.push(shape("path", { class: `box ${box.kind}`, d: outline(box, x, y, height, scale) }));
    for (let head = 1; head < box.heads; head += 1) {
      const left = x - breadth(box.width) / 2 + (breadth(box.width) * head) / box.heads;
      layer.boxes.push(shape("path", { class: "slit", d: `M${left} ${y}v${height}` }));
    }
    write(WORDS, y + height / 2 - (box.detail ? 7 : 0), box.label, "label");
    if (box.detail) write(WORDS, y + height / 2 + 8, box.detail, "detail");
    y += height;
  };
  const chain = (boxes) => boxes.forEach((box) => {
    const gap = box.detail ? 18 : 14;
    y += gap;
    put(box);
  });
  const begin = y;
  chain(item.boxes);
  for (const loop of item.loops) {
    y += 12;
    const fork = y;
    const start = y;
    chain(loop.boxes);
    y += 22;
    const sum = y;
    wire(`M${MIDDLE} ${fork}H${BESIDE}V${sum}H${MIDDLE - 9}`, loop.shortcut.length ? "wire beside projected" : "wire beside");
    layer.boxes.push(shape("circle", { class: "port", cx: MIDDLE, cy: fork, r: 2.5 }));
    layer.boxes.push(
      shape("circle", { class: "sum", cx: MIDDLE, cy: sum, r: 9 }),
      shape("path", { class: "plus", d: `M${MIDDLE - 5} ${sum}h10M${MIDDLE} ${sum - 5}v10` }),
    );
    write(WORDS, sum - (loop.shortcut.length ? 7 : 0), loop.sum, "label");
    if (loop.shortcut.length) write(WORDS, sum + 8, loop.shortcut.map((box) => [box.label, box.detail].filter(Boolean).join(", ")).join(", "), "detail");
    const centre = (start + sum) / 2;
    if (loop.shortcut.length) {
      layer.boxes.push(shape("rect", { class: "box side", x: BESIDE - 13, y: centre - 14, width: 26, height: 28, rx: 2 }));
      layer.texts.push(shape("text", { class: "inside", x: BESIDE, y: centre, "text-anchor": "middle", "dominant-baseline": "central" }, loop.beside));
    }
    y += 9;
    if (loop.after) {
      y += 16;
      put({ kind: "function", width: 64, label: loop.after, detail: "", heads: 0, enters: 0 });
    }
  }
  y += 22;
  wire(`M${MIDDLE} ${begin}V${y}`);
  layer.boxes.push(shape("path", { class: "tip", d: `M${MIDDLE - 5} ${y - 7}L${MIDDLE} ${y}L${MIDDLE + 5} ${y - 7}` }));
  write(WORDS, y - 4, item.shape, "measure");
  const svg = shape("svg", { class: "drawing", viewBox: `0 0 ${WIDTH} ${y + 8}`, role: "img", "aria-label": words });
  svg.append(...layer.wires, ...layer.boxes, ...layer.texts);
  return svg;
}
