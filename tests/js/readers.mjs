// Reads one stream three ways at once (driver, subscriber, subscriber at the tape's pace) through stream.js, to the end;
// prints as JSON what each has, how often it was cut back, and whether what it had was ever no prefix of its end.
import { openStream } from "./module.mjs";

const [base, id, token] = process.argv.slice(2);
const ways = { driver: { drive: true }, viewer: {}, tape: { pace: "delta" } };

async function read(options) {
  const had = [];
  let rewinds = 0;
  const stream = openStream({ base, id, token, silence: 5_000, ...options,
    onChange: (s, { kind }) => { if (kind === "text") had.push(s.text); if (kind === "rewind") rewinds++; } });
  await stream.done;
  return { text: stream.text, status: stream.status, length: stream.length, rewinds,
    prefix: had.every((text) => stream.text.startsWith(text)) };
}

const results = await Promise.all(Object.values(ways).map(read));
console.log(JSON.stringify(Object.fromEntries(Object.keys(ways).map((way, i) => [way, results[i]]))));
