// Requests a second of the last ten minutes, for the small curves: means of five seconds each.

const STEP = 5_000;
const LENGTH = 120;

export class Trends {
  constructor() {
    this.of = new Map();
  }

  /** Learns of a moment; names that are not in it are forgotten. */
  add(at, values) {
    const bucket = Math.floor(at / STEP);
    for (const name of this.of.keys()) {
      if (!values.has(name)) this.of.delete(name);
    }
    for (const [name, value] of values) {
      const trend = this.trend(name);
      if (trend.bucket !== bucket) {
        trend.means.set(trend.bucket, mean(trend));
        for (const old of trend.means.keys()) {
          if (old < bucket - LENGTH) trend.means.delete(old);
        }
        Object.assign(trend, { bucket, sum: 0, count: 0, path: null });
      }
      if (typeof value === "number") {
        trend.sum += value;
        trend.count++;
      }
    }
  }

  /** Puts what was before this page was opened in front: GET /admin/history's series. */
  before(name, to, step, series) {
    const trend = this.of.get(name);
    if (!trend || !series) return;
    series.forEach((value, index) => {
      const bucket = Math.floor((to - (series.length - 1 - index) * step * 1e3) / STEP);
      if (bucket < trend.bucket && !trend.means.has(bucket)) trend.means.set(bucket, value);
    });
    trend.path = null;
  }

  trend(name) {
    let trend = this.of.get(name);
    if (!trend) {
      trend = { bucket: -1, sum: 0, count: 0, means: new Map(), path: null };
      this.of.set(name, trend);
    }
    return trend;
  }

  /** The curve and the area below it, each the d of a path in a BOX; the same object until a bucket closes. */
  path(name) {
    const trend = this.of.get(name);
    if (!trend) return null;
    if (trend.path === null) trend.path = draw(trend);
    return trend.path;
  }
}

export const BOX = `0 0 ${LENGTH} 20`;

function mean(trend) {
  return trend.count > 0 ? trend.sum / trend.count : null;
}

function draw(trend) {
  const values = [];
  let most = 0;
  for (let x = 0; x < LENGTH; x++) {
    const value = trend.means.get(trend.bucket - LENGTH + x) ?? null;
    values.push(value);
    if (value > most) most = value;
  }
  let curve = "";
  let area = "";
  let begun = -1;
  values.forEach((value, x) => {
    if (value === null) {
      if (begun >= 0) area += `L${x - 1} 20Z`;
      begun = -1;
      return;
    }
    const point = `${x} ${(most === 0 ? 19 : 19 - (value / most) * 18).toFixed(1)}`;
    curve += `${begun < 0 ? "M" : "L"}${point}`;
    area += begun < 0 ? `M${x} 20L${point}` : `L${point}`;
    if (begun < 0) begun = x;
  });
  if (begun >= 0) area += `L${LENGTH - 1} 20Z`;
  return { curve, area };
}
