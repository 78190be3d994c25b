// One server as a row of the table.

import { el, live, mark, put, remark, say, svg } from "./dom.js";
import { ago, duration, figure, percent, span, weight, whole } from "./format.js";
import { breakerOf, overrideWords, stateOf } from "./states.js";
import { cell, rowHead } from "./table.js";
import { BOX } from "./trends.js";

export const COLUMNS = {
  name: { label: "Server", cls: "name" },
  state: { label: "State", cls: "state" },
  inflight: { label: "In flight", cls: "load" },
  requests: { label: "Requests/s", cls: "num" },
  tokens: { label: "Tokens/s", cls: "num" },
  trend: { label: "Ten minutes", cls: "trend", hint: "Requests a second over the last ten minutes" },
  ttft: { label: "TTFT p50 / p95", cls: "num wide-num", hint: "Time to the first token: the median, and what 95 of 100 stay below" },
  prefix: { label: "Prefix hits", cls: "num", hint: "How much of the prompts was in its cache" },
  failures: { label: "Failures/s", cls: "num" },
  act: { label: "Change", cls: "act" },
};

/** A row: made once for a server, then only what differs is written. */
export function serverRow(server, { open, change, trends }) {
  const text = {};
  for (const name of ["sub", "state", "since", "reason", "breaker", "override", "load", "requests", "tokens", "ttft", "prefix", "failures", "act"]) text[name] = live();
  let now = server;
  const shape = mark("unknown");
  const breaker = el("span", { class: "chip" }, text.breaker);
  const override = el("span", { class: "chip idle" }, mark("override"), text.override);
  const used = el("span", { class: "used" });
  const bar = el("span", { class: "bar", "aria-hidden": "true" }, used);
  const curve = svg("path", { class: "curve" });
  const area = svg("path", { class: "area" });
  const failures = cell(COLUMNS.failures, text.failures);
  const act = el("button", { type: "button", class: "small", onclick: () => change(stateIsOverridden(now) ? "restore" : "drain", now.name) }, text.act);
  const node = el(
    "tr",
    { role: "row" },
    rowHead(
      COLUMNS.name,
      el("button", { type: "button", class: "link", onclick: () => open(server.name) }, server.name),
      el("span", { class: "sub" }, text.sub),
    ),
    cell(
      COLUMNS.state,
      el("span", { class: "state-line" }, shape, el("b", {}, text.state), el("span", { class: "since" }, text.since), breaker, override),
      el("span", { class: "sub" }, text.reason),
    ),
    cell(COLUMNS.inflight, el("span", { class: "load-text" }, text.load), bar),
    cell(COLUMNS.requests, text.requests),
    cell(COLUMNS.tokens, text.tokens),
    cell(
      COLUMNS.trend,
      svg("svg", { viewBox: BOX, preserveAspectRatio: "none", class: "spark", "aria-hidden": "true", focusable: "false" }, area, curve),
    ),
    cell(COLUMNS.ttft, text.ttft),
    cell(COLUMNS.prefix, text.prefix),
    failures,
    cell(COLUMNS.act, act),
  );
  const shown = { share: -1, path: null };
  const update = (next, { at, operator }) => {
    now = next;
    const state = stateOf(now);
    put(node, "class", state.tone);
    remark(shape, state.mark);
    say(text.state, state.label);
    say(text.since, typeof now.since === "number" ? span(at - now.since) : "");
    say(text.reason, state.tone === "ok" && state.rank === 0 ? "" : (now.reason ?? ""));
    say(text.sub, `${now.url ?? ""}${now.weight !== 1 ? ` · weight ${weight(now.weight)}` : ""}`);
    const protector = breakerOf(now);
    breaker.hidden = !protector;
    if (protector) {
      say(text.breaker, protector.label);
      put(breaker, "class", `chip ${protector.tone}`);
    }
    const words = overrideWords(now);
    override.hidden = words.length === 0;
    if (words.length) {
      say(text.override, `${words.join(", ")}${now.override.by ? ` by ${now.override.by}` : ""}`);
      put(override, "title", typeof now.override.at === "number" ? ago(at - now.override.at) : null);
    }
    say(text.load, now.maxInflight ? `${whole(now.inflight)} / ${whole(now.maxInflight)}` : whole(now.inflight));
    bar.hidden = !now.maxInflight;
    const share = now.maxInflight ? Math.min(1, now.inflight / now.maxInflight) : 0;
    if (share !== shown.share) {
      shown.share = share;
      used.style.setProperty("transform", `scaleX(${share.toFixed(3)})`);
      put(bar, "class", share >= 0.999 ? "bar full" : "bar");
    }
    say(text.requests, figure(now.requestsPerSecond));
    say(text.tokens, figure(now.tokensPerSecond));
    say(text.ttft, `${duration(now.ttftP50Seconds)} / ${duration(now.ttftP95Seconds)}`);
    say(text.prefix, percent(now.prefixHitRatio));
    say(text.failures, figure(now.failuresPerSecond));
    put(failures, "class", now.failuresPerSecond > 0 ? "num worry" : "num");
    const path = trends.path(now.name);
    if (path !== shown.path) {
      shown.path = path;
      put(curve, "d", path?.curve ?? "");
      put(area, "d", path?.area ?? "");
    }
    if (act.hidden === operator) act.hidden = !operator;
    if (operator) {
      say(text.act, stateIsOverridden(now) ? "Restore…" : "Drain…");
      put(act, "aria-label", `${stateIsOverridden(now) ? "Restore" : "Drain"} ${now.name}`);
    }
  };
  return { node, update };
}

/** Whether somebody has taken it out of the traffic by hand. */
function stateIsOverridden(server) {
  return Boolean(server.override?.drain || server.override?.eject);
}
