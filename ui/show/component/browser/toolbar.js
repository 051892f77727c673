// The controls: one slider over the steps of a board, and the look of maps, which all boards of the page share.

const STEP_MS = 700;
const REMEMBERED = "sightlines.view";

const ICONS = {
  play: "M4.5 2.6v10.8a.6.6 0 0 0 .9.5l8.6-5.4a.6.6 0 0 0 0-1L5.4 2.1a.6.6 0 0 0-.9.5z",
  pause: "M4 2.5h2.6v11H4zM9.4 2.5H12v11H9.4z",
};

/** Strength and smoothing of maps, kept over visits where the browser allows it. */
class View {
  constructor() {
    this.opacity = 0.8;
    this.smooth = false;
    this.listeners = new Set();
    try {
      const kept = JSON.parse(localStorage.getItem(REMEMBERED) ?? "{}");
      if (Number.isFinite(kept.opacity)) this.opacity = clamp(kept.opacity, 0, 1);
      this.smooth = kept.smooth === true;
    } catch {
      // Storage may be forbidden, or hold what another version wrote: the defaults serve.
    }
  }

  /** A link says how maps look here; what the person likes elsewhere stays remembered. */
  take(values) {
    Object.assign(this, values);
    this.tell();
  }

  tell() {
    this.listeners.forEach((listener) => listener());
  }

  change(values) {
    Object.assign(this, values);
    this.tell();
    try {
      localStorage.setItem(REMEMBERED, JSON.stringify({ opacity: this.opacity, smooth: this.smooth }));
    } catch {
      // Nothing is lost but the memory of it.
    }
  }
}

const view = new View();

class ViewControls {
  constructor(strings, controls) {
    this.root = element("div", "view");
    if (controls.includes("opacity")) this.addOpacity(strings);
    if (controls.includes("smooth")) this.addSmooth(strings);
    this.sync();
  }

  addOpacity(strings) {
    this.range = element("input", "range small", { type: "range", min: 0, max: 100, step: 1 });
    this.range.addEventListener("input", () => view.change({ opacity: Number(this.range.value) / 100 }));
    const name = element("span", "name");
    name.textContent = strings.opacity;
    this.root.append(element("label", "strength", {}, name, this.range));
  }

  addSmooth(strings) {
    /** @type {[string, boolean][]} */
    const ways = [["cells", false], ["smooth", true]];
    this.choices = ways.map(([word, smooth]) => {
      const button = element("button", "choice", { type: "button" });
      button.textContent = strings[word];
      button.addEventListener("click", () => view.change({ smooth }));
      return [button, smooth];
    });
    const group = element("div", "segmented", { role: "group", "aria-label": strings.display });
    group.append(...this.choices.map(([button]) => button));
    this.root.append(group);
  }

  sync() {
    if (this.range) {
      const percent = Math.round(100 * view.opacity);
      if (Number(this.range.value) !== percent) this.range.value = percent;
      this.range.style.setProperty("--filled", percent / 100);
      setAttribute(this.range, "aria-valuetext", `${percent} %`);
    }
    this.choices?.forEach(([button, smooth]) => setAttribute(button, "aria-pressed", String(view.smooth === smooth)));
  }
}

/** The slider; `moved(step)` while it moves, `rested(step)` when it was released, paused or left alone. */
class StepControls {
  constructor(strings, moved, rested) {
    this.strings = strings;
    this.moved = moved;
    this.rested = rested;
    this.step = 0;
    this.timer = null;
    this.icon = shape("path");
    const svg = shape("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" });
    svg.append(this.icon);
    this.button = element("button", "play", { type: "button" }, svg);
    this.button.addEventListener("click", () => (this.timer ? this.pause() : this.play()));
    this.title = element("span", "name");
    this.now = element("output", "now");
    this.range = element("input", "range", { type: "range", min: 0, step: 1 });
    this.range.addEventListener("input", () => {
      this.stop();
      this.go(Number(this.range.value));
      this.restLater();
    });
    this.range.addEventListener("change", () => this.restLater());
    this.ticks = element("div", "ticks", { "aria-hidden": "true" });
    this.root = element("div", "steps", {}, this.button,
      element("div", "track", {}, element("div", "words", {}, this.title, this.now),
        element("div", "rail", {}, this.ticks, this.range)));
    this.drawButton();
  }

  update({ labels, title }) {
    this.labels = labels;
    setText(this.title, title);
    setAttribute(this.range, "max", String(labels.length - 1));
    setAttribute(this.range, "aria-label", title || this.strings.panels);
    if (this.ticks.childElementCount !== labels.length) {
      const last = Math.max(1, labels.length - 1);
      this.ticks.replaceChildren(...labels.map((_, i) => {
        const tick = element("i");
        tick.style.setProperty("--at", i / last);
        return tick;
      }));
    }
    this.button.disabled = labels.length < 2;
    this.set(Math.min(this.step, labels.length - 1));
  }

  set(step) {
    this.step = step;
    if (Number(this.range.value) !== step) this.range.value = step;
    const last = Math.max(1, this.labels.length - 1);
    this.range.style.setProperty("--filled", step / last);
    setAttribute(this.range, "aria-valuetext", this.labels[step]);
    setText(this.now, this.labels[step]);
    [...this.ticks.children].forEach((tick, i) => tick.toggleAttribute("data-passed", i <= step));
  }

  go(step) {
    this.set(step);
    this.moved(step);
  }

  restLater() {
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.rested(this.step), 400);
  }

  get busy() {
    return this.timer !== null;
  }

  play() {
    clearTimeout(this.resting);
    const last = this.labels.length - 1;
    if (this.step >= last) this.go(0);
    this.timer = setInterval(() => {
      this.go(Math.min(last, this.step + 1));
      if (this.step >= last) this.pause();
    }, STEP_MS);
    this.drawButton();
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    this.drawButton();
  }

  pause() {
    this.stop();
    this.rested(this.step);
  }

  drawButton() {
    setAttribute(this.icon, "d", this.timer ? ICONS.pause : ICONS.play);
    setAttribute(this.button, "aria-label", this.timer ? this.strings.pause : this.strings.play);
    setAttribute(this.button, "title", this.timer ? this.strings.pause : this.strings.play);
  }

  remove() {
    clearInterval(this.timer);
    clearTimeout(this.resting);
  }
}
