// static/stream.js against a server that speaks the wire's bytes, well and badly.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { holdAlarms } from "./alarms.mjs";
import { chunk, delta, drop, end, frame, ping, refuse, rewind, serve, sse } from "./fake_server.mjs";
import { openStream } from "./module.mjs";

const TEXT = "Grüße, 世界! 🎈 ﻿ fin\u2028\u0085.\r\n";
const SILENCE = 1234; // ms that no other timer has
const PATIENCE = 50_000; // ms: a busy machine is no failure
const size = (text) => Buffer.byteLength(text);

/** Runs one stream against the answers to its end, and gives what was seen. */
async function play(t, answers, options = {}) {
  const server = await serve(...answers);
  t.after(server.close);
  const changes = [];
  const stream = openStream({ base: server.base, id: "s1", onChange: (s, c) => changes.push(c), ...options });
  t.after(() => stream.close());
  await Promise.race([stream.done, pause(PATIENCE, null, { ref: false }).then(() => assert.fail(`no end; asked: ${server.seen}`))]);
  return { stream, changes, asked: server.seen, times: server.times };
}

test("the driver POSTs once and gets every delta, wherever the network cuts", async (t) => {
  for (const bytes of [1, 3, 7, Infinity]) {
    const frames = [ping, ...[...TEXT].map((c, i, all) => delta(size(all.slice(0, i).join("")), c)), end(size(TEXT))];
    const { stream, asked, changes } = await play(t, [sse(frames, { size: bytes })], { drive: true });
    assert.equal(stream.text, TEXT);
    assert.equal(stream.length, size(TEXT));
    assert.equal(stream.status, "done");
    assert.equal(stream.finishReason, "stop");
    assert.deepEqual(asked, ["POST ?offset=0"]);
    assert.equal(changes.filter((c) => c.kind === "text").map((c) => c.text).join(""), TEXT);
  }
});

test("a subscriber reads stored chunks, comments and CRLF lines", async (t) => {
  const frames = `: hello\r\n${chunk(0, "One. ").replaceAll("\n", "\r\n")}data:\n\nevent: new\ndata: {"x":1}\n\n${end(5)}`;
  const { stream, asked } = await play(t, [sse(frames)]);
  assert.equal(stream.text, "One. ");
  assert.deepEqual(asked, ["GET /events?offset=0"]);
});

test("a failed drive goes on as a subscriber and never POSTs again", async (t) => {
  for (const failure of [drop, refuse(503, { code: "busy" }), refuse(403, { code: "read_only" }), refuse(409, { code: "answer_in_progress" })]) {
    const { stream, asked } = await play(t, [failure, sse([delta(0, "ok")], { then: "cut" }), drop, sse([end(2)])], { drive: true });
    assert.equal(stream.text, "ok");
    assert.deepEqual(asked, ["POST ?offset=0", "GET /events?offset=0&pace=delta",
      ...Array(2).fill("GET /events?offset=2&epoch=1&pace=delta")]);
  }
});

test("a body that ends, or a line that breaks, resumes at the byte where it stands", async (t) => {
  const { stream, asked } = await play(t, [
    sse([chunk(0, "Grüße")]), sse([chunk(7, ", ")], { then: "cut" }), sse([ping]), sse([chunk(9, "世界"), end(15)])]);
  assert.equal(stream.text, "Grüße, 世界");
  assert.deepEqual(asked.map((a) => a.match(/offset=(\d+)/)[1]), ["0", "7", "9", "9"]);
});

test("what overlaps is taken once, and a gap is asked for again", async (t) => {
  const { stream } = await play(t, [
    sse([chunk(0, "Grüß"), chunk(2, "üße"), chunk(0, "Gr"), chunk(9, "lost")]), sse([chunk(7, "!"), end(99)]), sse([end(8)])]);
  assert.equal(stream.text, "Grüße!");
});

test("a rewind cuts bytes, and the text goes on in the new epoch", async (t) => {
  const { stream, changes, asked } = await play(t, [
    sse([delta(0, "世界 and beyond"), rewind(6, 2), delta(6, " is new", 2)]), sse([end(13, "done", 2)])], { drive: true });
  assert.equal(stream.text, "世界 is new");
  assert.equal(asked[1], "GET /events?offset=13&epoch=2&pace=delta");
  assert.deepEqual(changes.find((c) => c.kind === "rewind"), { kind: "rewind", offset: 6, text: "" });
});

test("409 rewound and offset_beyond_end cut to the length they name and ask again at once", async (t) => {
  for (const error of [{ code: "rewound", length: 6, epoch: 2 }, { code: "offset_beyond_end", length: 6 }]) {
    const { stream, asked } = await play(t, [
      sse([delta(0, "世界世")], { then: "cut" }), refuse(409, error), sse([chunk(6, "!", 2), end(7, "done", 2)])], { drive: true });
    assert.equal(stream.text, "世界!");
    assert.equal(asked[2], `GET /events?offset=6${error.epoch ? "&epoch=2" : ""}&pace=delta`);
  }
});

