// What is drawn over a picture in lines: cells, receptive fields, outlines, marks, the point of interest.
// Geometry is in CSS pixels of the stage, so that strokes and labels keep their size on every screen.

const RING = "M-19 0H-12M12 0H19M0 -19V-12M0 12V19M12 0A12 12 0 1 1 -12 0A12 12 0 1 1 12 0";
const CROSS = "M-9 0H-2.5M2.5 0H9M0 -9V-2.5M0 2.5V9";
const INSET = 76;

const round = (value) => Math.round(value * 100) / 100;
const rectPath = (x, y, w, h) => `M${round(x)} ${round(y)}h${round(w)}v${round(h)}h${round(-w)}z`;
const circlePath = (x, y, r) =>
  `M${round(x - r)} ${round(y)}a${round(r)} ${round(r)} 0 1 0 ${round(2 * r)} 0a${round(r)} ${round(r)} 0 1 0 ${round(-2 * r)} 0`;
const diamondPath = (x, y, r) => `M${round(x)} ${round(y - r)}l${r} ${r}l${-r} ${r}l${-r} ${-r}z`;

/** A path drawn twice, a halo beneath the line, so that it stays visible on any picture. */
class HaloPath {
  constructor(parent, className, path = "") {
    this.group = shape("g", { class: className, hidden: "" });
    this.lines = ["halo", "line"].map((name) => shape("path", { class: name, d: path }));
    this.group.append(...this.lines);
    parent.append(this.group);
  }

  show(path) {
    this.lines.forEach((line) => setAttribute(line, "d", path));
    this.group.removeAttribute("hidden");
  }

  at(x, y) {
    setAttribute(this.group, "transform", `translate(${round(x)} ${round(y)})`);
    this.group.removeAttribute("hidden");
  }

  hide() {
    setAttribute(this.group, "hidden", "");
  }
}

class Overlay {
  constructor() {
    this.svg = shape("svg", { class: "overlay", "aria-hidden": "true" });
    this.grid = shape("path", { class: "grid" });
    this.svg.append(this.grid);
    this.outlines = shape("g", { class: "outlines" });
    this.svg.append(this.outlines);
    this.marks = new HaloPath(this.svg, "marks");
    this.rings = shape("g", { class: "rings" });
    this.svg.append(this.rings);
    this.boxes = { pin: new HaloPath(this.svg, "box"), hover: new HaloPath(this.svg, "box dashed") };
    this.cells = { pin: new HaloPath(this.svg, "cell chosen"), hover: new HaloPath(this.svg, "cell") };
    this.cross = new HaloPath(this.svg, "cross", CROSS);
    this.ring = new HaloPath(this.svg, "ring", RING);
    this.inset = this.buildInset();
    this.width = this.height = this.scale = 0;
  }

  buildInset() {
    const group = shape("g", { class: "inset", hidden: "" });
    const parts = {
      group,
      ground: shape("rect", { class: "ground", rx: 4 }),
      picture: shape("rect", { class: "extent" }),
      box: shape("rect", { class: "field" }),
      point: shape("circle", { class: "spot", r: 2.5 }),
      label: shape("text", { class: "width", "text-anchor": "middle" }),
    };
    group.append(parts.ground, parts.picture, parts.box, parts.point, parts.label);
    this.svg.append(group);
    return parts;
  }

  /** Fit to the stage: `width`, `height` in CSS pixels, `size` the picture's own coordinates. */
  resize(width, height, size) {
    this.width = width;
    this.height = height;
    this.scale = width / size[0];
    this.size = size;
    setAttribute(this.svg, "viewBox", `0 0 ${round(width)} ${round(height)}`);
  }

  cellPath([h, w], cell) {
    const cw = this.width / w;
    const ch = this.height / h;
    return rectPath((cell % w) * cw, Math.floor(cell / w) * ch, cw, ch);
  }

  drawGrid([h, w], visible) {
    let path = "";
    if (visible) {
      for (let i = 1; i < w; i++) path += `M${round((i * this.width) / w)} 0V${round(this.height)}`;
      for (let i = 1; i < h; i++) path += `M0 ${round((i * this.height) / h)}H${round(this.width)}`;
    }
    setAttribute(this.grid, "d", path);
  }

  drawMarks([h, w], cells) {
    if (!cells.length) return this.marks.hide();
    const radius = clamp(Math.min(this.width / w, this.height / h) * 0.28, 3, 7);
    const centre = (cell) => [((cell % w) + 0.5) * (this.width / w), (Math.floor(cell / w) + 0.5) * (this.height / h)];
    this.marks.show(cells.map((cell) => diamondPath(...centre(cell), round(radius))).join(""));
  }

  /** `rings` as {x, y, radius, label, dashed} in pixels of the picture. */
  drawRings(rings) {
    const drawn = JSON.stringify([rings, this.width]);
    if (drawn === this.drawnRings) return;
    this.drawnRings = drawn;
    this.rings.replaceChildren(...rings.map(({ x, y, radius, label, dashed }, i) => {
      const [cx, cy, r] = [x, y, radius].map((value) => value * this.scale);
      const group = shape("g", { class: dashed ? "circle dashed" : "circle" });
      const path = circlePath(cx, cy, r);
      group.append(shape("path", { class: "halo", d: path }), shape("path", { class: "line", d: path }));
      const at = label && this.besideCircle(cx, cy, r, i);
      if (at) {
        const text = shape("text", { x: round(at.x), y: round(at.y), "text-anchor": at.right ? "start" : "end" });
        text.textContent = label;
        group.append(text);
      }
      return group;
    }));
  }

