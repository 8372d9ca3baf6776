// A chat client in thirty lines, for Expo, browsers and Node ≥ 20. `stream.js` is a copy of the server's /static/stream.js.
import { Frames, openStream } from "./stream.js";

export async function connect(base, name, fetch = globalThis.fetch) {
  let token;
  const call = async (method, path, body, more = {}) => {
    const headers = { "Content-Type": "application/json", ...more.headers, ...(token && { Authorization: `Bearer ${token}` }) };
    const answer = await fetch(`${base}/api${path}`, { method, ...more, headers, body: body && JSON.stringify(body) });
    if (!answer.ok) throw Object.assign(new Error(`HTTP ${answer.status}`), { refused: true }, (await answer.json()).error);
    return answer;
  };
  const post = async (path, body) => (await call("POST", path, body)).json();
  ({ token } = await post("/session", { name }));
  return {
    create: (title) => post("/conversations", { title }),
    ask: (conversation, text, client_id) => post(`/conversations/${conversation}/messages`, { text, client_id }),
    read: (reply, onChange) => openStream({ base, token, fetch, id: reply.stream_id, drive: true, onChange }),
    async *follow(conversation, signal) { // everything that happens there, whoever does it, until you leave
      for (let last = ""; !signal?.aborted; await new Promise((next) => setTimeout(next, 500))) {
        let reader;
        try {
          const headers = last ? { "Last-Event-ID": last } : {};
          const answer = await call("GET", `/conversations/${conversation}/events`, undefined, { signal, headers });
          const frames = new Frames();
          reader = answer.body.getReader();
          for (let read = await reader.read(); !read.done; read = await reader.read())
            for (const { event, id, data } of frames.feed(read.value)) {
              last = id ?? last;
              yield { event, ...JSON.parse(data) };
              if (event === "close") return;
            }
        } catch (problem) { if (problem.refused) throw problem; } // a line that broke resumes after `last`
        finally { reader?.cancel().catch(() => {}); } // also when you leave the loop
      }
    },
  };
}
