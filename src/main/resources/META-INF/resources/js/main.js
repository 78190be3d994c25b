// Puts the parts of the page together: one stream in, one drawing a second out.

import { api, token } from "./api.js";
import { Changes } from "./changes.js";
import { Confirm } from "./confirm.js";
import { Details } from "./details.js";
import { byId, el, mark } from "./dom.js";
import { span } from "./format.js";
import { Header } from "./header.js";
import { Limits } from "./limits.js";
import { Pools } from "./pools.js";
import { Road } from "./road.js";
import { Routes } from "./routes.js";
import { Servers } from "./servers.js";
import { Sheet } from "./sheet.js";
import { LEGEND, stateOf } from "./states.js";
import { OverviewStream } from "./stream.js";
import { Trends } from "./trends.js";

/** Data older than this is marked: two events missed. */
const STALE = 3_000;
/** Fleets up to this size get their curves filled from the history at once. */
const FILLED = 24;

let overview = null;
let heardAt = 0;
let wanted = false;
let stale = false;

const trends = new Trends();
const sheet = new Sheet();
const confirm = new Confirm(() => overview, announce);
const change = (kind, name) => confirm.server(kind, name);
const details = new Details(sheet, change);
const header = new Header({ liftAll: () => confirm.liftAll(), show });
const road = new Road((name) => details.server(name));
const pools = new Pools((name) => details.pool(name));
const servers = new Servers({ open: (name) => details.server(name), change, trends });
const limits = new Limits();
const changes = new Changes(announce);
const routes = new Routes(sheet);

byId("legend").append(...LEGEND.map(({ label, mark: shape, tone }) => el("li", { class: tone }, mark(shape), label)));

const stream = new OverviewStream({
  overview(data) {
    const first = overview === null;
    overview = data;
    heardAt = performance.now();
    trends.add(data.at, new Map(data.servers.map((server) => [server.name, server.requestsPerSecond])));
    if (first) begin();
    if (stale) fresh();
    draw();
  },
  lost() {
    age();
  },
  denied(error) {
    overview = null;
    login(error);
  },
});

/** Draws once before the next frame; not at all while nobody looks. */
function draw() {
  if (wanted || document.hidden) return;
  wanted = true;
  requestAnimationFrame(() => {
    wanted = false;
    if (overview) render();
  });
}

function render() {
  performance.mark("draw");
  const taking = overview.servers.filter((server) => stateOf(server).takes).length;
  header.update(overview, taking);
  road.update(overview);
  pools.update(overview);
  servers.update(overview);
  limits.update(overview);
  changes.update(overview);
  routes.update(overview);
  details.update(overview);
  performance.measure("tick", "draw");
  performance.clearMarks("draw");
  if (performance.getEntriesByName("tick").length > 300) performance.clearMeasures("tick");
}

function begin() {
  document.body.classList.remove("waiting");
  byId("waiting-note").hidden = true;
  byId("login").hidden = true;
  byId("board").hidden = false;
  byId("sign-out").hidden = !token.get();
  if (overview.servers.length <= FILLED) fillTrends(overview.servers.map((server) => server.name));
}

/** What was before this page was opened; one after the other, for it is not urgent. */
async function fillTrends(names) {
  for (const name of names) {
    try {
      const { to, stepSeconds, series } = await api.history("server", name);
      trends.before(name, to, stepSeconds, series.requestsPerSecond);
    } catch {
      return; // The curves begin now, then.
    }
  }
  draw();
}

/** Says how old what is shown is, while nothing new comes. */
function age() {
  const old = performance.now() - heardAt;
  if (overview === null) {
    if (byId("login").hidden) byId("waiting-note").textContent = "The gateway does not answer. Trying again…";
    return;
  }
  if (old < STALE) return;
  byId("stale").textContent = `No news for ${span(old)}: what you see is as old. Trying again…`;
  if (!stale) {
    stale = true;
    byId("stale").hidden = false;
    document.body.classList.add("old");
    header.stale();
    announce("The connection to the gateway is lost");
  }
}

function fresh() {
  stale = false;
  byId("stale").hidden = true;
  document.body.classList.remove("old");
  announce("The connection is back");
}

function login(error) {
  byId("waiting-note").hidden = true;
  byId("board").hidden = true;
  document.body.classList.add("waiting");
  sheetsClosed();
  byId("login").hidden = false;
  document.body.classList.remove("old");
  byId("stale").hidden = true;
  stale = false;
  byId("sign-out").hidden = true;
  const tried = token.get() !== null;
  token.clear();
  byId("login-error").textContent = error.status === 403 ? "This token may not look: it needs the role viewer." : tried ? "That token is not known, or no longer." : "";
  byId("token").focus();
}

function sheetsClosed() {
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
}

byId("login-form").addEventListener("submit", (event) => {
  event.preventDefault();
  token.set(byId("token").value.trim());
  byId("token").value = "";
  byId("login-error").textContent = "";
  stream.start();
});

byId("sign-out").addEventListener("click", () => {
  stream.stop();
  token.clear();
  location.reload();
});

function show({ server, file, state }) {
  if (server) details.server(server);
  else if (file) routes.open(file);
  else if (state) {
    servers.show({ state: `is:${state}` });
    byId("servers").scrollIntoView({ block: "start" });
    byId("servers").focus({ preventScroll: true });
  }
}

/** For those who listen: changes only, never figures. What is behind an open sheet is not heard. */
function announce(text) {
  byId("said").textContent = text;
  byId("sheet-said").textContent = text;
}

document.addEventListener("visibilitychange", draw);
setInterval(age, 1_000);
stream.start();
