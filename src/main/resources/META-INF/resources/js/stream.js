// The overview, once a second: server-sent events read with fetch, since EventSource sends no token.

import { ask, ApiError } from "./api.js";

const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;
/** Silence after which a connection counts as dead: ten events missed. */
const SILENCE = 10_000;

/**
 * Reads the stream until stop(). Calls overview(data) for each event, lost(error) when it breaks,
 * and denied(error) where asking again is no use before somebody signs in.
 */
export class OverviewStream {
  constructor(listener) {
    this.listener = listener;
    this.abort = null;
    this.timer = 0;
    this.wait = FIRST_WAIT;
  }

  start() {
    this.stop();
    this.wait = FIRST_WAIT;
    this.open();
  }

  stop() {
    clearTimeout(this.timer);
    this.abort?.abort();
    this.abort = null;
  }

  async open() {
    const abort = new AbortController();
    this.abort = abort;
    try {
      await this.read(abort);
      throw new Error("the stream ended");
    } catch (error) {
      if (this.abort !== abort) return;
      abort.abort();
      if (error instanceof ApiError && (error.status === 401 || error.status === 403)) {
        this.abort = null;
        this.listener.denied(error);
        return;
      }
      this.listener.lost(error);
      // Between half and all of it, so that many pages do not come back at the same moment.
      this.timer = setTimeout(() => this.open(), this.wait * (0.5 + Math.random() / 2));
      this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
    }
  }

  async read(abort) {
    // The first answer comes at once and not after a second; it also says who may not ask.
    const first = await ask("admin/overview", { signal: abort.signal });
    this.take(abort, await first.text());
    const response = await ask("admin/overview/stream", {
      signal: abort.signal,
      headers: { Accept: "text/event-stream" },
    });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await withinSilence(reader.read(), abort);
      if (done) return;
      const events = (rest + value).split(/\r?\n\r?\n/);
      rest = events.pop();
      for (const event of events) {
        const data = dataOf(event);
        if (data) this.take(abort, data);
      }
    }
  }

  take(abort, json) {
    if (this.abort !== abort) return;
    this.wait = FIRST_WAIT;
    this.listener.overview(JSON.parse(json));
  }
}

function dataOf(event) {
  return event
    .split(/\r?\n/)
    .filter((line) => line.startsWith("data:"))
    .map((line) => line.slice(5).trimStart())
    .join("\n");
}

async function withinSilence(read, abort) {
  const timer = setTimeout(() => abort.abort(new Error("the stream is silent")), SILENCE);
  try {
    return await read;
  } finally {
    clearTimeout(timer);
  }
}
