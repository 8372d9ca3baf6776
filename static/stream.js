// One stream of a Headwater server: its text and its status, live, whatever happens to the line.
//
//   import { openStream } from "https://chat.example/static/stream.js";
//   const stream = openStream({ base: "https://chat.example", id, token, drive: true, onChange: (s) => show(s.text) });
//   await stream.done;            // stream.status is now "done", "stopped", "error" or "interrupted"
//
// A driver (`drive: true`) asks with one POST, which also starts the answer, and gets every token. It never POSTs
// again by itself: when that one breaks it goes on as a subscriber does, with GET …/events. Both resume at the byte
// where they stand (docs/protocol.md). No DOM, no dependency: browsers, Node ≥ 20, React Native with `expo/fetch`.

const MAX_WAIT_MS = 5_000; // between two tries; the server's Retry-After may ask for more, up to a minute
const SILENCE_MS = 40_000; // the server pings each 15 s: two missed and some, and the line is dead
const encoder = new TextEncoder(), decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Opens a stream. In a page of the server itself `id` is enough; without `token` the cookie goes along.
 * @param {object} options
 * @param {string} options.id             the stream's id (`reply.stream_id`)
 * @param {string} [options.base]         the server's address, e.g. "https://chat.example"
 * @param {string} [options.token]        a person's token, or a share link's
 * @param {boolean} [options.drive]       start the answer and read it token by token (one POST)
 * @param {boolean} [options.resume]      with `drive`: claim an interrupted answer again
 * @param {"delta"} [options.pace]        for a subscriber: each token where it can be had, not stored batches
 * @param {number} [options.offset]       byte to begin at; `text` then begins there
 * @param {number} [options.epoch]        the epoch of that offset, when known
 * @param {AbortSignal} [options.signal]  like close(): ends the reading, not the answer
 * @param {typeof fetch} [options.fetch]  a fetch whose `response.body` streams
 * @param {number} [options.silence]      milliseconds without a byte after which the line counts as dead
 * @param {(stream: Stream, change: {kind: "text" | "rewind" | "line" | "end", offset: number, text: string}) => void}
 *   [options.onChange]  text: `text` came at byte `offset`; rewind: all from `offset` on was cut; line: `connection` */
export function openStream(options) { return new Stream(options); }

export class Stream {
  status = "pending"; // pending · streaming · done · stopped · error · interrupted, as last heard
  connection = "connecting"; // connecting · open · waiting (for the next try) · closed
  text = ""; // the bytes `from` to `length` of the answer; always whole characters
  ended = false; // the end record came: `status`, `usage`, `finishReason` and `error` are its words
  error = null; // {code, message}: of the answer, or why the server lets us read no more
  refused = null; // {code, message}: why the server did not start it for us; we read on
  usage = null; finishReason = null;
  #over = false; #version = 0; #wakers = []; #fails = 0; #finish; #line; #skipWait; #at; #call; #how = {};

