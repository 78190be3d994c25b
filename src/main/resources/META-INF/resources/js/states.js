// What states look like and how bad they are: a tone (colour), a mark (shape) and a word, always together.

import { counted, span } from "./format.js";

const STATES = {
  healthy: { label: "Healthy", mark: "ok", tone: "ok", rank: 0, takes: true },
  up: { label: "Up", mark: "ok", tone: "ok", rank: 0, takes: true },
  busy: { label: "Busy", mark: "busy", tone: "busy", rank: 1, takes: true },
  warming: { label: "Warming up", mark: "warming", tone: "busy", rank: 2, takes: true },
  suspect: { label: "Suspect", mark: "suspect", tone: "warn", rank: 4, takes: true },
  draining: { label: "Draining", mark: "draining", tone: "idle", rank: 3, takes: false },
  drained: { label: "Drained", mark: "draining", tone: "idle", rank: 3, takes: false },
  hung: { label: "Hung", mark: "hung", tone: "bad", rank: 6, takes: false },
  down: { label: "Down", mark: "down", tone: "bad", rank: 7, takes: false },
  ejected: { label: "Ejected", mark: "ejected", tone: "bad", rank: 5, takes: false },
};

/** In the order of the legend. */
export const LEGEND = ["healthy", "busy", "warming", "suspect", "draining", "ejected", "hung", "down"].map(
  (name) => STATES[name],
);

/** How to show a server's state; one that this page does not know is shown by its own word. */
export function stateOf(server) {
  return STATES[server.state] ?? { label: String(server.state), mark: "unknown", tone: "idle", rank: 3, takes: true };
}

/** A pool with this share of its servers out is a warning; with none that takes requests it is bad. */
const OUT = 0.25;

/** How a pool of servers is, by their names: how many take requests, and a tone and mark for the whole. */
export function wellness(names, servers) {
  const known = names.map((name) => servers.get(name)).filter(Boolean);
  const taking = known.filter((server) => stateOf(server).takes).length;
  const all = known.length;
  if (taking === 0) return { taking, all, tone: "bad", mark: "down" };
  return (all - taking) / all >= OUT ? { taking, all, tone: "warn", mark: "suspect" } : { taking, all, tone: "ok", mark: "ok" };
}

/** How to show a breaker, or null where it has nothing to say. */
export function breakerOf(server) {
  const state = server.breaker;
  if (state === null || state === undefined || state === "closed") return null;
  return { label: `breaker ${String(state).replace("_", " ")}`, tone: state === "open" ? "bad" : "warn" };
}

/** What people have set at a server, in words; empty where nothing. */
export function overrideWords(server) {
  const set = server.override;
  if (!set) return [];
  const words = [];
  if (set.drain) words.push("drained");
  if (set.eject) words.push("ejected");
  if (typeof set.weight === "number") words.push(`weight ${set.weight}`);
  return words;
}

const NAMED = 3;

function names(servers) {
  const first = servers.slice(0, NAMED).map((server) => server.name);
  return servers.length > NAMED ? `${first.join(", ")} and ${servers.length - NAMED} more` : first.join(", ");
}

function alert(tone, mark, text, more = {}) {
  return { key: text.key, tone, mark, title: text.title, detail: text.detail ?? "", ...more };
}

/** What needs somebody's attention now, the worst first. */
export function alertsOf(overview) {
  const { gateway, servers, routes, ingress, at } = overview;
  const found = [];
  if (gateway.draining) {
    found.push(alert("warn", "draining", { key: "drain", title: "The gateway is draining", detail: "It finishes what runs, and stops." }));
  } else if (gateway.ready === false) {
    found.push(alert("bad", "down", { key: "ready", title: "The gateway is not ready", detail: "Balancers in front of it send it nothing: /q/health/ready says why." }));
  }
  for (const [name, state] of Object.entries(STATES)) {
    if (state.tone !== "bad") continue;
    const those = servers.filter((server) => server.state === name);
    if (those.length === 1) {
      const [one] = those;
      const since = typeof one.since === "number" ? ` for ${span(at - one.since)}` : "";
      found.push(alert("bad", state.mark, { key: `s:${one.name}`, title: `${one.name}: ${state.label.toLowerCase()}${since}`, detail: one.reason ?? "" }, { server: one.name }));
    } else if (those.length > 1) {
      found.push(alert("bad", state.mark, { key: `s:${name}`, title: `${counted(those.length, "server")} ${state.label.toLowerCase()}`, detail: names(those) }, { state: name }));
    }
  }
  for (const file of routes) {
    if (file.state === "active") continue;
    const [first] = file.errors ?? [];
    const where = first ? `${first.line ? `line ${first.line}: ` : ""}${first.message}` : "";
    found.push(alert("bad", "down", { key: `f:${file.file}`, title: `${file.file} is ${file.state}`, detail: `${where}${where ? ". " : ""}The routes before it stay in force.` }, { file: file.file }));
  }
  // Those that are out already have their line above.
  const open = servers.filter((server) => breakerOf(server)?.tone === "bad" && stateOf(server).takes);
  if (open.length > 0) {
    found.push(alert("bad", "hung", { key: "breakers", title: open.length === 1 ? `The breaker of ${open[0].name} is open` : `${open.length} breakers are open`, detail: open.length === 1 ? "Requests pass it over until a trial succeeds." : names(open) }, open.length === 1 ? { server: open[0].name } : {}));
  }
  for (const door of ingress) {
    if (door.paused) found.push(alert("warn", "hung", { key: `i:${door.name}`, title: `${door.name} is paused`, detail: typeof door.held === "number" ? `${counted(door.held, "job")} held; the rest waits at the broker.` : "" }));
  }
  if (gateway.shedPerSecond > 0) {
    found.push(alert("warn", "suspect", { key: "shed", title: "The gateway is shedding", detail: "It has more than it can take, and answers some requests with 503 at once." }));
  }
  if (gateway.loopLagSeconds >= 0.25) {
    found.push(alert("warn", "suspect", { key: "lag", title: "Event loops run late", detail: `by ${Math.round(gateway.loopLagSeconds * 1e3)} ms` }));
  }
  const overridden = servers.filter((server) => overrideWords(server).length > 0);
  if (overridden.length > 0) {
    found.push(alert("idle", "override", { key: "overrides", title: `${counted(overridden.length, "override")} in force`, detail: overridden.length <= NAMED ? overridden.map((server) => `${server.name} ${overrideWords(server).join(", ")}`).join("; ") : names(overridden) }, { overrides: true }));
  }
  return found;
}
