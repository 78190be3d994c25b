// The points that run along the road. They are drawn on a canvas of their own: moving parts of the
// picture itself would lay out and paint the whole page for every frame.

import { el } from "./dom.js";

/** From one point to the next, in units of the picture. */
const DISTANCE = 22;
/** Frames a second: as many as the eye wants for something that small. */
const FRAMES = 24;
const SAMPLES = 40;
/** Units a second, by how much runs there. */
const SPEEDS = { slow: 9, brisk: 18, fast: 40 };

const COLOURS = { ok: "--accent", busy: "--busy", warn: "--warn", bad: "--bad", idle: "--idle" };

export class Flow {
  constructor(box) {
    this.canvas = el("canvas", { class: "flow", "aria-hidden": "true" });
    this.roads = [];
    this.seen = true;
    this.timer = 0;
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
    const again = () => this.run();
    this.calm.addEventListener("change", again);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.paint(performance.now()));
    document.addEventListener("visibilitychange", again);
    new IntersectionObserver(([entry]) => {
      this.seen = entry.isIntersecting;
      this.run();
    }).observe(box);
  }

  /** A picture of that size: roads are forgotten. */
  reset(width, height) {
    this.scale = devicePixelRatio || 1;
    this.size = [width, height];
    this.canvas.width = Math.round(width * this.scale);
    this.canvas.height = Math.round(height * this.scale);
    this.canvas.style.setProperty("width", `${width}px`);
    this.canvas.style.setProperty("height", `${height}px`);
    this.roads = [];
  }

  /** A road from here to there; set(rate, tone, width) says what runs on it. */
  add(from, to) {
    const road = { ...measured(from, to), pace: null, tone: "ok", radius: 1 };
    this.roads.push(road);
    return (rate, tone, width) => {
      road.pace = tone === "bad" ? null : pace(rate);
      road.tone = tone;
      road.radius = Math.max(1, Math.min(2.5, width * 0.22));
    };
  }

  /** Draws, and goes on drawing where motion is welcome and somebody may see it. */
  run() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.paint(performance.now());
  }

  paint(now) {
    if (!this.size || document.hidden || !this.seen) return;
    const moving = !this.calm.matches && !document.body.classList.contains("old");
    const pen = this.canvas.getContext("2d");
    pen.setTransform(this.scale, 0, 0, this.scale, 0, 0);
    pen.clearRect(0, 0, ...this.size);
    const style = getComputedStyle(this.canvas);
    for (const [tone, name] of Object.entries(COLOURS)) {
      pen.fillStyle = style.getPropertyValue(name);
      pen.beginPath();
      for (const road of this.roads) {
        if (road.pace && road.tone === tone) dots(pen, road, moving ? ((now / 1e3) * SPEEDS[road.pace]) % DISTANCE : DISTANCE / 2);
      }
      pen.fill();
    }
    if (moving && !this.timer) {
      this.timer = setTimeout(() => {
        this.timer = 0;
        requestAnimationFrame((at) => this.paint(at));
      }, 1e3 / FRAMES);
    }
  }
}

function pace(rate) {
  if (!(rate > 0)) return null;
  if (rate < 2) return "slow";
  return rate < 20 ? "brisk" : "fast";
}

/** The curve of road-layout's line(), as points at even distances. */
function measured([x1, y1], [x2, y2]) {
  const bend = (x2 - x1) * 0.5;
  const at = (t) => {
    const u = 1 - t;
    const [a, b, c, d] = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t];
    return [a * x1 + b * (x1 + bend) + c * (x2 - bend) + d * x2, (a + b) * y1 + (c + d) * y2];
  };
  const points = [at(0)];
  const lengths = [0];
  for (let i = 1; i <= SAMPLES; i++) {
    const point = at(i / SAMPLES);
    const [px, py] = points[i - 1];
    lengths.push(lengths[i - 1] + Math.hypot(point[0] - px, point[1] - py));
    points.push(point);
  }
  return { points, lengths };
}

function dots(pen, { points, lengths, radius }, offset) {
  const end = lengths[SAMPLES];
  let i = 1;
  for (let at = offset; at < end; at += DISTANCE) {
    while (lengths[i] < at) i++;
    const part = (at - lengths[i - 1]) / (lengths[i] - lengths[i - 1]);
    const x = points[i - 1][0] + (points[i][0] - points[i - 1][0]) * part;
    const y = points[i - 1][1] + (points[i][1] - points[i - 1][1]) * part;
    pen.moveTo(x + radius, y);
    pen.arc(x, y, radius, 0, 2 * Math.PI);
  }
}
