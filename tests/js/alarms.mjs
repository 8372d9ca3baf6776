// The timers of stream.js in a test's hands: it sees how long each wait is to be, and says when a silence was too long.

/** Takes over the timers that stream.js sets, until the test is over; those of `silence` milliseconds never go off by themselves. */
export function holdAlarms(t, silence) {
  const { setTimeout, clearTimeout } = globalThis, armed = new Map();
  const alarms = { armed, set: 0, waits: [], ring: () => { for (const call of armed.values()) call(); } };
  t.mock.method(globalThis, "setTimeout", (call, after, ...more) => {
    if (after === silence) {
      armed.set(++alarms.set, call);
      return alarms.set;
    }
    if (new Error().stack.includes("data:text/javascript")) alarms.waits.push(after); // else it is one of fetch's own
    return setTimeout(call, after, ...more);
  });
  t.mock.method(globalThis, "clearTimeout", (timer) => { if (!armed.delete(timer)) clearTimeout(timer); });
  return alarms;
}
