// The road of requests: ingress, pools, servers, and how much runs between them.

import { byId, live, mark, put, remark, say, svg } from "./dom.js";
import { counted, duration, figure, whole } from "./format.js";
import { Flow } from "./flow.js";
import { layout, line } from "./road-layout.js";
import { stateOf, wellness } from "./states.js";

export class Road {
  constructor(openServer) {
    this.box = byId("road-box");
    this.openServer = openServer;
    this.flow = new Flow(this.box);
    this.drawn = "";
    this.parts = null;
    this.overview = null;
    this.width = 0;
    new ResizeObserver(([entry]) => {
      const width = Math.round(entry.contentRect.width);
      if (width === this.width) return;
      this.width = width;
      if (this.overview) this.update(this.overview);
    }).observe(this.box);
  }

  update(overview) {
    this.overview = overview;
    const none = overview.pools.length === 0;
    byId("road-empty").hidden = !none;
    if (!this.width) return;
    const drawn = shape(this.width, overview);
    if (drawn !== this.drawn) {
      this.drawn = drawn;
      this.draw(overview);
    }
    this.fill(overview);
  }

  draw(overview) {
    const place = layout(this.width, overview);
    this.flow.reset(place.width, place.height);
    const lines = svg("g", { class: "lines" });
    const parts = { place, lines: [], doors: new Map(), pools: new Map(), servers: new Map(), cells: [], blocks: new Map() };
    const { hub } = place;
    const add = (from, to, rateOf, toneOf) => {
      const d = line(...from, ...to);
      const road = svg("path", { d, class: "line" });
      lines.append(road);
      parts.lines.push({ road, flow: this.flow.add(from, to), rateOf, toneOf });
    };
    const nodes = svg("g", {});
    for (const box of place.doors) {
      const door = label(box, place.narrow);
      nodes.append(door.node);
      parts.doors.set(box.name, door);
      add([box.x + box.w, box.y + box.h / 2], [hub.x, box.y + box.h / 2], (now) => now.doors.get(box.name)?.perSecond, () => "ok");
    }
    for (const box of place.pools) {
      const pool = label(box, place.narrow);
      nodes.append(pool.node);
      parts.pools.set(box.name, pool);
      const y = box.y + box.h / 2;
      add([hub.x, y], [box.x, y], (now) => now.pools.get(box.name)?.requestsPerSecond, (now) => poolTone(now, box.name));
    }
    const right = new Map(place.pools.map((box) => [box.name, [box.x + box.w, box.y + box.h / 2]]));
    for (const box of place.servers) {
      const server = serverNode(box, place.narrow, this.openServer);
      nodes.append(server.node);
      parts.servers.set(box.name, server);
      for (const pool of overview.servers.find((each) => each.name === box.name).pools) {
        if (!right.has(pool)) continue;
        add(right.get(pool), [box.x, box.y + box.h / 2], (now) => shareOf(now, box.name, pool), (now) => toneOf(now, box.name));
      }
    }
    for (const block of place.blocks) {
      const part = blockNode(block, parts.cells, this.openServer);
      nodes.append(part.node);
      parts.blocks.set(block.name, part);
      const from = right.get(block.name);
      add(from, [block.x, from[1]], (now) => now.pools.get(block.name)?.requestsPerSecond, (now) => poolTone(now, block.name));
    }
    const told = svg("desc", { id: "road-told" });
    this.told = live();
    told.append(this.told);
    this.box.replaceChildren(
      svg(
        "svg",
        { width: place.width, height: place.height, viewBox: `0 0 ${place.width} ${place.height}`, role: "img", "aria-labelledby": "road-title road-told", class: `road${place.narrow ? " narrow" : ""}${place.dense ? " dense" : ""}` },
        told,
        lines,
        svg("rect", { class: "hub", x: hub.x - 3, y: hub.y, width: 6, height: hub.h, rx: 3 }),
        nodes,
      ),
      this.flow.canvas,
    );
    this.parts = parts;
  }

