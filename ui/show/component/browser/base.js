// Small helpers. The parts of browser/ are joined in the order given in mount.py and share one module scope.

/** Fill {name} places of a template; a name without a value stays empty. */
function fill(template, values) {
  return template.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

const reducedMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

const decimals = new Intl.NumberFormat("en", { maximumSignificantDigits: 3, useGrouping: false });
const smallest = new Intl.NumberFormat("en", { maximumSignificantDigits: 2, notation: "scientific" });

/** A number for people: three significant digits, the unit after a narrow space. */
function quantity(value, unit = "") {
  if (typeof value === "string") return value;
  const size = Math.abs(value);
  const text = size > 0 && (size < 1e-3 || size >= 1e5)
    ? smallest.format(value).replace("E", "e")
    : decimals.format(value);
  return (text + (unit ? "\u202f" + unit : "")).replace("-", "\u2212");
}

/** Assign only what changed: a write to the DOM costs layout even when nothing changes. */
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
function setAttribute(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}
function setHidden(node, hidden) {
  if (hidden) setAttribute(node, "hidden", "");
  else node.removeAttribute("hidden");
}