  /** Where a word beside a circle fits on the picture, each circle beginning its search on another side. */
  besideCircle(cx, cy, r, turn) {
    // Clear of the point's own sign, which a small circle lies within.
    const away = Math.max(r, 14) + 5;
    const sides = [[0.71, -0.71], [-0.71, -0.71], [-0.71, 0.71], [0.71, 0.71], [1, 0], [-1, 0]];
    for (let i = 0; i < sides.length; i++) {
      const [dx, dy] = sides[(i + turn) % sides.length];
      const [x, y, right] = [cx + dx * away, cy + dy * away + 4, dx > 0];
      const [left, end] = right ? [x, x + 34] : [x - 34, x];
      if (left >= 2 && end <= this.width - 2 && y >= 14 && y <= this.height - 4) return { x, y, right };
    }
    return null;
  }

  drawOutlines(outlines) {
    this.outlines.replaceChildren();
    for (const { box, label, colour } of outlines) {
      const [x0, y0, x1, y1] = box.map((value) => value * this.scale);
      const group = shape("g", { class: "outline" });
      group.style.setProperty("--own", ROLES.includes(colour) ? `var(--${colour})` : colour);
      const path = rectPath(x0, y0, x1 - x0, y1 - y0);
      group.append(shape("path", { class: "halo", d: path }), shape("path", { class: "line", d: path }));
      if (label) {
        const above = y0 > 18;
        const right = x0 > 0.6 * this.width;
        const edge = (right ? Math.min(x1, this.width - 2) : Math.max(x0, 2)) + (above ? 0 : right ? -6 : 6);
        const text = shape("text", { x: round(edge), y: round(above ? y0 - 6 : y0 + 16) });
        if (right) setAttribute(text, "text-anchor", "end");
        text.textContent = label;
        group.append(text);
      }
      this.outlines.append(group);
    }
  }

  /**
   * The theoretical field whose centre lies nearest to a place, in pixels of the picture: its centre [x, y], and
   * its sides, which may lie outside the picture, where there is padding.
   *
   * Nearest, not the cell drawn around the place: padding shifts the centres of a network's places by up to half
   * a stride against the cells that maps are drawn in.
   */
  static field(box, [h, w], [u, v], [width, height]) {
    const [jump, size, start, whole] = box;
    const centre = (share, extent, count) =>
      start + jump * clamp(Math.floor((share * extent - start) / jump + 0.5), 0, count - 1);
    const [x, y] = [centre(u, width, w), centre(v, height, h)];
    if (whole) return { x, y, left: 0, top: 0, right: width, bottom: height };
    return { x, y, left: x - size / 2, top: y - size / 2, right: x + size / 2, bottom: y + size / 2 };
  }

  /** The part of a field that lies inside the picture; a side along the border is drawn just within it. */
  drawBox(which, field) {
    if (!field) return this.boxes[which].hide();
    const [left, right] = [field.left, field.right].map((x) => clamp(x * this.scale, 1, this.width - 1));
    const [top, bottom] = [field.top, field.bottom].map((y) => clamp(y * this.scale, 1, this.height - 1));
    this.boxes[which].show(rectPath(left, top, right - left, bottom - top));
  }

  /** A field larger than the picture cannot be drawn on it: show both to scale in the corner far from the point. */
  drawInset(field, point, words) {
    const { group, ground, picture, box, point: spot, label } = this.inset;
    const [width, height] = this.size;
    const side = field ? field.right - field.left : 0;
    if (side <= width && side <= height) return setAttribute(group, "hidden", "");
    const left = Math.min(0, field.left);
    const top = Math.min(0, field.top);
    const extent = Math.max(Math.max(width, field.right) - left, Math.max(height, field.bottom) - top);
    const k = (INSET - 12) / extent;
    const cornerX = point[0] < this.width / 2 ? this.width - INSET - 8 : 8;
    const cornerY = point[1] < this.height / 2 ? this.height - INSET - 26 : 8;
    const put = (node, values) => Object.entries(values).forEach(([n, v]) => setAttribute(node, n, String(round(v))));
    setAttribute(group, "transform", `translate(${round(cornerX)} ${round(cornerY)})`);
    put(ground, { width: INSET, height: INSET + 18 });
    const place = (px, py) => [6 + (px - left) * k, 6 + (py - top) * k];
    const [px, py] = place(0, 0);
    put(picture, { x: px, y: py, width: width * k, height: height * k });
    const [bx, by] = place(field.left, field.top);
    put(box, { x: bx, y: by, width: side * k, height: side * k });
    const [sx, sy] = place(point[0] / this.scale, point[1] / this.scale);
    put(spot, { cx: sx, cy: sy });
    put(label, { x: INSET / 2, y: INSET + 11 });
    setText(label, words);
    group.removeAttribute("hidden");
  }
}
