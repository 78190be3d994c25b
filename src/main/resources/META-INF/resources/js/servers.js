// The servers: which are shown, in which order, and the rows.

import { byId, el, Keyed, live, put, say } from "./dom.js";
import { counted, whole } from "./format.js";
import { COLUMNS, serverRow } from "./server-row.js";
import { breakerOf, overrideWords, stateOf } from "./states.js";
import { table } from "./table.js";

const descending = (of) => (a, b) => (of(b) ?? -1) - (of(a) ?? -1);
const byName = (a, b) => a.name.localeCompare(b.name, undefined, { numeric: true });

/** What one may sort by; the head of a column does the same as the list. */
const ORDERS = {
  trouble: { label: "Trouble first", by: descending((server) => stateOf(server).rank + (breakerOf(server) ? 0.5 : 0)), column: "state" },
  name: { label: "By name", by: byName, column: "name" },
  inflight: { label: "Most in flight", by: descending((server) => server.inflight), column: "inflight" },
  requests: { label: "Most requests", by: descending((server) => server.requestsPerSecond), column: "requests" },
  tokens: { label: "Most tokens", by: descending((server) => server.tokensPerSecond), column: "tokens" },
  ttft: { label: "Slowest first token", by: descending((server) => server.ttftP95Seconds), column: "ttft" },
  prefix: { label: "Most prefix hits", by: descending((server) => server.prefixHitRatio), column: "prefix" },
  failures: { label: "Most failures", by: descending((server) => server.failuresPerSecond), column: "failures" },
};

const FILTERS = {
  all: { label: "All states", has: () => true },
  trouble: { label: "In trouble", has: (server) => stateOf(server).rank >= 3 || breakerOf(server) !== null },
  overridden: { label: "Overridden", has: (server) => overrideWords(server).length > 0 },
};

/** Rows do not run away from a pointer or a keyboard: live orders are only made anew so often. */
const RESORT_EVERY = 5_000;
/** From here on a server has one line. */
const MANY = 24;

export class Servers {
  constructor(actions) {
    this.box = byId("servers-box");
    this.order = "trouble";
    this.sorted = [];
    this.sortedAt = 0;
    const columns = Object.entries(COLUMNS).map(([key, column]) => ({ ...column, head: this.head(key, column) }));
    const { body, heads } = table(this.box, "Servers, with their live figures", columns);
    this.heads = new Map(Object.keys(COLUMNS).map((key, index) => [key, heads[index]]));
    this.rows = new Keyed(body, (server) => serverRow(server, actions));
    this.count = live();
    byId("servers-count").append(this.count);
    this.text = byId("filter-text");
    this.state = byId("filter-state");
    this.pool = byId("filter-pool");
    this.sort = byId("sort");
    this.pools = "";
    this.states = "";
    this.sort.append(...Object.entries(ORDERS).map(([value, { label }]) => el("option", { value }, label)));
    byId("filters").addEventListener("submit", (event) => event.preventDefault());
    byId("filters").addEventListener("input", () => this.sortBy(this.sort.value));
    this.fillStates([]);
    this.fillPools([]);
    this.sortBy("trouble");
  }

  head(key, column) {
    const order = Object.keys(ORDERS).find((each) => ORDERS[each].column === key);
    if (!order) return key === "act" ? el("span", { class: "visually-hidden" }, column.label) : column.label;
    return el("button", { type: "button", class: "head", title: `${ORDERS[order].label}${column.hint ? `. ${column.hint}` : ""}`, onclick: () => this.sortBy(order) }, column.label);
  }

  sortBy(order) {
    this.order = order;
    this.sort.value = order;
    for (const [key, head] of this.heads) {
      put(head, "aria-sort", ORDERS[order].column === key ? (key === "name" ? "ascending" : "descending") : null);
    }
    this.sortedAt = 0;
    if (this.overview) this.update(this.overview);
  }

  /** Shows those of one state only, or the one of a name. */
  show({ state = "all", text = "" }) {
    if (![...this.state.options].some((option) => option.value === state)) state = "all";
    this.state.value = state;
    this.text.value = text;
    this.pool.value = "";
    this.sortBy(this.order);
  }

  update(overview) {
    this.overview = overview;
    const { servers, pools, user, at } = overview;
    this.fillPools(pools.map((pool) => pool.name));
    this.fillStates([...new Set(servers.map((server) => server.state))].sort());
    const operator = (user?.roles ?? []).includes("operator");
    const shown = this.inOrder(servers.filter((server) => this.shows(server)), at);
    this.rows.sync(shown, (server) => server.name, { at, operator });
    put(this.box, "class", `scroll${operator ? "" : " viewer"}${servers.length > MANY ? " many" : ""}`);
    say(this.count, shown.length === servers.length ? whole(servers.length) : `${whole(shown.length)} of ${whole(servers.length)}`);
    byId("filters").hidden = servers.length < 2;
    this.box.hidden = shown.length === 0;
    const empty = byId("servers-empty");
    empty.hidden = shown.length > 0;
    if (shown.length === 0) empty.textContent = servers.length ? `None of the ${counted(servers.length, "server")} is as you ask.` : "No server yet.";
  }

  shows(server) {
    const filter = FILTERS[this.state.value];
    if (filter ? !filter.has(server) : this.state.value !== `is:${server.state}`) return false;
    if (this.pool.value && !server.pools.includes(this.pool.value)) return false;
    const text = this.text.value.trim().toLowerCase();
    return !text || [server.name, server.url, server.reason, ...server.pools].some((each) => (each ?? "").toLowerCase().includes(text));
  }

  inOrder(servers, at) {
    const held = this.box.matches(":hover") || this.box.querySelector("tbody")?.contains(document.activeElement);
    const due = this.sortedAt === 0 || (!held && at - this.sortedAt >= RESORT_EVERY);
    if (due) {
      this.sortedAt = at;
      const { by } = ORDERS[this.order];
      const sorted = [...servers].sort((a, b) => by(a, b) || byName(a, b));
      this.sorted = sorted.map((server) => server.name);
      return sorted;
    }
    const place = new Map(this.sorted.map((name, index) => [name, index]));
    return [...servers].sort((a, b) => (place.get(a.name) ?? 1e6) - (place.get(b.name) ?? 1e6));
  }

  fillPools(names) {
    this.pools = fill(this.pool, this.pools, [["", "All pools"], ...names.map((name) => [name, name])]);
  }

  fillStates(states) {
    const named = states.map((state) => [`is:${state}`, stateOf({ state }).label]);
    this.states = fill(this.state, this.states, [...Object.entries(FILTERS).map(([value, { label }]) => [value, label]), ...named]);
  }
}

/** Fills a list where its options differ, and keeps what was chosen. */
function fill(list, before, options) {
  const now = JSON.stringify(options);
  if (now === before) return before;
  const chosen = list.value;
  list.replaceChildren(...options.map(([value, label]) => el("option", { value }, label)));
  if (options.some(([value]) => value === chosen)) list.value = chosen;
  return now;
}
