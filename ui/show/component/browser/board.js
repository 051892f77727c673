// A board: panels, the controls beneath them, and the traffic with Python.

/** How long new data may wait for their blobs before they are shown without them. */
const PATIENCE_MS = 4000;
const KEY_PIN_MS = 300;
/** How soon pending frames are asked for, how seldom at last, and how often without an answer. */
const FILL_MS = [500, 6000];
const FILL_TRIES = 60;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Whether the page is on its way to something else than this board shows. */
function isStale(data) {
  const now = globalThis.__sightlines.about ?? {};
  return Object.entries(data.about).some(([name, value]) => now[name] !== undefined && now[name] !== value);
}

class Board {
  constructor(parent) {
    this.parent = parent;
    this.panels = new Map();
    this.data = null;
    this.step = 0;
    this.pinning = {};
    // What it has heard of the step, for `Agreement`.
    this.known = undefined;
    this.answered = undefined;
    this.tries = 0;
    this.stepping = new Agreement();
    this.tabs = element("div", "tabs", { role: "group" });
    this.row = element("div", "panels");
    this.bar = element("div", "toolbar");
    this.root = element("section", "board", {}, this.tabs, this.row, this.bar);
    this.watcher = new IntersectionObserver((entries) => {
      this.seen = entries.at(-1).isIntersecting;
      this.fill();
    });
    this.watcher.observe(this.root);
    this.row.addEventListener("scroll", () => this.markTab(), { passive: true });
    this.onView = () => this.syncView();
    view.listeners.add(this.onView);
    parent.append(this.root);
    this.fitting = new Fit(this);
  }

  /** Take data from Python. What is on the screen stays until the new step can be shown whole. */
  receive(message, send) {
    const data = { ...message, panels: message.panels.map(unpacked) };
    this.send = (event, value) => data.events.includes(event) && send(event, value);
    hold(this, data.blobs);
    this.incoming = data;
    if (!this.data) return this.commit(data);
    const step = clamp(this.step, 0, (data.steps?.labels.length ?? 1) - 1);
    const needed = data.panels.flatMap((panel) => blobsOf(panel, panel.frames[panel.frameOfStep[step]]));
    if (needed.every((id) => store.get(id))) return this.commit(data);
    const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
    Promise.race([store.when(needed), patience]).then(() => {
      if (this.incoming === data && !this.gone) this.commit(data);
    });
  }

  commit(data) {
    const before = this.data;
    this.data = data;
    this.strings = data.strings;
    this.colours = data.colours;
    this.follow(before, data);
    const fixed = JSON.stringify([data.strings, data.controls, Boolean(data.steps)]);
    if (fixed !== this.fixed) this.buildToolbar(data);
    this.fixed = fixed;
    this.root.style.setProperty("--columns", Math.min(data.columns, data.panels.length));
    this.root.style.setProperty("--ratio", Math.min(...data.panels.map(({ size }) => size[0] / size[1])));
    this.arrange(data.panels);
    this.agreeOnStep(before, data);
    this.syncView();
    this.redraw();
    this.fitting.later();
    this.fill();
  }

  /** Ask for what is being computed, while it can be seen: soon at first, then ever more seldom. */
  fill() {
    clearTimeout(this.filling);
    const lacking = this.data?.panels.flatMap((panel) => panel.frames).filter((frame) => frame.pending).length;
    if (lacking !== this.lacking) [this.lull, this.tries] = [FILL_MS[0], 0];
    this.lacking = lacking;
    if (!lacking || !this.seen || this.gone || this.tries >= FILL_TRIES) return;
    this.filling = setTimeout(() => {
      if (!document.hidden) {
        this.tries += 1;
        this.lull = Math.min(this.lull * 1.6, FILL_MS[1]);
        this.send("fill", { lacking, tries: this.tries });
      }
      this.fill();
    }, this.lull);
  }

