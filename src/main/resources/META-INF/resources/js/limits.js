// Limits: what tenants and pools have used of theirs, those nearest to one.

import { byId, el, Keyed, live, put, say } from "./dom.js";
import { figure, NONE, span, whole } from "./format.js";
import { cell, rowHead, table } from "./table.js";

const KINDS = {
  requests: { label: "Requests/min", cls: "load" },
  tokens: { label: "Tokens/min", cls: "load", hint: "Of prompts and answers, with what is reserved for those that run" },
  concurrent: { label: "At a time", cls: "load" },
  budget: { label: "Tokens this month", cls: "load" },
};
const NAME = { label: "Who", cls: "name" };
const REFUSED = { label: "Refused", cls: "num", hint: "Requests that were refused for a limit since it was first used" };

export class Limits {
  constructor() {
    const { body } = table(byId("limits-box"), "Limits of tenants and pools, and what is used of them", [NAME, ...Object.values(KINDS), REFUSED]);
    this.rows = new Keyed(body, row);
    this.count = live();
    byId("limits-count").append(this.count);
  }

  update({ limits }) {
    byId("limits").hidden = limits.nearest.length === 0;
    const more = limits.accounts - limits.nearest.length;
    say(this.count, more > 0 ? `the ${whole(limits.nearest.length)} nearest to one, of ${whole(limits.accounts)}` : whole(limits.accounts));
    // By name: in the order of what is used they would jump about.
    const sorted = [...limits.nearest].sort((a, b) => a.scope.localeCompare(b.scope) || a.name.localeCompare(b.name));
    this.rows.sync(sorted, (account) => `${account.scope} ${account.name}`);
  }
}

function row({ scope, name }) {
  const parts = Object.entries(KINDS).map(([kind, column]) => {
    const text = live();
    const used = el("span", { class: "used" });
    const bar = el("span", { class: "bar", "aria-hidden": "true" }, used);
    return { kind, text, used, bar, node: cell(column, el("span", { class: "load-text" }, text), bar) };
  });
  const refused = live();
  const node = el(
    "tr",
    { role: "row" },
    rowHead(NAME, el("b", {}, name), el("span", { class: "sub" }, scope)),
    ...parts.map((part) => part.node),
    cell(REFUSED, refused),
  );
  return {
    node,
    update(account) {
      for (const part of parts) draw(part, account.limits.find((each) => each.limit === part.kind));
      say(refused, whole(account.limits.reduce((sum, each) => sum + each.refused, 0)));
    },
  };
}

function draw({ text, used, bar, node }, limit) {
  bar.hidden = !limit;
  say(text, limit ? `${figure(limit.used)} / ${figure(limit.most)}` : NONE);
  if (!limit) return;
  const share = Math.min(1, limit.used / limit.most);
  const scale = `scaleX(${share.toFixed(3)})`;
  if (used.style.getPropertyValue("transform") !== scale) used.style.setProperty("transform", scale);
  put(bar, "class", share >= 0.999 ? "bar full" : "bar");
  put(node, "title", typeof limit.resetsInSeconds === "number" && limit.used > 0 ? `all of it back in ${span(limit.resetsInSeconds * 1e3)}` : null);
}
