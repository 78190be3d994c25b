// What has changed lately, newest first; the newest are said aloud as well.

import { byId, el, Keyed, live, mark, say } from "./dom.js";
import { ago, moment } from "./format.js";
import { stateOf } from "./states.js";

/** Of one moment this many are said; more at a time would be noise. */
const SAID = 3;

export class Changes {
  constructor(announce) {
    this.announce = announce;
    this.heard = null;
    this.rows = new Keyed(byId("change-list"), row);
  }

  update({ changes, at }) {
    const keys = new Map();
    const keyed = changes.map((change) => {
      // The same thing may happen twice in a millisecond.
      const same = `${change.at} ${change.what} ${change.name} ${change.from} ${change.to}`;
      const count = (keys.get(same) ?? 0) + 1;
      keys.set(same, count);
      return { ...change, key: `${same} ${count}` };
    });
    this.rows.sync(keyed, (change) => change.key, at);
    byId("changes-empty").hidden = changes.length > 0;
    byId("change-list").hidden = changes.length === 0;
    const newest = changes[0]?.at ?? 0;
    if (this.heard !== null && newest > this.heard) {
      const fresh = changes.filter((change) => change.at > this.heard);
      const told = fresh.slice(0, SAID).map(sentence);
      if (fresh.length > SAID) told.push(`and ${fresh.length - SAID} more changes`);
      this.announce(told.join(". "));
    }
    this.heard = newest;
  }
}

function words(value) {
  return value === null || value === undefined || value === "" ? "" : String(value).replaceAll("_", " ");
}

/** What it is now; an override that says nothing any more is lifted. */
function became(change) {
  return words(change.to) || (change.what === "override" ? "lifted" : "");
}

function sentence(change) {
  const reason = change.reason ? `, ${change.reason}` : "";
  return `${subject(change)} ${[words(change.from), became(change)].filter(Boolean).join(" to ")}${reason}`;
}

function subject(change) {
  const name = change.name ?? "";
  if (change.what === "breaker") return `${name} breaker`;
  if (change.what === "override") return `${name} override`;
  return name || words(change.what);
}

function look(change) {
  if (change.what === "server") return stateOf({ state: change.to });
  if (change.what === "breaker") return change.to === "closed" ? { mark: "ok", tone: "ok" } : { mark: "hung", tone: change.to === "open" ? "bad" : "warn" };
  if (change.what === "override") return { mark: "override", tone: "idle" };
  if (change.what === "routes") return change.to === "rejected" ? { mark: "down", tone: "bad" } : { mark: "ok", tone: "ok" };
  return { mark: "busy", tone: "idle" };
}

function row(change) {
  const { mark: shape, tone } = look(change);
  const when = live();
  const from = words(change.from);
  const node = el(
    "li",
    { class: tone },
    mark(shape),
    el(
      "div",
      {},
      el("b", {}, subject(change)),
      " ",
      el("span", { class: "from-to" }, from ? `${from} → ${became(change)}` : became(change)),
      change.reason ? el("span", { class: "sub" }, change.reason) : null,
    ),
    el("time", { datetime: new Date(change.at).toISOString(), title: moment(change.at) }, when),
  );
  return { node, update: (next, at) => say(when, ago(at - next.at)) };
}