  follow(before, data) {
    const point = data.point && { u: data.point[0], v: data.point[1] };
    const key = pointKey(point);
    if (before?.link !== data.link) {
      if (before) leaveLink(before.link, this);
      this.link = joinLink(data.link, this);
      const settled = [...this.link.boards].every((b) => b === this || b.pinning.known === pointKey(this.link.pin));
      this.link.agreement.join(this.pinning, key);
      if (settled) this.link.pin = point;
    } else if (this.link.agreement.overrides(this.pinning, key)) {
      this.link.pin = point;
    }
  }

  agreeOnStep(before, data) {
    if (!data.steps) {
      this.step = 0;
      return;
    }
    const { value, labels } = data.steps;
    if (!before?.steps) {
      this.stepping.join(this, value);
      this.step = value;
    } else if (this.stepping.overrides(this, value) && !this.steps.busy) {
      this.step = value;
    }
    this.step = Math.min(this.step, labels.length - 1);
    this.steps.update(data.steps);
    this.steps.set(this.step);
  }

  buildToolbar(data) {
    this.steps?.remove();
    this.bar.replaceChildren();
    this.steps = data.steps && new StepControls(data.strings, (step) => {
      this.step = step;
      this.redraw();
    }, (step) => {
      if (step === this.known && this.stepping.log.length - 1 === this.answered) return;
      this.stepping.report(step);
      this.send("step", { step });
    });
    this.controls = new ViewControls(data.strings, data.controls);
    if (this.steps) this.bar.append(this.steps.root);
    if (data.controls.length) this.bar.append(this.controls.root);
    setHidden(this.bar, !this.bar.childElementCount);
    // A slider stands over its pictures, so that both are on the screen together.
    if (data.steps) this.row.before(this.bar);
    else this.root.append(this.bar);
    this.root.toggleAttribute("data-steps", Boolean(data.steps));
  }

  arrange(list) {
    const wanted = new Set(list.map((panel) => panel.id));
    for (const [id, panel] of this.panels) {
      if (wanted.has(id)) continue;
      panel.remove();
      this.panels.delete(id);
    }
    list.forEach((data, i) => {
      if (!this.panels.has(data.id)) this.panels.set(data.id, new Panel(this, data.id));
      const panel = this.panels.get(data.id);
      if (this.row.children[i] !== panel.root) this.row.insertBefore(panel.root, this.row.children[i] ?? null);
      panel.update(data);
    });
    this.tabs.replaceChildren(...list.map((data) => this.tab(data)));
    setAttribute(this.tabs, "aria-label", this.strings.panels);
    this.root.toggleAttribute("data-single", list.length < 2);
    this.root.toggleAttribute("data-fixed", this.data.fixed);
    this.markTab();
  }

  /** On a narrow screen panels lie side by side in a row that scrolls; the tabs name them and lead to them. */
  tab(data) {
    const words = [["which", data.title], ["what", data.answer]].map(([name, text]) => {
      const word = element("span", name);
      word.textContent = text;
      return word;
    });
    const panel = this.panels.get(data.id);
    const button = element("button", "tab", { type: "button" }, element("span", "dot"), ...words, panel.figure);
    button.dataset.role = data.role;
    button.addEventListener("click", () => {
      const left = panel.root.offsetLeft - this.row.offsetLeft;
      this.row.scrollTo({ left, behavior: reducedMotion() ? "auto" : "smooth" });
    });
    return button;
  }

  markTab() {
    const middle = this.row.scrollLeft + this.row.clientWidth / 2;
    const roots = [...this.row.children];
    const distances = roots.map((root) => Math.abs(root.offsetLeft - this.row.offsetLeft + root.offsetWidth / 2 - middle));
    const nearest = distances.indexOf(Math.min(...distances));
    [...this.tabs.children].forEach((tab, i) => setAttribute(tab, "aria-pressed", String(i === nearest)));
  }

  syncView() {
    this.root.style.setProperty("--strength", view.opacity);
    this.root.style.setProperty("--colour", 1 - 0.7 * view.opacity);
    this.root.toggleAttribute("data-smooth", view.smooth);
    this.controls?.sync();
  }

  redraw() {
    this.link?.redraw();
  }

  draw() {
    const { pin, hover } = this.link;
    const pending = pointKey(pin) !== this.pinning.known;
    const stale = isStale(this.data);
    this.root.toggleAttribute("data-stale", stale);
    const state = { pin, hover, step: this.step, pending, stale };
    this.panels.forEach((panel) => panel.draw(state));
  }

