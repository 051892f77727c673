// One row of a map: a button with its small drawing and its numbers, and what opens beneath it.

const fill = (template, values) => template.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

function thumbnail(item, words) {
  const place = element("span", "thumb");
  if (item.picture) place.append(element("img", "", { src: item.picture, alt: item.caption, title: item.caption }));
  return place;
}

/** What a pointer that rests on a row is told: enough to go on without opening it. */
function hint(item) {
  const flow = [...item.boxes, ...item.loops.flatMap((loop) => loop.boxes)].map((box) => box.label).join("  ·  ");
  return [item.formula, item.loops.length || item.boxes.length > 1 ? flow : "", ...item.facts, item.formula ? "" : item.about]
    .filter(Boolean);
}

/** The row itself. `choose` is called when it is clicked, or Enter or the space bar pressed on it. */
function row(item, { open, deep }, words, choose) {
  const title = element("span", "title", {}, item.title);
  const detail = element("span", "detail", {}, item.detail);
  // Where the columns have no heads, a lone number says itself what it is.
  const word = item.measured.includes("\n") ? "" : words.added;
  const measured = element("span", "measured", { "data-word": word }, item.measured);
  const bar = element("span", "bar", { style: `--share:${item.share}` });
  const button = element(
    "button",
    `row${deep ? " deep" : ""}${item.count ? " group" : ""}`,
    { type: "button", "data-item": item.id, "aria-expanded": String(open) },
    element("span", "spine", {}, glyph(item, 96, deep ? 46 : 58)),
    element(
      "span", "name", {},
      element("span", "first", {}, title, element("span", "mark", { "aria-hidden": "true" })),
      detail,
      element("span", "shape", {}, item.shape),
    ),
    measured,
    thumbnail(item, words),
    element("span", "parameters", {}, item.parameters, ...(item.share ? [bar] : [])),
  );
  button.addEventListener("click", choose);
  return button;
}

/** What opens beneath a row: the drawing with its words, what it computes, what was measured, where to go on. */
function opened(item, words, walk) {
  const text = element("div", "text");
  if (item.formula) text.append(element("p", "formula", {}, item.formula));
  text.append(element("p", "about", {}, item.about));
  for (const fact of item.facts) text.append(element("p", "fact", {}, fact));
  const doors = element("div", "doors");
  for (const door of item.doors) {
    const button = element("button", "door", { type: "button", "data-page": door.page }, door.label);
    button.addEventListener("click", () => walk(door.page));
    doors.append(button);
  }
  text.append(doors);
  const panel = element("div", "opened", { "data-opened": item.id });
  if (item.boxes.length || item.loops.length) panel.append(drawing(item, `${item.title}. ${item.formula}`));
  panel.append(text);
  return panel;
}
