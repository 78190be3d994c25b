// The pools: one row each.

import { byId, el, Keyed, live, mark, put, remark, say } from "./dom.js";
import { duration, figure, percent, whole } from "./format.js";
import { stateOf, wellness } from "./states.js";
import { cell, rowHead, table } from "./table.js";

const COLUMNS = {
  name: { label: "Pool", cls: "name" },
  servers: { label: "Servers", cls: "state" },
  inflight: { label: "In flight", cls: "num" },
  requests: { label: "Requests/s", cls: "num" },
  tokens: { label: "Tokens/s", cls: "num" },
  ttft: { label: "TTFT p50 / p95", cls: "num wide-num", hint: "Time to the first token: the median, and what 95 of 100 stay below" },
  prefix: { label: "Prefix hits", cls: "num", hint: "How much of the prompts was in a server's cache" },
  retries: { label: "Retries/s", cls: "num" },
  errors: { label: "Errors/s", cls: "num" },
};

export class Pools {
  constructor(openPool) {
    const { body } = table(byId("pools-box"), "Pools, with their live figures", Object.values(COLUMNS));
    this.rows = new Keyed(body, (pool) => row(pool, openPool));
    this.count = live();
    byId("pools-count").append(this.count);
  }

  update({ pools, servers }) {
    byId("pools").hidden = pools.length === 0;
    say(this.count, whole(pools.length));
    this.rows.sync(pools, (pool) => pool.name, new Map(servers.map((server) => [server.name, server])));
  }
}

function row(pool, open) {
  const shape = mark("unknown");
  const text = {};
  for (const name of ["servers", "aliases", "inflight", "places", "requests", "tokens", "ttft", "prefix", "retries", "errors"]) text[name] = live();
  const errors = cell(COLUMNS.errors, text.errors);
  const node = el(
    "tr",
    { role: "row" },
    rowHead(COLUMNS.name, el("button", { type: "button", class: "link", onclick: () => open(pool.name) }, pool.name), el("span", { class: "sub" }, text.aliases)),
    cell(COLUMNS.servers, shape, el("span", {}, text.servers)),
    cell(COLUMNS.inflight, text.inflight, el("span", { class: "sub" }, text.places)),
    cell(COLUMNS.requests, text.requests),
    cell(COLUMNS.tokens, text.tokens),
    cell(COLUMNS.ttft, text.ttft),
    cell(COLUMNS.prefix, text.prefix),
    cell(COLUMNS.retries, text.retries),
    errors,
  );
  return {
    node,
    update(now, servers) {
      const { taking, all, tone, mark: which } = wellness(now.servers, servers);
      put(node, "class", tone);
      remark(shape, which);
      say(text.servers, taking === all ? `all ${whole(all)} take requests` : `${whole(taking)} of ${whole(all)} take requests`);
      say(text.aliases, now.aliases.length ? `also ${now.aliases.join(", ")}` : "");
      say(text.inflight, whole(now.inflight));
      say(text.places, [places(now.servers, servers), waits(now.queue)].filter(Boolean).join(", "));
      say(text.requests, figure(now.requestsPerSecond));
      say(text.tokens, figure(now.tokensPerSecond));
      say(text.ttft, `${duration(now.ttftP50Seconds)} / ${duration(now.ttftP95Seconds)}`);
      say(text.prefix, percent(now.prefixHitRatio));
      say(text.retries, figure(now.retriesPerSecond));
      say(text.errors, figure(now.errorsPerSecond));
      put(errors, "class", now.errorsPerSecond > 0 ? "num worry" : "num");
    },
  };
}

/** How many its servers take at a time, where each of those that take requests says so. */
function places(names, servers) {
  const known = names.map((name) => servers.get(name)).filter((server) => server && stateOf(server).takes);
  return known.length && known.every((server) => server.maxInflight) ? `of ${whole(known.reduce((sum, server) => sum + server.maxInflight, 0))}` : "";
}

/** How many wait for a place there, and how long a request that comes now is likely to. */
function waits(queue) {
  if (!queue || queue.waiting === 0) return "";
  return `${whole(queue.waiting)} wait${queue.expectedSeconds === null ? "" : ` about ${duration(queue.expectedSeconds)}`}`;
}
