// The head of the page: how the gateway is, its figures, what needs attention.

import { byId, el, Keyed, live, mark, put, remark, say } from "./dom.js";
import { figure, span, whole } from "./format.js";
import { alertsOf } from "./states.js";

const total = (items, field) => {
  const known = items.map((item) => item[field]).filter((value) => typeof value === "number");
  return known.length ? known.reduce((sum, value) => sum + value, 0) : null;
};

const FIGURES = [
  { label: "Requests/s", of: ({ gateway }) => figure(gateway.requestsPerSecond) },
  { label: "In flight", of: ({ gateway }) => whole(gateway.inflight) },
  { label: "Tokens/s", of: ({ pools }) => figure(total(pools, "tokensPerSecond")) },
  { label: "Servers in use", of: (overview, taking) => (overview.servers.length ? `${taking} of ${overview.servers.length}` : "0") },
  { label: "Errors/s", of: ({ gateway }) => figure(gateway.errorsPerSecond), worry: ({ gateway }) => gateway.errorsPerSecond > 0 },
  { label: "Shed/s", of: ({ gateway }) => figure(gateway.shedPerSecond), worry: ({ gateway }) => gateway.shedPerSecond > 0 },
  { label: "Connections", of: ({ gateway }) => whole(gateway.connections) },
];

export class Header {
  constructor(actions) {
    this.shape = mark("unknown");
    this.word = live();
    this.about = live();
    this.who = live();
    byId("gateway-state").append(this.shape, el("span", {}, this.word));
    byId("gateway-about").append(this.about);
    byId("who").append(this.who);
    this.figures = FIGURES.map((each) => {
      const value = live("–");
      const box = el("div", { class: "figure" }, el("dt", {}, each.label), el("dd", {}, value));
      return { ...each, value, box };
    });
    byId("figures").append(el("dl", {}, ...this.figures.map((each) => each.box)));
    this.alerts = new Keyed(byId("alert-list"), (item) => alertRow(item, actions));
  }

  /** That what is shown is old. */
  stale() {
    remark(this.shape, "unknown");
    say(this.word, "No news");
    put(byId("gateway-state"), "class", "gateway-state idle");
  }

  update(overview, taking) {
    const { gateway, user } = overview;
    const [shape, word, tone] = gateway.draining
      ? ["draining", "Draining", "warn"]
      : gateway.ready
        ? ["ok", "Ready", "ok"]
        : ["down", "Not ready", "bad"];
    remark(this.shape, shape);
    say(this.word, word);
    put(byId("gateway-state"), "class", `gateway-state ${tone}`);
    say(this.about, `${gateway.version ?? ""} · up ${span((gateway.uptimeSeconds ?? 0) * 1e3)}`);
    const roles = user?.roles ?? [];
    say(this.who, user?.name ? `${user.name}, ${roles.includes("operator") ? "operator" : (roles[0] ?? "no role")}` : "");
    for (const each of this.figures) {
      say(each.value, each.of(overview, taking));
      put(each.box, "class", each.worry?.(overview) ? "figure worry" : "figure");
    }
    const alerts = alertsOf(overview);
    const urgent = alerts.filter((each) => each.tone !== "idle").length;
    byId("alerts").hidden = alerts.length === 0;
    this.alerts.sync(alerts, (each) => each.key, { operator: roles.includes("operator") });
    const title = urgent ? `(${urgent}) Caravan` : "Caravan";
    if (document.title !== title) document.title = title;
  }
}

function alertRow(item, actions) {
  const shape = mark(item.mark);
  const title = live();
  const detail = live();
  let current = item;
  const lift = el("button", { type: "button", class: "small", onclick: () => actions.liftAll() }, "Lift all");
  const show = el("button", { type: "button", class: "small", onclick: () => actions.show(current) }, "Show");
  const node = el("li", {}, shape, el("div", { class: "alert-text" }, el("strong", {}, title), " ", el("span", {}, detail)), show, lift);
  return {
    node,
    update(next, { operator }) {
      current = next;
      put(node, "class", `alert ${next.tone}`);
      remark(shape, next.mark);
      say(title, next.title);
      say(detail, next.detail);
      show.hidden = !(next.server || next.file || next.state);
      put(show, "aria-label", `Show: ${next.title}`);
      lift.hidden = !(next.overrides && operator);
    },
  };
}