test("a driver whose process dies waits as told, cuts back to the takeover and goes on there", async (t) => {
  const { stream, asked, times } = await play(t, [
    sse([delta(0, "kept, "), delta(6, "lost")], { then: "cut" }), refuse(503, { code: "restarting" }, { "Retry-After": "1" }),
    refuse(409, { code: "rewound", length: 6, epoch: 2 }), sse([delta(6, "and ", 2), rewind(8, 3), delta(8, "on", 3), end(10, "done", 3)])], { drive: true });
  assert.deepEqual([stream.text, stream.epoch, stream.status], ["kept, anon", 3, "done"]);
  assert.deepEqual(asked, ["POST ?offset=0", "GET /events?offset=10&epoch=1&pace=delta",
    "GET /events?offset=10&epoch=1&pace=delta", "GET /events?offset=6&epoch=2&pace=delta"]);
  assert.ok(times[2] - times[1] >= 1000);
});

test("a cut that would fall inside a character goes back to its beginning", async (t) => {
  const { stream } = await play(t, [sse([chunk(0, "a🎈")]), refuse(422, { code: "offset_inside_character", length: 3 }),
    sse([chunk(1, "🎈"), end(5)])]);
  assert.equal(stream.text, "a🎈");
});

test("an epoch the server does not know means reading from the beginning", async (t) => {
  const { stream, asked } = await play(t, [sse([chunk(0, "old", 7)]), refuse(422, { code: "bad_epoch" }), sse([chunk(0, "new"), end(3)])]);
  assert.equal(stream.text, "new");
  assert.equal(asked[2], "GET /events?offset=0");
});

test("an end below what we hold cuts, an end beyond it is a gap", async (t) => {
  const { stream } = await play(t, [sse([delta(0, "abcdef"), end(4)])]);
  assert.equal(stream.text, "abcd");
});

test("the end record tells of errors, usage and interruptions", async (t) => {
  const usage = { input_tokens: 1, output_tokens: 2, estimated: false }, error = { code: "truncated", message: "Cut off." };
  const { stream } = await play(t, [sse([end(0, "error", 1, { usage, error, finish_reason: null })])]);
  assert.deepEqual([stream.status, stream.usage, stream.error, stream.ended], ["error", usage, error, true]);
  const second = await play(t, [sse([end(0, "interrupted")])], { drive: true, resume: true });
  assert.equal(second.stream.status, "interrupted");
  assert.deepEqual(second.asked, ["POST ?offset=0&resume=1"]);
});

test("refusals that stay end the stream and say why", async (t) => {
  for (const [status, code] of [[401, "unauthorized"], [404, "not_found"], [422, "bad_offset"]]) {
    const { stream, asked } = await play(t, [refuse(status, { code })]);
    assert.deepEqual([stream.error.code, stream.ended, stream.connection, asked.length], [code, false, "closed", 1]);
  }
  const gone = await play(t, [sse([chunk(0, "a"), frame("close", {}), chunk(1, "b")])]);
  assert.deepEqual([gone.stream.error.code, gone.stream.text], ["closed", "a"]);
});

test("Retry-After is waited for, and other failures wait longer each time", async (t) => {
  const { waits } = holdAlarms(t, SILENCE);
  await play(t, [refuse(429, { code: "rate_limited" }, { "Retry-After": "1" }), sse([end(0)])], { silence: SILENCE });
  const [told] = waits.splice(0);
  assert.ok(told >= 1000 && told <= 1250, `${told}`);
  await play(t, [drop, drop, drop, drop, drop, sse([end(0)])], { silence: SILENCE });
  assert.equal(waits.length, 5);
  for (const [i, wait] of waits.entries()) assert.ok(wait >= 50 * 2 ** i && wait <= 100 * 2 ** i, `${waits}`);
});

test("who has used up a budget reads on at once, and knows why nothing was started", async (t) => {
  const used = refuse(429, { code: "budget_used_up", message: "Tomorrow." }, { "Retry-After": "80000" });
  const { stream, asked } = await play(t, [used, sse([end(0, "interrupted")])], { drive: true, resume: true });
  assert.deepEqual([stream.status, stream.refused.message, stream.error], ["interrupted", "Tomorrow.", null]);
  assert.deepEqual(asked, ["POST ?offset=0&resume=1", "GET /events?offset=0&pace=delta"]);
});

test("a body that ends at once every time is not asked for in a hot loop", async (t) => {
  const { times } = await play(t, [...Array(5).fill(sse([ping])), sse([end(0)])], { drive: true });
  assert.ok(times.at(-1) - times[0] > 700);
});

