// Maps side by side. What is open is the browser's; Python hears of it and may open something else.

class Maps {
  constructor(parent) {
    this.parent = parent;
    this.chosen = {};
    this.sent = {};
    this.known = {};
    this.root = element("div", "maps");
    this.hint = element("div", "hint", { hidden: "", "aria-hidden": "true" });
    this.root.addEventListener("pointerover", (event) => this.hover(event));
    this.root.addEventListener("pointerleave", () => this.hide());
    this.root.addEventListener("focusin", (event) => this.hover(event));
    this.root.addEventListener("focusout", () => this.hide());
    this.root.addEventListener("keydown", (event) => this.press(event));
    parent.append(this.root);
  }

  receive(data, send) {
    this.send = send;
    const shared = (globalThis.__sightlines ??= {});
    (shared.follow ??= {})[data.key] = (chosen) => this.follow(chosen);
    const text = JSON.stringify(data);
    if (text === this.text) return;
    this.text = text;
    this.data = data;
    this.drawn = {};
    this.follow(shared.open?.[data.key] ?? {});
    this.hide();
    this.root.replaceChildren(...data.maps.map((each) => this.build(each)), this.hint);
  }

  /** An answer to what we sent changes nothing; anything else that is new comes from Python and holds. */
  follow(wanted) {
    for (const [id, chosen] of Object.entries(wanted)) {
      const sent = (this.sent[id] ??= []);
      const echo = sent.indexOf(chosen);
      if (echo >= 0) sent.splice(0, echo + 1);
      else if (chosen !== this.known[id]) this.chosen[id] = chosen;
      this.known[id] = chosen;
      // Drawn with nothing open counts, too: what is to be open may come after the maps.
      if (id in this.drawn) this.refresh(id);
    }
  }

  build(map) {
    const list = element("div", "list", { "data-map": map.id });
    const side = element(
      "section",
      "side",
      { "data-role": map.role, "data-side": map.id, "aria-label": map.title },
      element("header", "head", {}, element("span", "dot"), element("div", "which", {}, map.title), element("span", "answer", {}, map.answer)),
      element("p", "total", {}, map.total),
      element(
        "div", "columns", { "aria-hidden": "true" },
        element("span", "name"), element("span", "measured", {}, this.data.words.added),
        element("span", "shape", {}, this.data.words.output), element("span", "parameters", {}, this.data.words.parameters),
      ),
      list,
    );
    this.fill(list, map);
    return side;
  }

  fill(list, map) {
    const chosen = this.chosen[map.id];
    const item = map.items.find((each) => each.id === chosen);
    const group = item?.count ? item.id : item?.group;
    const nodes = [];
    for (const each of map.items) {
      if (each.group && each.group !== group) continue;
      const open = each.id === chosen || each.id === group;
      nodes.push(row(each, { open, deep: Boolean(each.group) }, this.data.words, () => this.choose(map, each)));
      if (each.id === chosen && !each.count) nodes.push(opened(each, this.data.words, (page) => this.walk(map, each, page)));
    }
    this.drawn[map.id] = chosen;
    list.replaceChildren(...nodes);
  }

  refresh(id) {
    if (this.drawn[id] === this.chosen[id]) return;
    const map = this.data.maps.find((each) => each.id === id);
    const list = this.root.querySelector(`.list[data-map="${id}"]`);
    const focused = list.getRootNode().activeElement?.dataset?.item;
    this.hide();
    this.fill(list, map);
    if (focused) list.querySelector(`.row[data-item="${focused}"]`)?.focus({ preventScroll: true });
  }

  /** A click on what is open closes it: a block gives way to its group, everything else to nothing. */
  choose(map, item) {
    const before = this.chosen[map.id];
    const inside = map.items.find((each) => each.id === before)?.group === item.id;
    const next = before === item.id || inside ? (before === item.id ? item.group : "") : item.id;
    this.chosen[map.id] = next;
    (this.sent[map.id] ??= []).push(next);
    this.refresh(map.id);
    this.send("choose", { map: map.id, item: next });
  }

  walk(map, item, page) {
    if (page === "below") {
      // The decision stands on the same page, outside of this component.
      document.querySelector(".st-key-network-decision")?.scrollIntoView({ behavior: "smooth", block: "start" });
      return;
    }
    this.send("door", { map: map.id, item: item.id, page });
  }

  press(event) {
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    const button = event.target.closest?.(".row");
    if (!button || !(event.key in steps)) return;
    const rows = [...button.closest(".list").querySelectorAll(".row")];
    const next = rows[rows.indexOf(button) + steps[event.key]];
    if (!next) return;
    event.preventDefault();
    next.focus();
  }

  hover(event) {
    const button = event.target.closest?.(".row");
    if (!button) return this.hide();
    if (event.pointerType === "touch" || button.getAttribute("aria-expanded") === "true") return this.hide();
    if (event.type === "focusin" && !button.matches(":focus-visible")) return undefined;
    if (this.hinted === button && !this.hint.hidden) return undefined;
    this.hide();
    this.hinted = button;
    const map = this.data.maps.find((each) => each.id === button.closest(".list").dataset.map);
    const lines = hint(map.items.find((each) => each.id === button.dataset.item));
    if (!lines.length) return this.hide();
    this.hint.replaceChildren(...lines.map((line) => element("p", "", {}, line)));
    const [frame, place] = [this.root.getBoundingClientRect(), button.getBoundingClientRect()];
    this.hint.style.left = `${place.left - frame.left + 96}px`;
    this.hint.style.maxWidth = `${place.width - 104}px`;
    this.hint.style.top = `${place.bottom - frame.top + 2}px`;
    // Late by a moment: a pointer on its way is not a question.
    this.pending = setTimeout(() => this.hint.removeAttribute("hidden"), 350);
    return undefined;
  }

  hide() {
    clearTimeout(this.pending);
    this.hint.setAttribute("hidden", "");
  }
}

const mounted = new Map();

export default ({ parentElement, data, setTriggerValue }) => {
  let maps = mounted.get(parentElement);
  if (!maps) {
    maps = new Maps(parentElement);
    mounted.set(parentElement, maps);
  }
  maps.receive(data, inLine(setTriggerValue));
  return takeTurn(parentElement, () => {
    mounted.delete(parentElement);
    maps.root.remove();
  });
};
