// A server that says, byte for byte, what a test wrote down: one answer for each request, in order.
import { createServer } from "node:http";
import { setTimeout as pause } from "node:timers/promises";

const HEADERS = { "Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache, no-transform" };

/** Starts it; `answers` are functions (request, response) from `sse`, `refuse`, `drop` …, used one after the other. */
export async function serve(...answers) {
  const seen = [], times = [];
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, "http://fake");
    seen.push(`${request.method} ${url.pathname.replace("/api/streams/s1", "")}${url.search}`);
    times.push(performance.now());
    const answer = answers.shift();
    if (!answer) return refuse(500, { code: "no_more_answers" })(request, response);
    await answer(request, response);
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return { base: `http://127.0.0.1:${server.address().port}`, seen, times, answers,
    close: () => { server.closeAllConnections(); server.close(); } };
}

export const frame = (event, data) => `event: ${event}\nid: 0\ndata: ${JSON.stringify(data)}\n\n`;
export const delta = (offset, text, epoch = 1) => frame("delta", { offset, text, epoch });
export const chunk = (offset, text, epoch = 1) => frame("chunk", { offset, text, epoch });
export const rewind = (offset, epoch) => frame("rewind", { offset, epoch });
export const ping = "event: ping\ndata: {}\n\n";
export const end = (offset, status = "done", epoch = 1, more = {}) =>
  frame("end", { status, offset, epoch, usage: null, error: null, finish_reason: "stop", ...more });

/** 200 and these frames; `size` bytes at a time, and then: "end", "cut" the line, or "hang". */
export const sse = (frames, { size = Infinity, then = "end" } = {}) => async (request, response) => {
  response.writeHead(200, HEADERS);
  response.flushHeaders();
  const bytes = Buffer.from([frames].flat().join(""));
  for (let at = 0; at < bytes.length; at += size) {
    response.write(bytes.subarray(at, at + size));
    if (size < bytes.length) await pause(0);
  }
  if (then === "end") response.end();
  if (then === "cut") { await pause(20); response.destroy(); }
};

export const refuse = (status, error, headers = {}) => (request, response) => {
  response.writeHead(status, { "Content-Type": "application/json", ...headers });
  response.end(JSON.stringify({ error: { message: "No.", ...error } }));
};

export const drop = (request, response) => response.destroy();
