// Numbers and times for people. What is not known is a dash, never a nought.

export const NONE = "–";

const known = (value) => typeof value === "number" && Number.isFinite(value);

/** Something a second, or any other figure: 0, 0.3, 3.2, 47, 1.2k, 3.4M. */
export function figure(value) {
  if (!known(value)) return NONE;
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size < 0.05) return "<0.1";
  if (size < 9.95) return value.toFixed(1).replace(/\.0$/, "");
  if (size < 999.5) return value.toFixed(0);
  if (size < 999_500) return `${(value / 1e3).toFixed(size < 9_950 ? 1 : 0)}k`;
  return `${(value / 1e6).toFixed(1)}M`;
}

/** A whole number, with thin gaps between thousands. */
export function whole(value) {
  return known(value) ? Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, "\u202f") : NONE;
}

/** A weight: 1, 2.5. */
export function weight(value) {
  return known(value) ? String(Math.round(value * 100) / 100) : NONE;
}

/** A duration in seconds: 85 ms, 1.2 s, 31 s. */
export function duration(seconds) {
  if (!known(seconds)) return NONE;
  if (seconds < 0.9995) return `${Math.round(seconds * 1e3)} ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  return `${Math.round(seconds)} s`;
}

/** A share: 31 %. */
export function percent(ratio) {
  return known(ratio) ? `${Math.round(ratio * 100)} %` : NONE;
}

/** A span of milliseconds, roughly: 12 s, 3 min, 2 h, 4 d. */
export function span(millis) {
  if (!known(millis)) return NONE;
  const seconds = Math.max(0, Math.round(millis / 1e3));
  if (seconds < 100) return `${seconds} s`;
  if (seconds < 5_970) return `${Math.round(seconds / 60)} min`;
  if (seconds < 170_000) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** How long ago: now, 12 s ago. */
export function ago(millis) {
  return millis < 1_500 ? "now" : `${span(millis)} ago`;
}

/** A moment, to the second, where the reader is. */
export function moment(at) {
  return new Date(at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
}

/** 1 server, 2 servers. */
export function counted(count, word) {
  return `${whole(count)} ${word}${count === 1 ? "" : "s"}`;
}