  fill(overview) {
    const { parts } = this;
    const now = {
      doors: byName(overview.ingress),
      pools: byName(overview.pools),
      servers: byName(overview.servers),
    };
    for (const [name, part] of parts.doors) {
      const door = now.doors.get(name);
      say(part.first, `${figure(door.perSecond)}/s`);
      say(part.second, typeof door.held === "number" ? `${whole(door.inflight)} running · ${whole(door.held)} held` : `${whole(door.inflight)} in flight`);
      put(part.node, "class", `node ${door.paused ? "warn" : "ok"}`);
    }
    for (const [name, part] of parts.pools) {
      const pool = now.pools.get(name);
      say(part.first, `${figure(pool.requestsPerSecond)}/s`);
      // Tokens are known where servers tell them: not every answer does.
      say(part.second, typeof pool.tokensPerSecond === "number" ? `${figure(pool.tokensPerSecond)} tokens/s` : `${whole(pool.inflight)} in flight`);
      say(part.third, `${duration(pool.ttftP50Seconds)} to the first`);
      put(part.node, "class", `node pool ${poolTone(now, name)}`);
    }
    for (const [name, part] of parts.servers) part.update(now.servers.get(name));
    for (const [name, part] of parts.blocks) part.update(now.pools.get(name), now);
    for (const cell of parts.cells) cell.update(now.servers.get(cell.name));

    const total = overview.ingress.reduce((sum, door) => sum + (door.perSecond ?? 0), 0);
    // A trunk of 4 to 22 units by the order of magnitude, shared out among the lines by their rates.
    const trunk = Math.min(22, 4 + 5 * Math.log10(1 + total));
    for (const { road, flow, rateOf, toneOf: tone } of parts.lines) {
      const rate = rateOf(now) ?? 0;
      const width = Math.max(1.5, total > 0 ? Math.min(1, rate / total) * trunk : 0);
      put(road, "stroke-width", width.toFixed(1));
      put(road, "class", `line ${tone(now)}`);
      flow(rate, tone(now), width);
    }
    this.flow.run();
    const well = overview.servers.filter((server) => stateOf(server).tone === "ok").length;
    say(
      this.told,
      `${figure(total)} requests a second come in by ${overview.ingress.map((door) => door.name).join(", ") || "no ingress"}, ` +
        `for ${counted(overview.pools.length, "pool")} with ${counted(overview.servers.length, "server")}, of which ${whole(well)} healthy.`,
    );
  }
}

const byName = (items) => new Map(items.map((item) => [item.name, item]));

/** What must be drawn anew when it differs. */
function shape(width, { ingress, pools, servers }) {
  return JSON.stringify([
    width,
    ingress.map((each) => each.name),
    pools.map((each) => [each.name, each.servers]),
    servers.map((each) => [each.name, each.pools]),
  ]);
}

function toneOf(now, server) {
  const found = now.servers.get(server);
  return found ? stateOf(found).tone : "idle";
}

function poolTone(now, name) {
  return wellness(now.pools.get(name)?.servers ?? [], now.servers).tone;
}

/** A server's rate, shared out among its pools as theirs are. */
function shareOf(now, name, pool) {
  const server = now.servers.get(name);
  if (!server) return 0;
  if (server.pools.length === 1) return server.requestsPerSecond;
  const rate = (each) => now.pools.get(each)?.requestsPerSecond ?? 0;
  const all = server.pools.reduce((sum, each) => sum + rate(each), 0);
  return all > 0 ? ((server.requestsPerSecond ?? 0) * rate(pool)) / all : 0;
}

/** As much of a name as fits; the whole is in the title. */
function fitting(name, width, glyph) {
  const room = Math.max(4, Math.floor(width / glyph));
  return name.length <= room ? name : `${name.slice(0, room - 1)}…`;
}

function label(box, narrow) {
  const first = live();
  const second = live();
  const third = live();
  const pad = narrow ? 8 : 12;
  const node = svg(
    "g",
    { class: "node", transform: `translate(${box.x} ${box.y})` },
    svg("title", {}, box.name),
    svg("rect", { class: "plate", width: box.w, height: box.h, rx: 8 }),
    svg("text", { class: "name", x: pad, y: 19 }, fitting(box.name, box.w - 2 * pad - (narrow ? 0 : 44), narrow ? 6.6 : 7.6)),
    narrow
      ? svg("text", { class: "figure", x: pad, y: 36 }, first)
      : svg("text", { class: "figure", x: box.w - pad, y: 19, "text-anchor": "end" }, first),
    narrow ? null : svg("text", { class: "more", x: pad, y: 36 }, second),
    narrow || box.h < 56 ? null : svg("text", { class: "more", x: pad, y: 52 }, third),
  );
  return { node, first, second, third };
}

