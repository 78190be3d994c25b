// The route files: in force or rejected, why, and their source.

import { api } from "./api.js";
import { byId, el, Keyed, live, mark, put, remark, say } from "./dom.js";
import { ago, moment } from "./format.js";

export class Routes {
  constructor(sheet) {
    this.sheet = sheet;
    this.rows = new Keyed(byId("route-list"), (file) => row(file, (which) => this.open(which)));
    this.files = new Map();
  }

  update({ routes, at }) {
    this.files = new Map(routes.map((file) => [file.file, file]));
    byId("routes-empty").hidden = routes.length > 0;
    this.rows.sync(routes, (file) => file.file, at);
  }

  /** The source of a file, with its errors at their lines. */
  async open(name) {
    const file = this.files.get(name);
    const box = el("div", { class: "source-box" }, el("p", { class: "hint" }, "Reading…"));
    this.sheet.open(name, [box], () => {});
    try {
      const source = await api.source(name);
      box.replaceChildren(...errorsOf(file), numbered(source, file?.errors ?? []));
    } catch (error) {
      box.replaceChildren(el("p", { class: "error", role: "alert" }, `The source cannot be shown. ${error.message}`));
    }
  }
}

function errorsOf(file) {
  if (!file?.errors?.length) return [];
  return [el("ul", { class: "errors" }, ...file.errors.map((error) => el("li", {}, where(error))))];
}

function where(error) {
  return [error.line ? `line ${error.line}` : null, error.where, error.message].filter(Boolean).join(": ");
}

function numbered(source, errors) {
  const wrong = new Map(errors.map((error) => [error.line, error.message]));
  const lines = source.replace(/\n$/, "").split("\n");
  return el(
    "pre",
    { class: "source", tabindex: "0", "aria-label": "Source" },
    el(
      "code",
      {},
      ...lines.map((line, index) =>
        el("span", { class: wrong.has(index + 1) ? "line wrong" : "line", title: wrong.get(index + 1) }, `${line}\n`),
      ),
    ),
  );
}

function row(file, open) {
  const shape = mark("ok");
  const state = live();
  const about = live();
  const errors = el("ul", { class: "errors" });
  const time = el("time", {}, about);
  let drawn = null;
  const node = el(
    "li",
    {},
    shape,
    el(
      "div",
      { class: "route-file" },
      el("button", { type: "button", class: "link", onclick: () => open(file.file), "aria-label": `Source of ${file.file}` }, file.file),
      " ",
      el("span", { class: "chip-text" }, state),
      el("span", { class: "sub" }, time),
      errors,
    ),
  );
  return {
    node,
    update(next, at) {
      const well = next.state === "active";
      put(node, "class", well ? "ok" : "bad");
      remark(shape, well ? "ok" : "down");
      say(state, well ? (next.packaged ? "packaged" : "") : next.state);
      const routes = next.routes.length > 4 ? `${next.routes.slice(0, 4).join(", ")} and ${next.routes.length - 4} more` : next.routes.join(", ");
      say(about, [routes, typeof next.changedAt === "number" && !next.packaged ? ago(at - next.changedAt) : ""].filter(Boolean).join(" · "));
      if (typeof next.changedAt === "number") put(time, "title", moment(next.changedAt));
      const now = JSON.stringify(next.errors ?? []);
      if (now !== drawn) {
        drawn = now;
        errors.replaceChildren(...(next.errors ?? []).map((error) => el("li", {}, where(error))));
        errors.hidden = !next.errors?.length;
      }
    },
  };
}

