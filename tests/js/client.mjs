// Runs examples/headwater.js (in the folder named first) against the server named second; prints what it saw as JSON.
const [folder, base] = process.argv.slice(2);
const { connect } = await import(`file://${folder}/headwater.js`);

const ada = await connect(base, "Ada");
const { id } = await ada.create("From Node");
const told = [];
const texts = {}; // by message, as somebody who only follows has them
const following = (async () => {
  for await (const { event, ...data } of ada.follow(id)) {
    told.push(event);
    if (event === "message") texts[data.id] = data.text;
    if (event === "chunk") texts[data.message_id] += data.text;
    // An answer that began and ended between two looks comes whole, as one message.
    if (event === "end" || (event === "message" && data.role === "assistant" && data.status === "done")) return;
  }
})();
const { message, reply } = await ada.ask(id, "What is a headwater?", "first");
const again = await ada.ask(id, "What is a headwater?", "first");
const stream = ada.read(reply);
await Promise.all([stream.done, following]);
const refused = await ada.ask(id, "Something else", "first").catch((problem) => problem.code);

console.log(JSON.stringify({ told, refused, message: message.id, reply: reply.id, streamId: reply.stream_id,
  sameAgain: again.reply.id === reply.id, read: stream.text, status: stream.status, followed: texts[reply.id] }));