  hover(panel, place, since) {
    if (this.data.fixed) return;
    if (panel.data.linked) return this.link.setHover(panel.original(place), since);
    panel.local = place;
    this.link.moved ||= since;
    this.redraw();
  }

  leave(panel) {
    panel.local = null;
    this.link.setHover(null);
  }

  click(panel, place) {
    if (panel.data.select) return this.choose(panel, Panel.cellAt(panel.frameAt(this.step).grid, place));
    if (panel.data.linked) this.pin(panel.original(place));
  }

  choose(panel, cell) {
    panel.selected = cell;
    this.redraw();
    this.send("select", { panel: panel.id, cell });
  }

  pin(point, delay = 0) {
    if (this.data.fixed) return;
    const rounded = { u: Number(point.u.toFixed(4)), v: Number(point.v.toFixed(4)) };
    this.link.setPin(rounded);
    clearTimeout(this.sending);
    const report = () => {
      this.link.agreement.report(pointKey(rounded));
      this.send("pin", rounded);
    };
    if (delay) this.sending = setTimeout(report, delay);
    else report();
  }

  /** Keys of the stage; returns whether the key was used. */
  key(panel, name) {
    if (name === "Escape") {
      this.leave(panel);
      return true;
    }
    const free = panel.data.select || !panel.data.linked;
    if (free) return this.keyFree(panel, name);
    if (name === "Home") this.pin(panel.original([0.5, 0.5]), KEY_PIN_MS);
    else if (name in ARROWS) this.pin(panel.original(this.neighbour(panel, this.pinnedPlace(panel), name)), KEY_PIN_MS);
    else return false;
    this.link.setHover(null);
    return true;
  }

  /** Panels whose cells are chosen: arrows move a preview, Enter chooses it. */
  keyFree(panel, name) {
    const { grid } = panel.frameAt(this.step);
    const at = panel.local ?? (panel.selected == null ? null : Panel.centreOf(grid, panel.selected));
    if (name === "Enter" || name === " ") {
      if (panel.data.select && at) this.choose(panel, Panel.cellAt(grid, at));
    } else if (name === "Home" || name in ARROWS) {
      panel.local = name === "Home" ? [0.5, 0.5] : this.neighbour(panel, at, name);
      if (panel.data.linked) this.link.setHover(panel.original(panel.local), performance.now());
    } else {
      return false;
    }
    this.redraw();
    return true;
  }

  pinnedPlace(panel) {
    const place = this.link.pin && panel.locate(this.link.pin);
    return place && place.map((part) => clamp(part, 0, 1));
  }

  /** The centre of the cell next to the one at `place`; from nowhere, the middle of the picture. */
  neighbour(panel, place, arrow) {
    if (!place) return [0.5, 0.5];
    const { grid } = panel.frameAt(this.step);
    const cell = Panel.cellAt(grid, place);
    const [dx, dy] = ARROWS[arrow];
    const column = clamp((cell % grid[1]) + dx, 0, grid[1] - 1);
    const row = clamp(Math.floor(cell / grid[1]) + dy, 0, grid[0] - 1);
    return Panel.centreOf(grid, row * grid[1] + column);
  }

  remove() {
    this.gone = true;
    this.fitting.remove();
    this.incoming = null;
    clearTimeout(this.sending);
    clearTimeout(this.filling);
    this.watcher.disconnect();
    this.steps?.remove();
    view.listeners.delete(this.onView);
    if (this.data) leaveLink(this.data.link, this);
    this.panels.forEach((panel) => panel.remove());
    hold(this, []);
    this.root.remove();
  }

  debug() {
    return {
      point: this.link.pin,
      hover: this.link.hover,
      step: this.step,
      lacking: this.lacking ?? 0,
      stale: this.root.hasAttribute("data-stale"),
      redraw: this.link.lastRedraw,
      opacity: view.opacity,
      smooth: view.smooth,
      panels: [...this.panels.values()].map((panel) => panel.debug()),
    };
  }
}
