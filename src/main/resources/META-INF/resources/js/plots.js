// Plots of half an hour, by uPlot, which comes only when the first one is wanted.

import { el, live, say } from "./dom.js";
import { duration, figure } from "./format.js";

const PLOTS = [
  { title: "In flight", series: [["inflight", "in flight", "one"]], text: figure },
  { title: "Requests a second", series: [["requestsPerSecond", "requests", "one"], ["failuresPerSecond", "failures", "bad"]], text: figure },
  { title: "Tokens a second", series: [["tokensPerSecond", "tokens", "one"]], text: figure },
  { title: "Time to the first token", series: [["ttftP50Seconds", "p50", "one"], ["ttftP95Seconds", "p95", "two"]], text: duration },
];

const HEIGHT = 132;

let library = null;

async function uPlot() {
  library ??= (await import("../webjars/uplot/1.6.30/dist/uPlot.esm.js")).default;
  return library;
}

/** Plots in a box, to which one gives each new history; close() when they are done with. */
export class Plots {
  constructor(box) {
    this.box = box;
    this.plots = null;
    this.data = null;
    this.dark = matchMedia("(prefers-color-scheme: dark)");
    this.redraw = () => this.rebuild();
    this.dark.addEventListener("change", this.redraw);
    this.sizes = new ResizeObserver(() => this.resize());
    this.sizes.observe(box);
    this.figures = PLOTS.map((plot) => {
      const said = plot.series.map(() => live());
      const place = el("div", { class: "plot" });
      const node = el(
        "figure",
        {},
        el("figcaption", {}, el("h3", {}, plot.title), ...plot.series.map(([, name, look], index) => el("p", {}, el("span", { class: `swatch ${look}`, "aria-hidden": "true" }), `${name} `, el("span", { class: "said" }, said[index])))),
        place,
      );
      return { ...plot, said, place, node };
    });
    box.append(...this.figures.map((figure) => figure.node));
  }

  async show(history) {
    const { series, to, stepSeconds } = history;
    const length = Math.max(0, ...Object.values(series).map((values) => values.length));
    const times = Array.from({ length }, (_, index) => to / 1e3 - (length - 1 - index) * stepSeconds);
    this.data = this.figures.map((plot) => [times, ...plot.series.map(([name]) => series[name] ?? times.map(() => null))]);
    this.figures.forEach((plot, index) => {
      plot.series.forEach((_, which) => say(plot.said[which], summary(this.data[index][which + 1], plot.text)));
    });
    const Plot = await uPlot();
    if (this.closed) return;
    if (!this.plots) this.plots = this.build(Plot);
    else this.plots.forEach((plot, index) => plot.setData(this.data[index]));
  }

  build(Plot) {
    const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    const axis = { stroke: colour("--muted"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: "11px system-ui, sans-serif" };
    const looks = {
      one: { stroke: colour("--accent"), fill: colour("--accent-wash"), width: 1.75 },
      two: { stroke: colour("--warn"), width: 1.5, dash: [5, 3] },
      bad: { stroke: colour("--bad"), width: 1.5, dash: [2, 3] },
    };
    const minutes = { hour: "2-digit", minute: "2-digit" };
    // Ticks less than a minute apart need their seconds.
    const hours = (_, splits) =>
      splits.map((at) => new Date(at * 1e3).toLocaleTimeString(undefined, splits[1] - splits[0] < 60 ? { ...minutes, second: "2-digit" } : minutes));
    return this.figures.map(
      (plot, index) =>
        new Plot(
          {
            width: this.width(),
            height: HEIGHT,
            padding: [8, 28, 0, 0],
            legend: { show: false },
            cursor: { y: false, drag: { x: false, y: false }, sync: { key: "history" } },
            scales: { y: { range: (_u, _min, max) => [0, max > 0 ? max * 1.12 : 1] } },
            axes: [
              { ...axis, size: 26, values: hours, space: 70 },
              { ...axis, size: 54, space: 32, values: (_u, splits) => splits.map((value) => plot.text(value)) },
            ],
            series: [{}, ...plot.series.map(([, label, look]) => ({ label, points: { show: false }, ...looks[look] }))],
          },
          this.data[index],
          plot.place,
        ),
    );
  }

  rebuild() {
    if (!this.plots) return;
    this.plots.forEach((plot) => plot.destroy());
    this.plots = this.build(library);
  }

  width() {
    return Math.max(200, Math.floor(this.figures[0].place.clientWidth));
  }

  resize() {
    const width = this.width();
    this.plots?.forEach((plot) => plot.width !== width && plot.setSize({ width, height: HEIGHT }));
  }

  close() {
    this.closed = true;
    this.dark.removeEventListener("change", this.redraw);
    this.sizes.disconnect();
    this.plots?.forEach((plot) => plot.destroy());
  }
}

/** What a plot says in words. */
function summary(values, text) {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return "not known yet";
  return `now ${text(values[values.length - 1])}, between ${text(Math.min(...known))} and ${text(Math.max(...known))}`;
}
