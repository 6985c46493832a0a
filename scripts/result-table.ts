import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RESULT_TABLE, type ResultRow } from "../src/status/result-table.ts";

/** Writes the results that docs/explanation/architecture.md shows, from the table that the code uses. */

const FILE = join(import.meta.dirname, "../docs/explanation/architecture.md");
const [BEGIN, END] = ["<!-- results: begin -->", "<!-- results: end -->"];

/** The section between the two marks: a diagram and a table. */
export function resultSection(): string {
  const rows = Object.entries(RESULT_TABLE);
  return [BEGIN, ...diagram(rows), "", ...table(rows), END].join("\n");
}

type Rows = readonly (readonly [kind: string, row: ResultRow])[];

function diagram(rows: Rows): readonly string[] {
  return [
    "```mermaid",
    "stateDiagram-v2",
    "  [*] --> Reconcile",
    ...rows.map(([kind]) => `  Reconcile --> ${kind}`),
    ...rows.map(([kind, { requeue }]) => `  ${kind} --> Reconcile: ${requeue}`),
    "  Reconcile --> [*]: deleted or retained",
    "```",
  ];
}

function table(rows: Rows): readonly string[] {
  return [
    "| result | `Ready` | second condition | next reconcile | Event | a scan may replace the resync |",
    "| --- | --- | --- | --- | --- | --- |",
    ...rows.map(
      ([kind, { ready, beside, requeue, event, isVerified }]) =>
        `| \`${kind}\` | ${ready} | ${beside ?? "–"} | ${requeue} | ${event ?? "–"} | ${isVerified ? "yes" : "no"} |`,
    ),
  ];
}

/** The page with its section as the table has it. */
export function withResults(page: string): string {
  const [start, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (start === -1 || end === -1) throw new Error(`${FILE}: the marks "${BEGIN}" and "${END}" are missing`);
  return page.slice(0, start) + resultSection() + page.slice(end + END.length);
}

if (process.argv[1] === import.meta.filename) writeFileSync(FILE, withResults(readFileSync(FILE, "utf8")));