test("a line without pings is given up, and a page of somebody in between is not believed", async (t) => {
  const alarms = holdAlarms(t, SILENCE);
  const silent = () => alarms.ring();
  const page = (request, response) => response.writeHead(200, { "Content-Type": "text/html" }).end("<p>Log in to the wifi");
  const onChange = ({ text }, { kind }) => { if (kind === "text" && text === "a") setImmediate(alarms.ring); };
  const { stream, asked } = await play(t, [sse([chunk(0, "a")], { then: "hang" }), silent, page, sse([chunk(1, "b"), end(2)])],
    { silence: SILENCE, onChange });
  assert.equal(stream.text, "ab");
  assert.equal(asked.length, 4);
});

test("pings keep a quiet line", async (t) => {
  const alarms = holdAlarms(t, SILENCE), armed = [];
  const quiet = async (request, response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    for (let i = 0; i < 6; i++) {
      const before = alarms.set;
      response.write(ping);
      while (alarms.set === before) await pause(1); // each sign of life sets the alarm anew
      armed.push(alarms.armed.size);
    }
    response.end(end(0));
  };
  assert.equal((await play(t, [quiet], { silence: SILENCE })).asked.length, 1);
  assert.deepEqual([armed, alarms.armed.size], [Array(6).fill(1), 0]); // and puts off the one before
});

test("stop() POSTs, close() and the signal end the reading only", async (t) => {
  const server = await serve(sse([delta(0, "a")], { then: "hang" }),
    (request, response) => response.writeHead(202, { "Content-Type": "application/json" }).end('{"stream_id":"s1","status":"stopped"}'),
    refuse(403, { code: "read_only" }));
  t.after(server.close);
  const leaving = new AbortController();
  const stream = openStream({ base: server.base, id: "s1", token: "t", drive: true, signal: leaving.signal });
  for await (const s of stream) if (s.text === "a") break;
  assert.deepEqual(await stream.stop(), { stream_id: "s1", status: "stopped" });
  await assert.rejects(stream.stop(), { code: "read_only", httpStatus: 403 });
  leaving.abort();
  assert.equal((await stream.done).ended, false);
  assert.deepEqual(server.seen, ["POST ?offset=0", "POST /stop", "POST /stop"]);
  assert.equal((await openStream({ base: server.base, id: "s1", signal: leaving.signal }).done).connection, "closed");
});

test("retry() skips the wait, and the token and the given fetch are used", async (t) => {
  const tokens = [];
  const server = await serve(refuse(503, {}, { "Retry-After": "60" }), sse([end(0)]));
  t.after(server.close);
  const own = (url, init) => { tokens.push(init.headers.Authorization); return fetch(url, init); };
  const stream = openStream({ base: server.base, id: "s1", token: "abc", fetch: own });
  for await (const s of stream) if (s.connection === "waiting") s.retry();
  assert.deepEqual(tokens, ["Bearer abc", "Bearer abc"]);
});

test("retry() and close() from within onChange take effect at once, and leave no timer behind", async (t) => {
  const server = await serve(sse([delta(0, "a")], { then: "hang" }), sse([delta(1, "b")], { then: "hang" }));
  t.after(server.close);
  const act = { a: (s) => s.retry(), ab: (s) => s.close() };
  const onChange = (s, { kind }) => { if (kind === "text") act[s.text](s); };
  const stream = await openStream({ base: server.base, id: "s1", onChange }).done;
  assert.equal(stream.text, "ab");
  const left = () => process.getActiveResourcesInfo().filter((resource) => resource === "Timeout");
  for (let i = 0; left().length && i < 500; i++) await pause(20); // a line that closes has its own; a watchdog stays for longer
  assert.deepEqual(left(), []);
});

test("a stream read from the middle holds only what follows, and says so when it is cut below", async (t) => {
  const { stream } = await play(t, [sse([delta(100, "abc")]), refuse(409, { code: "rewound", length: 50, epoch: 2 }),
    sse([delta(50, "x", 2), end(51, "done", 2)])], { offset: 100, epoch: 1 });
  assert.deepEqual([stream.text, stream.from, stream.length, stream.after(50), stream.after(51)], ["x", 50, 51, "x", ""]);
});

test("a slow async loop gets joined changes and the last one", async (t) => {
  const server = await serve(sse([..."abcdefgh"].map((c, i) => delta(i, c)).concat(end(8))));
  t.after(server.close);
  const texts = [];
  for await (const s of openStream({ base: server.base, id: "s1", drive: true })) { texts.push(s.text); await pause(30); }
  assert.equal(texts.at(-1), "abcdefgh");
  assert.ok(texts.length < 8);
});

test("a fetch that cannot stream is told plainly", async () => {
  const deaf = async () => ({ ok: true, status: 200, body: null, headers: new Headers({ "content-type": "text/event-stream" }) });
  const stream = await openStream({ id: "s1", fetch: deaf }).done;
  assert.equal(stream.error.code, "fetch_cannot_stream");
});
