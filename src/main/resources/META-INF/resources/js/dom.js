// Nodes, built without ever reading HTML from a string: names come from files and clients.

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element with attributes, listeners (onclick: …) and children (nodes or text). */
export function el(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** The same for SVG. */
export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export const byId = (id) => document.getElementById(id);

/** A text node whose text is only touched when it changes. */
export function live(text = "") {
  return document.createTextNode(text);
}

/** Sets the text of a node from live(). */
export function say(text, value) {
  if (text.data !== value) text.data = value;
}

/** Sets an attribute where it differs; null takes it away. */
export function put(node, name, value) {
  if (value === null) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
  } else if (node.getAttribute(name) !== value) {
    node.setAttribute(name, value);
  }
}

/** A state's shape, as an image that says nothing of its own: words stand beside it. */
export function mark(name, extra = "") {
  const use = svg("use", { href: `#mark-${name}` });
  const node = svg("svg", { class: `mark ${extra}`.trim(), "aria-hidden": "true", focusable: "false" }, use);
  node.use = use;
  return node;
}

/** Changes the shape of a mark(). */
export function remark(node, name) {
  put(node.use, "href", `#mark-${name}`);
}

/**
 * A parent whose children stand for items by a key: made once, updated in place, moved only where
 * the order differs, removed with their item.
 */
export class Keyed {
  constructor(parent, make) {
    this.parent = parent;
    this.make = make; // item => {node, update(item, context)}
    this.parts = new Map();
  }

  sync(items, key, context) {
    const gone = new Set(this.parts.keys());
    let at = this.parent.firstChild;
    for (const item of items) {
      const id = key(item);
      let part = this.parts.get(id);
      if (!part) {
        part = this.make(item);
        this.parts.set(id, part);
      } else if (!gone.delete(id)) {
        continue; // a second item of that key
      }
      part.update(item, context);
      if (part.node === at) at = at.nextSibling;
      else this.parent.insertBefore(part.node, at);
    }
    for (const id of gone) {
      this.parts.get(id).node.remove();
      this.parts.delete(id);
    }
  }
}
