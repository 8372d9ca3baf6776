// Loads static/stream.js as the ES module it is, whatever Node makes of a .js file without a package.json.
import { readFileSync } from "node:fs";

const source = readFileSync(new URL("../../static/stream.js", import.meta.url));
export const { openStream, Stream } = await import(`data:text/javascript;base64,${source.toString("base64")}`);