function serverNode(box, narrow, open) {
  const figures = live();
  const load = live();
  const title = live(box.name);
  const shape = mark("unknown");
  put(shape, "x", "10");
  put(shape, "y", "9");
  put(shape, "width", "12");
  put(shape, "height", "12");
  const bar = box.w - 20;
  const room = svg("rect", { class: "room", x: 10, y: box.h - 10, height: 4, rx: 2, width: bar });
  const used = svg("rect", { class: "used", x: 10, y: box.h - 10, height: 4, rx: 2, width: 0 });
  const node = svg(
    "g",
    { class: "node server", transform: `translate(${box.x} ${box.y})`, onclick: () => open(box.name) },
    svg("title", {}, title),
    svg("rect", { class: "plate", width: box.w, height: box.h, rx: 8 }),
    shape,
    svg("text", { class: "name", x: 28, y: 19 }, fitting(box.name, box.w - 38 - (narrow ? 0 : 128), narrow ? 6.6 : 7.6)),
    narrow ? null : svg("text", { class: "more", x: box.w - 84, y: 19, "text-anchor": "end" }, load),
    narrow
      ? svg("text", { class: "more", x: 10, y: 33 }, load)
      : svg("text", { class: "figure", x: box.w - 10, y: 19, "text-anchor": "end" }, figures),
    room,
    used,
  );
  const update = (server) => {
    const state = stateOf(server);
    remark(shape, state.mark);
    const share = server.maxInflight ? Math.min(1, server.inflight / server.maxInflight) : 0;
    put(node, "class", `node server ${state.tone}${share === 1 ? " full" : ""}`);
    say(figures, state.takes ? `${figure(server.requestsPerSecond)}/s` : state.label.toLowerCase());
    say(load, server.maxInflight ? `${whole(server.inflight)} / ${whole(server.maxInflight)}` : `${whole(server.inflight)} in flight`);
    put(room, "visibility", server.maxInflight ? null : "hidden");
    put(used, "width", (bar * share).toFixed(1));
    say(title, `${server.name}: ${state.label}${server.reason ? `, ${server.reason}` : ""}`);
  };
  return { node, update };
}

function blockNode(block, cells, open) {
  const summary = live();
  const node = svg(
    "g",
    { class: "node block" },
    svg("rect", { class: "plate", x: block.x, y: block.y, width: block.w, height: block.h, rx: 8 }),
    svg("text", { class: "more", x: block.x + 10, y: block.y + 19 }, summary),
  );
  for (const { name, x, y, size } of block.cells) {
    const title = live(name);
    const shape = mark("unknown");
    for (const [at, value] of [["x", x + 2.5], ["y", y + 2.5], ["width", size - 5], ["height", size - 5]]) put(shape, at, String(value));
    const cell = svg(
      "g",
      { class: "cell", onclick: () => open(name) },
      svg("title", {}, title),
      svg("rect", { x, y, width: size, height: size, rx: 4 }),
      shape,
    );
    cells.push({
      name,
      update: (server) => {
        const state = server ? stateOf(server) : { tone: "idle", mark: "unknown", label: "unknown" };
        put(cell, "class", `cell ${state.tone}`);
        remark(shape, state.mark);
        say(title, `${name}: ${state.label}${server?.reason ? `, ${server.reason}` : ""}`);
      },
    });
    node.append(cell);
  }
  const update = (pool, now) => {
    const states = pool.servers.map((name) => now.servers.get(name)).filter(Boolean).map(stateOf);
    const out = states.filter((state) => !state.takes).length;
    say(summary, `${counted(pool.servers.length, "server")}${out ? `, ${out} out` : ""}`);
  };
  return { node, update };
}
