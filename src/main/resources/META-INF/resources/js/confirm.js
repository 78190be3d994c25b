// Changes, each behind a dialog that says what will happen.

import { api } from "./api.js";
import { byId, el } from "./dom.js";
import { counted, weight } from "./format.js";
import { overrideWords, stateOf } from "./states.js";

/** What is asked, and what a yes does. */
const QUESTIONS = {
  drain: (server, overview) => ({
    title: `Drain ${server.name}?`,
    text: [running(server, "finishes"), "It gets nothing new until somebody restores it, also after routes are reloaded.", ...left(server, overview)],
    yes: "Drain",
    act: () => api.drain(server.name),
    done: `${server.name} drains`,
  }),
  eject: (server, overview) => ({
    title: `Eject ${server.name}?`,
    text: ["It counts as failed at once and gets nothing new until somebody restores it.", running(server, "still finishes"), ...left(server, overview)],
    yes: "Eject",
    act: () => api.eject(server.name),
    done: `${server.name} is ejected`,
  }),
  weigh: (server) => ({
    title: `Set the weight of ${server.name}`,
    text: [`It is ${weight(server.weight)} now. Twice the weight is twice the share, for balancers that go by weight.`],
    weight: server.weight,
    yes: "Set weight",
    act: (chosen) => api.weigh(server.name, chosen),
    done: `${server.name} has its new weight`,
  }),
  restore: (server) => ({
    title: `Restore ${server.name}?`,
    text: [`Takes back what was set: ${overrideWords(server).join(", ")}.`, "It is again as its route and its health say, and gets its traffic little by little."],
    yes: "Restore",
    act: () => restore(server),
    done: `${server.name} is restored`,
  }),
  probe: (server) => ({
    title: `Probe ${server.name} now?`,
    text: ["It is sent one short prompt, and the answer is judged like any other probe's. The prompt counts in its hourly budget."],
    yes: "Probe",
    act: () => api.probe(server.name),
    done: (result) => `${server.name}: ${told(result)}`,
  }),
};

function running(server, does) {
  return server.inflight > 0 ? `It ${does} its ${counted(server.inflight, "request")} in flight.` : "It has nothing in flight.";
}

/** Who is left in each of its pools: the one thing to know before. */
function left(server, { pools, servers }) {
  const by = new Map(servers.map((each) => [each.name, each]));
  return server.pools.map((name) => {
    const others = (pools.find((pool) => pool.name === name)?.servers ?? []).filter((each) => each !== server.name && by.has(each) && stateOf(by.get(each)).takes);
    return others.length === 0
      ? { warn: `Nobody else in ${name} takes requests: they will fail.` }
      : `${counted(others.length, "other server")} of ${name} ${others.length === 1 ? "takes" : "take"} the requests.`;
  });
}

async function restore(server) {
  const set = server.override ?? {};
  if (set.drain) await api.undrain(server.name);
  if (set.eject) await api.uneject(server.name);
  if (typeof set.weight === "number") await api.unweigh(server.name);
}

function told(result) {
  const words = result?.result ?? result?.outcome ?? result?.verdict ?? result?.detail;
  return typeof words === "string" ? words : "the probe was sent";
}

export class Confirm {
  constructor(overview, announce) {
    this.overview = overview; // () => the latest
    this.announce = announce;
    this.dialog = byId("confirm");
    this.asked = null;
    byId("confirm-no").addEventListener("click", () => this.dialog.close());
    byId("confirm-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.act();
    });
    this.dialog.addEventListener("close", () => (this.asked = null));
  }

  /** Asks before a change of a server: drain, eject, weigh, restore or probe. */
  server(kind, name) {
    const overview = this.overview();
    const server = overview.servers.find((each) => each.name === name);
    if (server) this.ask(QUESTIONS[kind](server, overview));
  }

  liftAll() {
    const those = this.overview().servers.filter((server) => overrideWords(server).length > 0);
    this.ask({
      title: "Lift all overrides?",
      text: ["Every server is again as its route and its health say:", those.map((server) => `${server.name} (${overrideWords(server).join(", ")})`).join(", ")],
      yes: "Lift all",
      act: () => api.liftAll(),
      done: "All overrides are lifted",
    });
  }

  ask(question) {
    this.asked = question;
    byId("confirm-title").textContent = question.title;
    byId("confirm-text").replaceChildren(...question.text.map((each) => (each.warn ? el("p", { class: "warning" }, each.warn) : el("p", {}, each))));
    byId("confirm-yes").textContent = question.yes;
    byId("confirm-yes").disabled = false;
    byId("confirm-error").textContent = "";
    byId("weight-field").hidden = question.weight === undefined;
    byId("weight").disabled = question.weight === undefined;
    byId("weight").required = question.weight !== undefined;
    if (question.weight !== undefined) byId("weight").value = String(question.weight);
    this.dialog.showModal();
    // The safe choice is the one that Enter makes, unless there is something to fill in.
    (question.weight === undefined ? byId("confirm-no") : byId("weight")).focus();
  }

  async act() {
    const { asked } = this;
    if (!asked) return;
    byId("confirm-yes").disabled = true;
    try {
      const result = await asked.act(Number(byId("weight").value));
      this.announce(typeof asked.done === "function" ? asked.done(result) : asked.done);
      if (this.asked === asked) this.dialog.close();
    } catch (error) {
      byId("confirm-error").textContent = error.status === 403 ? `Your role does not allow this. ${error.message}` : error.message;
      byId("confirm-yes").disabled = false;
    }
  }
}
