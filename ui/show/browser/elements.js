// Small helpers for what components draw.

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element with class, attributes and children. */
function element(tag, className, attributes = {}, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** An SVG element with attributes and children. */
function shape(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** Mounts of one element may overlap: Streamlit runs the clean-up of an overtaken mount late. */
const turns = new WeakMap();

function takeTurn(parent, leave) {
  const turn = (turns.get(parent) ?? 0) + 1;
  turns.set(parent, turn);
  return () => { if (turns.get(parent) === turn) leave(); };
}
