// A server or a pool looked at closely: its history, and what an operator may do.

import { api } from "./api.js";
import { el, live, mark, put, remark, say } from "./dom.js";
import { figure, span, weight } from "./format.js";
import { Plots } from "./plots.js";
import { breakerOf, overrideWords, stateOf } from "./states.js";

const AGAIN = 5_000;

export class Details {
  constructor(sheet, change) {
    this.sheet = sheet;
    this.change = change;
    this.overview = null;
    this.current = null;
  }

  update(overview) {
    this.overview = overview;
    this.current?.update(overview);
  }

  server(name) {
    const facts = serverFacts(name);
    const buttons = new Buttons(name, this.change);
    this.open("server", name, [facts.node, buttons.node], (overview) => {
      const server = overview.servers.find((each) => each.name === name);
      facts.update(server, overview);
      buttons.update(server, overview);
    });
  }

  pool(name) {
    const about = live();
    this.open("pool", name, [el("p", { class: "facts" }, about)], (overview) => {
      const pool = overview.pools.find((each) => each.name === name);
      say(about, pool ? `A pool of ${pool.servers.join(", ")}.` : "This pool is gone.");
    });
  }

  open(kind, name, nodes, update) {
    const box = el("div", { class: "plots" });
    const error = el("p", { class: "error", role: "alert" });
    const plots = new Plots(box);
    const current = { update, timer: 0 };
    const load = async () => {
      try {
        const history = await api.history(kind, name);
        if (this.current !== current) return;
        await plots.show(history);
        error.textContent = "";
      } catch (failed) {
        error.textContent = `The history cannot be shown. ${failed.message}`;
      }
      if (this.current === current) current.timer = setTimeout(load, AGAIN);
    };
    this.sheet.open(name, [...nodes, error, box], () => {
      clearTimeout(current.timer);
      this.current = null;
      plots.close();
    });
    this.current = current;
    if (this.overview) update(this.overview);
    load();
  }
}

function serverFacts() {
  const shape = mark("unknown");
  const text = { state: live(), reason: live(), url: live(), more: live() };
  const node = el(
    "div",
    { class: "facts" },
    el("p", { class: "state-line" }, shape, el("b", {}, text.state), " ", el("span", {}, text.reason)),
    el("p", { class: "sub" }, text.url),
    el("p", { class: "sub" }, text.more),
  );
  const update = (server, { at }) => {
    if (!server) {
      say(text.state, "Gone");
      say(text.reason, "It is in no route any more.");
      return;
    }
    const state = stateOf(server);
    put(node, "class", `facts ${state.tone}`);
    remark(shape, state.mark);
    say(text.state, state.label);
    const since = typeof server.since === "number" ? `for ${span(at - server.since)}` : "";
    say(text.reason, [since, server.reason ?? ""].filter(Boolean).join(": "));
    say(text.url, `${server.url} · in ${server.pools.join(", ")} · weight ${weight(server.weight)}`);
    const counted = [server.promptTokens, server.outputTokens].some((tokens) => typeof tokens === "number");
    const tokens = counted ? `${figure(server.promptTokens)} prompt and ${figure(server.outputTokens)} output tokens since the start` : null;
    const words = overrideWords(server);
    const set = words.length ? `set by ${server.override.by ?? "somebody"}${typeof server.override.at === "number" ? ` ${span(at - server.override.at)} ago` : ""}: ${words.join(", ")}` : "";
    const breaker = breakerOf(server)?.label ?? (server.breaker === "closed" ? "breaker closed" : "no breaker");
    say(text.more, [breaker, tokens, set].filter(Boolean).join(" · "));
  };
  return { node, update };
}

class Buttons {
  constructor(name, change) {
    const button = (kind, words) => el("button", { type: "button", onclick: () => change(kind, name) }, words);
    this.drain = button("drain", "Drain…");
    this.eject = button("eject", "Eject…");
    this.weigh = button("weigh", "Set weight…");
    this.restore = button("restore", "Restore…");
    this.probe = button("probe", "Probe now…");
    this.node = el("div", { class: "buttons", role: "group", "aria-label": `Change ${name}` }, this.drain, this.eject, this.weigh, this.restore, this.probe);
    this.node.hidden = true;
  }

  update(server, { user }) {
    const set = server?.override ?? {};
    this.node.hidden = !server || !(user?.roles ?? []).includes("operator");
    this.drain.hidden = Boolean(set.drain);
    this.eject.hidden = Boolean(set.eject);
    this.restore.hidden = !server || overrideWords(server).length === 0;
  }
}
