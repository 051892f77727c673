// One picture with its header, its map, its overlay and the lines beneath.

const ROLES = ["convolution", "attention", "hybrid", "neutral", "point"];

/** Ids of the blobs without which a frame of a panel cannot be shown. */
const blobsOf = (panel, frame) =>
  [panel.picture, frame.map?.blob, frame.rows?.blob, frame.colours].filter(Boolean);

class Panel {
  /** `board` is asked for words and told of pointer, click and key events. */
  constructor(board, id) {
    this.board = board;
    this.id = id;
    this.data = null;
    this.local = null;
    this.painted = "";
    this.shown = null;
    this.overlay = new Overlay();
    this.build();
    this.listen();
    this.watcher = new ResizeObserver(() => this.measure());
    this.watcher.observe(this.stage);
  }

  build() {
    this.dot = element("span", "dot", { "aria-hidden": "true" });
    this.title = element("div", "title");
    this.answer = element("span", "answer");
    this.headline = element("p", "headline");
    // The same on a narrow screen, in the panel's tab: there the numbers of all panels stand beside each other.
    this.figure = element("span", "figure");
    this.image = element("img", "picture", { alt: "", draggable: "false" });
    this.canvas = element("canvas", "map");
    this.outside = element("div", "chip outside", { hidden: "" });
    this.waiting = element("div", "chip waiting", { hidden: "", role: "status" });
    this.stage = element("div", "stage", { tabindex: "0", role: "application" },
      this.image, this.canvas, this.overlay.svg, this.outside, this.waiting);
    this.label = element("span", "label");
    this.low = element("span", "end");
    this.ramp = element("i", "ramp");
    this.bar = element("span", "bar", { "aria-hidden": "true" }, this.ramp);
    this.high = element("span", "end");
    this.legend = element("span", "legend", {}, this.low, this.bar, this.high);
    this.captions = element("div", "captions");
    this.sizer = element("span", "sizer", { "aria-hidden": "true" });
    this.readout = element("span", "now");
    this.note = element("p", "note");
    this.root = element("article", "panel", {},
      element("header", "head", {}, this.dot, this.title, this.answer),
      this.headline,
      this.stage,
      element("div", "foot", {},
        element("div", "first", {}, this.label, this.legend),
        this.captions,
        element("div", "readout", {}, this.sizer, this.readout),
        this.note));
  }

