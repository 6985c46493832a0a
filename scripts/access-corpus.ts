/**
 * Compares policies that people wrote: each with itself, with itself after one edit of which the answer is known, and each version with
 * the next, in both directions; then pairs with known answers.
 *
 *     npm run access:corpus -- --folder DIR [--every N]
 *
 * `--every N` takes one policy in N. Each folder below DIR that holds `*.json` is one policy, each file of it a version, in the order of the names; each file is a policy
 * document. Each line of a `*.jsonl` is `{"id", "use": "permissions" | "trust", "from", "to", "expect": VERDICT}`. The documents of
 * others are not part of this repository. Prints figures as JSON and one line for each unexpected case; the exit status is 1 when a
 * verdict is wrong.
 */
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import type { Access } from "../src/model/access/access.ts";
import { compareAccess } from "../src/model/access/compare-access.ts";
import type { JsonValue } from "../src/model/policy/policy-json.ts";
import { CorpusRun, type Expectation } from "../test/support/access/corpus-run.ts";
import { editsOf } from "../test/support/access/policy-edits.ts";

const { values } = parseArgs({
  options: { folder: { type: "string" }, every: { type: "string", default: "1" } },
});
if (values.folder === undefined) throw new Error("say where the policies are: --folder DIR");
const folder = values.folder;

const run = new CorpusRun(compareAccess, (line) => console.log(line));

function accessOf(document: JsonValue): Access {
  const isTrust = JSON.stringify(document).includes('"Principal"');
  return { use: isTrust ? "trust" : "permissions", layers: [[document]] };
}

const documentIn = (file: string): JsonValue => JSON.parse(readFileSync(join(folder, file), "utf8")) as JsonValue;

function comparePolicy(name: string, files: readonly string[], seed: number): void {
  const versions = files.map((file) => ({ file, document: documentIn(file) }));
  versions.forEach(({ file, document }, index) => {
    const access = accessOf(document);
    run.compare("itself", file, { from: access, to: accessOf(structuredClone(document)) }, "no-new-access");
    const next = versions[index + 1];
    if (next === undefined) return;
    const later = accessOf(next.document);
    run.compare("next version", `${file} -> ${next.file}`, { from: access, to: later }, undefined);
    run.compare("previous version", `${next.file} -> ${file}`, { from: later, to: access }, undefined);
  });
  const last = versions.at(-1);
  if (last === undefined) return;
  const access = accessOf(last.document);
  for (const edit of editsOf(last.document, seed)) {
    const edited = accessOf(edit.document);
    const there: Expectation = edit.effect === "wider" ? undefined : "no-new-access";
    const back: Expectation = edit.effect === "narrower" ? undefined : "no-new-access";
    run.compare(edit.name, name, { from: access, to: edited }, there);
    run.compare(`${edit.name}, reversed`, name, { from: edited, to: access }, back);
  }
}

const policies = Map.groupBy(globSync("**/*.json", { cwd: folder }).sort(), dirname);
[...policies].forEach(([name, files], index) => {
  if (index % Number(values.every) === 0) comparePolicy(name, files, index);
});

for (const file of globSync("**/*.jsonl", { cwd: folder })) {
  const lines = readFileSync(join(folder, file), "utf8").split("\n");
  for (const line of lines.filter((text) => text !== "")) {
    const { id, use, from, to, expect } = JSON.parse(line);
    run.compare(`known: ${file}`, id, { from: { use, layers: [[from]] }, to: { use, layers: [[to]] } }, expect);
  }
}

console.log(JSON.stringify(run.figures(), undefined, 2));
process.exitCode = run.isRight() ? 0 : 1;