  constructor({ base = "", id, token, drive = false, resume = false, pace, offset = 0, epoch, signal,
                fetch = globalThis.fetch, onChange = () => {}, silence = SILENCE_MS }) {
    Object.assign(this, { id, from: offset, length: offset, epoch }); // length: the byte where the text ends
    this.done = new Promise((resolve) => { this.#finish = resolve; }); // gives the stream; never rejects
    this.#at = `${base}/api/streams/${encodeURIComponent(id)}`;
    this.#call = (url, init) => fetch(url, token ? { ...init, credentials: "omit",
      headers: { ...init.headers, Authorization: `Bearer ${token}` } } : init);
    Object.assign(this.#how, { drive, resume, pace: drive ? "delta" : pace, onChange, silence });
    signal?.addEventListener("abort", () => this.close(), { once: true });
    if (signal?.aborted) this.close();
    queueMicrotask(() => this.#run()); // the caller has its variable before the first onChange
  }

  /** The text from byte `offset` on; "" at the end and beyond. */
  after(offset) { return decoder.decode(encoder.encode(this.text).subarray(Math.max(0, offset - this.from))); }

  /** Stops the answer for everybody; what is there is kept, and the end comes as usual. Harmless when repeated.
   * Gives {stream_id, status}; rejects when the server refuses or cannot be reached. */
  async stop() {
    const answer = await this.#call(`${this.#at}/stop`, { method: "POST" });
    if (!answer.ok) throw Object.assign(new Error("The answer was not stopped."), await problem(answer));
    return answer.json();
  }

  /** Ends the reading; the answer goes on without us. */
  close() { this.#end(null); }

  /** Drops the line, or the wait for one, and connects anew: for "online", or an app that comes to the front. */
  retry() { this.#fails = 0; this.#skipWait?.(); this.#line?.abort(); }

  /** `for await (const s of stream)`: once after each change (joined for a slow loop), until nothing more comes. */
  async *[Symbol.asyncIterator]() {
    for (let seen = -1; ;) {
      if (seen !== this.#version) { seen = this.#version; yield this; }
      else if (this.#over) return;
      else await new Promise((wake) => this.#wakers.push(wake));
    }
  }

  async #run() {
    for (let driving = this.#how.drive; !this.#over; driving = false) {
      let pause; // undefined: longer with each failure
      try { pause = await this.#connect(driving); }
      catch { /* the line broke, or the watchdog cut it: what the next try is for */ }
      if (this.#over) return;
      pause ??= driving ? 0 : Math.min(MAX_WAIT_MS, 100 * 2 ** this.#fails++) * (0.5 + Math.random() / 2);
      this.#tell("line", { connection: "waiting" });
      await new Promise((wake) => {
        const timer = setTimeout(wake, pause);
        this.#skipWait = () => { clearTimeout(timer); wake(); };
      });
    }
  }

  /** One request, from where we stand to its end. Gives the pause before the next in ms, when there is a rule for it. */
  async #connect(driving) {
    const line = this.#line = new AbortController(), frames = new Frames();
    let watchdog = setTimeout(() => line.abort(), this.#how.silence);
    this.#tell("line", { connection: "connecting" });
    try {
      const query = new URLSearchParams({ offset: String(this.length) }), { resume, pace } = this.#how;
      if (this.epoch !== undefined) query.set("epoch", String(this.epoch));
      if (driving ? resume : pace) query.set(...(driving ? ["resume", "1"] : ["pace", pace]));
      const answer = await this.#call(`${this.#at}${driving ? "" : "/events"}?${query}`, { signal: line.signal,
        method: driving ? "POST" : "GET", cache: "no-store", headers: { Accept: "text/event-stream" } });
      if (!answer.ok) return this.#refused(answer, await problem(answer), driving);
      if (!answer.headers.get("content-type")?.startsWith("text/event-stream")) return; // somebody in between
      if (!answer.body) return this.#end({ code: "fetch_cannot_stream",
        message: "This fetch has no streaming body; in React Native pass the one of expo/fetch." });
      this.#tell("line", { connection: "open" });
      for (const reader = answer.body.getReader(); ;) {
        const { done, value } = await reader.read();
        if (done) return;
        clearTimeout(watchdog);
        watchdog = setTimeout(() => line.abort(), this.#how.silence);
        for (const { event, data } of frames.feed(value)) this.#take(event, data);
        if (line.signal.aborted) return; // at once: read() may wait for ever on a body that is aborted between two
      }
    } finally { clearTimeout(watchdog); line.abort(); }
  }

  #take(event, json) {
    if (this.#over || !["delta", "chunk", "rewind", "end", "close"].includes(event)) return; // a ping, or new to us
    if (event === "close") return this.#end({ code: "closed", message: "The stream is gone, or no longer shared." });
    const data = JSON.parse(json);
    if (event !== "rewind" && data.offset > this.length) throw new Error("A gap: ask again from where we stand.");
    this.epoch = data.epoch;
    this.#fails = 0;
    if (event === "delta" || event === "chunk") return this.#append(data);
    this.#cut(data.offset);
    if (event === "end") Object.assign(this, { ended: true, status: data.status, usage: data.usage, finishReason: data.finish_reason });
    if (event === "end") this.#end(data.error);
  }

  #append({ offset, text }) {
    const at = this.length, bytes = encoder.encode(text).subarray(at - offset); // what we hold already comes once
    const added = at === offset ? text : decoder.decode(bytes);
    this.status = "streaming";
    this.text += added;
    this.length += bytes.length;
    this.#tell("text", { offset: at, text: added });
  }

  #cut(offset) { // in bytes, and never inside a character; tells whether anything went
    if (offset >= this.length) return false;
    const bytes = encoder.encode(this.text);
    this.from = Math.min(this.from, offset);
    this.length = offset;
    while (this.length > this.from && (bytes[this.length - this.from] & 0xc0) === 0x80) this.length--;
    this.text = decoder.decode(bytes.subarray(0, this.length - this.from));
    this.#tell("rewind");
    return true;
  }

  /** What a refusal means: a place to cut back to, a moment to wait, or the end. */
  #refused(answer, error, driving) {
    const place = error.code === "bad_epoch" && this.epoch !== undefined ? 0 : error.length;
    if (place <= this.length) { // from there on our text is not the server's
      this.epoch = error.epoch;
      return this.#cut(place) ? 0 : undefined;
    }
    const passes = error.code !== "budget_used_up"; // that takes until midnight: no line waits for it
    if (answer.status >= 500 || passes && [408, 425, 429].includes(answer.status)) {
      const asked = 1000 * Number(answer.headers.get("retry-after"));
      return asked > 0 ? Math.min(asked, 60_000) * (1 + Math.random() / 4) : undefined;
    }
    this.refused = error;
    if (!driving || answer.status === 401 || answer.status === 404) this.#end(error); // a driver may still read
  }

  #end(error) {
    if (this.#over) return;
    this.#over = true;
    this.error = error ?? null;
    this.#skipWait?.(); this.#line?.abort();
    this.#tell("end", { connection: "closed" });
    this.#finish(this);
  }

  #tell(kind, { connection = this.connection, offset = this.length, text = "" } = {}) {
    if (kind === "line" && connection === this.connection) return;
    this.connection = connection;
    this.#version++;
    for (const wake of this.#wakers.splice(0)) wake();
    try { this.#how.onChange(this, { kind, offset, text }); }
    catch (mistake) { setTimeout(() => { throw mistake; }); } // the caller's own: reported, without harm to the line
  }
}

/** Server-sent events out of bytes, however the network cut them: a line is decoded when it is whole. `feed(bytes)`
 * gives each {event, id, data} they completed; also for /api/conversations/<id>/events. */
export class Frames {
  #rest = new Uint8Array(0); #frame = {};
  *feed(bytes) {
    const all = new Uint8Array(this.#rest.length + bytes.length);
    all.set(this.#rest); all.set(bytes, this.#rest.length);
    const end = all.lastIndexOf(10) + 1;
    this.#rest = all.subarray(end);
    for (const line of decoder.decode(all.subarray(0, end)).split(/\r?\n/).slice(0, -1)) {
      const [, name, value] = /^([^:]*):? ?(.*)$/s.exec(line), frame = this.#frame;
      if (name === "data" && frame.data !== undefined) frame.data += `\n${value}`;
      else if (name) frame[name] = value; // a comment has no name
      else if (line === "") {
        this.#frame = {};
        if (frame.data !== undefined) yield frame;
      }
    }
  }
}

async function problem(answer) {
  const { error } = await answer.json().catch(() => ({}));
  return { code: "refused", message: `The server answered ${answer.status}.`, ...error, httpStatus: answer.status };
}