  listen() {
    /** @returns {[number, number]} */
    const at = (event) => {
      const box = this.stage.getBoundingClientRect();
      return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    };
    const inside = ([x, y]) => x >= 0 && x <= 1 && y >= 0 && y <= 1;
    this.stage.addEventListener("pointermove", (event) => {
      if (event.pointerType === "touch" && !event.isPrimary) return;
      const place = at(event);
      if (inside(place)) this.board.hover(this, place, performance.now());
      else this.board.leave(this);
    });
    // A touch that becomes a scroll is cancelled by the browser; one that ends leaves the element.
    for (const name of ["pointerleave", "pointercancel"]) {
      this.stage.addEventListener(name, () => this.board.leave(this));
    }
    this.stage.addEventListener("click", (event) => {
      const place = at(event);
      if (inside(place)) this.board.click(this, place);
    });
    this.stage.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (this.board.key(this, event.key)) event.preventDefault();
    });
  }

  /** Take new data; the blobs of the picture are expected to be there, or the panel waits for them. */
  update(data) {
    const { strings } = this.board;
    if (!this.data || data.selected !== this.data.selected) this.selected = data.selected;
    this.data = data;
    this.root.dataset.role = data.role;
    this.root.toggleAttribute("data-sheet", !data.linked);
    setAttribute(this.root, "aria-label", data.title);
    setText(this.title, data.title);
    setText(this.answer, data.answer);
    setAttribute(this.image, "alt", data.alt);
    const keys = data.select ? strings.keys_select : strings.keys;
    setAttribute(this.stage, "aria-label", [...new Set([data.title, data.alt, keys])].filter(Boolean).join(". "));
    this.stage.style.setProperty("--aspect", `${data.size[0]} / ${data.size[1]}`);
    this.stage.toggleAttribute("data-bare", !data.picture);
    this.bar.toggleAttribute("data-bare", !data.picture);
    setHidden(this.image, !data.picture);
    setText(this.outside, strings.outside);
    this.overlay.cells.pin.group.classList.toggle("firm", data.select);
    setText(this.note, data.note);
    setHidden(this.note, !data.note);
    setHidden(this.headline, !data.frames.some((frame) => frame.headline));
    this.fillCaptions();
    setText(this.sizer, this.longestReadout());
    this.framed = -1;
    this.painted = "";
    this.measure();
  }

  /** All captions lie in one grid cell, so that the tallest sets the height and stepping moves nothing. */
  fillCaptions() {
    this.captionOf = new Map();
    const distinct = [...new Set(this.data.frames.map((frame) => frame.caption))];
    this.captions.replaceChildren(...distinct.map((text) => {
      const line = element("p", "caption");
      line.textContent = text;
      this.captionOf.set(text, line);
      return line;
    }));
  }

  longestReadout() {
    const { strings } = this.board;
    const lines = this.data.frames.map((frame) => {
      const texts = frame.values.map((value) => quantity(value));
      const value = texts.reduce((a, b) => (b.length > a.length ? b : a), "");
      const unit = (frame.rows ?? frame.map)?.unit;
      const [h, w] = frame.grid;
      const widest = quantity(-0.0888, unit);
      const line = [
        fill(strings.cell, { row: h, column: w }), frame.rows || frame.map ? widest : "",
        frame.readout ? fill(frame.readout, { value, row: h, column: w, here: widest, peak: widest }) : "",
      ].filter(Boolean).join(" · ");
      return this.data.linked ? this.beside(line, line) : line;
    });
    return [...lines, this.idleText()].reduce((a, b) => (b.length > a.length ? b : a), "");
  }

  idleText() {
    if (this.data.select) return this.board.strings.choose;
    return this.data.linked ? this.board.strings.idle : "";
  }

  measure() {
    const { clientWidth, clientHeight } = this.stage;
    if (!clientWidth || !this.data) return;
    this.overlay.resize(clientWidth, clientHeight, this.data.size);
    this.overlay.drawOutlines(this.data.outlines);
    this.framed = -1;
    this.board.redraw();
  }

  /** Where a point of the original lies in this picture, as fractions; outside 0..1 it is not in the crop. */
  locate({ u, v }) {
    const [x0, y0, x1, y1] = this.data.crop;
    return [(u - x0) / (x1 - x0), (v - y0) / (y1 - y0)];
  }

  /** The point of the original at these fractions of the picture. */
  original([x, y]) {
    const [x0, y0, x1, y1] = this.data.crop;
    return { u: clamp(x0 + x * (x1 - x0), 0, 1), v: clamp(y0 + y * (y1 - y0), 0, 1) };
  }

  frameAt(step) {
    return this.data.frames[this.data.frameOfStep[clamp(step, 0, this.data.frameOfStep.length - 1)]];
  }

  /** Ids of the blobs without which this step cannot be shown. */
  needs(step) {
    const frame = this.frameAt(step);
    return blobsOf(this.data, frame);
  }

  static cellAt([h, w], [x, y]) {
    return clamp(Math.floor(y * h), 0, h - 1) * w + clamp(Math.floor(x * w), 0, w - 1);
  }

  static centreOf([h, w], cell) {
    return [((cell % w) + 0.5) / w, (Math.floor(cell / w) + 0.5) / h];
  }

  /** Where the pointer and the point are in this picture: fractions, or null where it is not in it. */
  places(state, frame) {
    const within = (place) => (place && place.every((part) => part >= 0 && part <= 1) ? place : null);
    if (!this.data.linked) {
      const rest = this.selected == null ? null : Panel.centreOf(frame.grid, this.selected);
      return { hover: this.local, pin: rest, ring: null, cross: null, missed: false };
    }
    const hover = state.hover && within(this.locate(state.hover));
    const ring = state.pin && within(this.locate(state.pin));
    const pin = this.data.select && this.selected != null ? Panel.centreOf(frame.grid, this.selected) : ring;
    const missed = Boolean(state.hover ? !hover : state.pin && !ring);
    return { hover, pin, ring, cross: hover, missed };
  }

  /** Which map to show now, and whether it answers for the place that is being looked at. */
  choose(frame, places, state) {
    const current = !frame.ofPoint || !state.pending;
    const row = (place) => `row:${Panel.cellAt(frame.grid, place)}`;
    if (frame.colours) return { what: "colours", dim: false };
    if (places.hover && frame.rows) return { what: row(places.hover), dim: false };
    const away = Boolean(state.hover) && this.data.linked && (frame.ofPoint || Boolean(frame.rows));
    if (frame.map && (current || !frame.rows || !places.pin)) return { what: "map", dim: !current || (away && frame.ofPoint) };
    if (frame.rows && places.pin) return { what: row(places.pin), dim: away };
    return { what: "", dim: false };
  }

  field(frame, what) {
    if (!what) return null;
    if (what === "colours") return coloursField(frame.colours);
    return what === "map" ? mapField(frame.map) : rowField(frame.rows, Number(what.slice(4)));
  }

  draw(state) {
    if (!this.data || !this.overlay.width) return;
    const index = this.data.frameOfStep[clamp(state.step, 0, this.data.frameOfStep.length - 1)];
    const frame = this.data.frames[index];
    const places = this.places(state, frame);
    const choice = this.choose(frame, places, state);
    const missing = this.needs(state.step).filter((id) => !store.get(id));
    this.drawPicture();
    this.drawMap(frame, index, choice, missing);
    setAttribute(this.stage, "data-pending", String(Boolean(state.pending && frame.ofPoint && choice.what === "map")));
    if (this.framed !== index) this.drawFrame(frame, index);
    this.drawPlaces(frame, places);
    this.drawHeadline(frame, places, state.pending);
    this.drawReadout(frame, places, Boolean(state.hover) || Boolean(this.local));
    setHidden(this.outside, !places.missed);
    this.await(missing, frame.pending, state.stale);
    const rings = this.ringsOf(frame, places, state);
    this.overlay.drawRings(rings);
    this.shown = { frame: index, what: choice.what, places, dim: choice.dim, rings, pending: frame.pending };
  }

  drawPicture() {
    const value = this.data.picture && store.get(this.data.picture);
    if (value && this.image.src !== value.url) this.image.src = value.url;
  }

  drawMap(frame, index, choice, missing) {
    const field = missing.length ? null : this.field(frame, choice.what);
    this.current = field;
    setHidden(this.canvas, !field);
    this.stage.toggleAttribute("data-mapped", Boolean(field));
    this.stage.toggleAttribute("data-dim", choice.dim);
    const painted = field ? `${index} ${choice.what}` : "";
    if (field && painted !== this.painted) {
      paint(this.canvas, field, this.board.colours, !this.data.picture);
      if (field.scale) this.drawLegend(field);
    }
    this.painted = painted;
    this.legend.style.visibility = field?.scale ? "visible" : "hidden";
  }

  drawLegend(field) {
    const [low, high] = fieldRange(field);
    setText(this.low, quantity(low));
    setText(this.high, quantity(high, field.unit));
    const table = tableOf(field, this.board.colours);
    if (this.barTable !== table) this.ramp.style.backgroundImage = gradient(table, !this.data.picture);
    this.barTable = table;
  }

  drawFrame(frame, index) {
    this.framed = index;
    setText(this.label, frame.label);
    this.legend.toggleAttribute("data-varies", Boolean(frame.rows));
    for (const [text, line] of this.captionOf) line.toggleAttribute("data-shown", text === frame.caption);
    this.overlay.drawGrid(frame.grid, frame.lines);
    this.overlay.drawMarks(frame.grid, frame.marks);
  }

  drawPlaces(frame, { hover, pin, ring, cross }) {
    const { overlay } = this;
    const css = ([x, y]) => [x * overlay.width, y * overlay.height];
    const fieldOf = (place) => place && frame.box && Overlay.field(frame.box, frame.grid, place, this.data.size);
    // A field computed for the point belongs to a place of the network, not to a cell drawn on the picture.
    const celled = frame.grid[0] * frame.grid[1] > 1 && !frame.ofPoint;
    if (hover && celled) overlay.cells.hover.show(overlay.cellPath(frame.grid, Panel.cellAt(frame.grid, hover)));
    else overlay.cells.hover.hide();
    // Where cells are chosen, the cell under the point is not the chosen one and gets no frame of its own.
    const framed = pin && celled && !(this.data.select && this.selected == null);
    if (framed) overlay.cells.pin.show(overlay.cellPath(frame.grid, Panel.cellAt(frame.grid, pin)));
    else overlay.cells.pin.hide();
    overlay.drawBox("pin", fieldOf(pin));
    // The whole picture is the same box from everywhere.
    overlay.drawBox("hover", frame.box?.[3] ? null : fieldOf(hover));
    if (ring) overlay.ring.at(...css(ring));
    else overlay.ring.hide();
    if (cross) overlay.cross.at(...css(cross));
    else overlay.cross.hide();
    const active = hover ?? pin;
    const field = fieldOf(active);
    const words = frame.box ? fill(this.board.strings.field, { size: Math.round(frame.box[1]) }) : "";
    overlay.drawInset(field, active ? css(active) : [0, 0], words);
  }

  /** The circles around the place shown; those of a map that was computed for the point wait for it. */
  ringsOf(frame, { hover, pin }, { pending }) {
    const place = frame.ofPoint ? pin : hover ?? pin;
    if (!place || (frame.ofPoint && pending)) return [];
    const cell = Panel.cellAt(frame.grid, place);
    const [width, height] = this.data.size;
    const [u, v] = Panel.centreOf(frame.grid, cell);
    const field = frame.box && Overlay.field(frame.box, frame.grid, place, this.data.size);
    const [x, y] = field ? [field.x, field.y] : [u * width, v * height];
    return frame.rings
      .map(({ radii, label, dashed }) => ({ x, y, radius: radii.length > 1 ? radii[cell] : radii[0], label, dashed }))
      .filter(({ radius }) => radius > 0);
  }

  /** The number that the panel is about, of the pinned point alone: it stands still while the pointer moves. */
  drawHeadline(frame, { pin }, pending) {
    const { headline, headlineValues: values } = frame;
    const cell = pin && values.length > 1 ? Panel.cellAt(frame.grid, pin) : 0;
    const value = pin && !(pending && frame.ofPoint) ? values[cell] ?? "–" : "–";
    const told = `${headline} ${value}`;
    if (this.told === told) return;
    this.told = told;
    const [before, after = ""] = headline.split("{value}");
    const number = element("b");
    number.textContent = value;
    this.headline.replaceChildren(before, number, after);
    this.figure.replaceChildren(...(headline ? [number.cloneNode(true), before, after] : []));
  }

  drawReadout(frame, { hover, pin }, previewing) {
    const active = hover ?? pin;
    setAttribute(this.readout, "aria-live", previewing ? "off" : "polite");
    this.readout.toggleAttribute("data-idle", !active);
    if (!active) return setText(this.readout, this.idleText());
    // A tile says its own name; of places in a picture two may be told of, each by its name.
    if (!this.data.linked) return setText(this.readout, this.lineAt(frame, active, this.current));
    // While the pointer shows another patch's map, what is pinned is still told from its own.
    const own = () => (frame.map ? mapField(frame.map) : rowField(frame.rows, Panel.cellAt(frame.grid, pin)));
    const pinned = pin && this.lineAt(frame, pin, hover && frame.rows ? own() : this.current);
    setText(this.readout, this.beside(pinned, hover && this.lineAt(frame, hover, this.current, frame.ofPoint)));
  }

  /** What is known of the pinned place and of the one under the pointer, beside each other, each named. */
  beside(pinned, here) {
    const named = [[this.board.strings.pinned, pinned], [this.board.strings.here, here]];
    return named.filter(([, line]) => line).map(([name, line]) => `${name}: ${line}`).join(" | ");
  }

  /** What the readout says of a place; `shared` leaves out what a single value tells of the pinned point alone. */
  lineAt(frame, place, field, shared = false) {
    const cell = Panel.cellAt(frame.grid, place);
    const [row, column] = [Math.floor(cell / frame.grid[1]) + 1, (cell % frame.grid[1]) + 1];
    const here = field?.scale && quantity(fieldValue(field, Panel.cellAt([field.h, field.w], place)), field.unit);
    const peak = field?.scale && quantity(field.max, field.unit);
    const given = frame.values.length > 1 ? frame.values[cell] : frame.values[0];
    const value = given === undefined ? "" : quantity(given);
    const several = frame.grid[0] * frame.grid[1] > 1;
    const ofPinned = shared && frame.values.length === 1;
    const parts = frame.readout && !ofPinned ? [fill(frame.readout, { value, row, column, here, peak })] : [];
    if (several && !frame.ofPoint) parts.push(fill(this.board.strings.cell, { row, column }));
    // A bare value for each cell is that of the map, with digits that a byte does not hold.
    const exact = frame.readout === "{value}" && frame.values.length > 1;
    if (here && !exact && (ofPinned || !frame.readout?.includes("{here}"))) parts.push(here);
    return parts.filter(Boolean).join(" · ");
  }

  /** Say that something is on its way, and draw again when it is there. */
  await(missing, pending, stale) {
    setHidden(this.waiting, !missing.length && !pending && !stale);
    const word = stale ? "updating" : missing.length ? "waiting" : pending ? "pending" : "updating";
    setText(this.waiting, this.board.strings[word]);
    if (this.stage.getAttribute("data-pending") === "true") setHidden(this.waiting, false);
    const wanted = missing.join(" ");
    if (!missing.length || this.wanted === wanted) return;
    this.wanted = wanted;
    store.when(missing).then(() => {
      if (this.wanted === wanted) this.wanted = "";
      this.board.redraw();
    });
  }

  remove() {
    this.watcher.disconnect();
    this.root.remove();
  }

  debug() {
    const field = this.current;
    return {
      id: this.id,
      ...this.shown,
      cell: this.shown?.what.startsWith("row:") ? Number(this.shown.what.slice(4)) : null,
      shape: field && [field.h, field.w],
      values: field && Array.from(field.cells, (cell, i) => (field.scale ? fieldValue(field, i) : cell)),
    };
  }
}
