// Tables that keep their rows. Roles are said out loud, because narrow screens show rows as cards,
// and a table whose display is changed is none to a screen reader.

import { el } from "./dom.js";

/** Columns: {label, cls, hint}; returns the table's body to put rows into. */
export function table(box, caption, columns) {
  const body = el("tbody", { role: "rowgroup" });
  const heads = columns.map((column) =>
    el("th", { role: "columnheader", scope: "col", class: column.cls, title: column.hint }, column.head ?? column.label),
  );
  box.append(
    el(
      "table",
      { role: "table" },
      el("caption", { class: "visually-hidden" }, caption),
      el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, ...heads)),
      body,
    ),
  );
  return { body, heads };
}

/** A cell; its label stands before it where rows are cards. */
export function cell(column, ...children) {
  return el("td", { role: "cell", class: column.cls, "data-label": column.label }, ...children);
}

/** The cell that names the row. */
export function rowHead(column, ...children) {
  return el("th", { role: "rowheader", scope: "row", class: column.cls }, ...children);
}
