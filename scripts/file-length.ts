import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A source file this long holds more than one idea. Tests may be longer. */
const MAX_LINES = 300;

const folder = process.argv[2] ?? "src";
const sources = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
if (sources.length === 0) throw new Error(`${folder} holds no .ts file: this check would pass whatever is wrong`);

const tooLong = sources
  .map((name) => ({ file: join(folder, name), lines: readFileSync(join(folder, name), "utf8").split("\n").length - 1 }))
  .filter(({ lines }) => lines > MAX_LINES);

for (const { file, lines } of tooLong) {
  console.error(`${file} has ${lines} lines, the most is ${MAX_LINES}: move one of its ideas to a file of its own`);
}
process.exitCode = tooLong.length === 0 ? 0 : 1;
