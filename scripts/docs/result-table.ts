import { RESULT_TABLE, type ResultRow } from "../../src/status/result-table.ts";
import { tableOf } from "./section.ts";

/** The results of a reconcile and their consequences, from the table that the code uses: a diagram and a table. */
export function resultTable(): string {
  const rows = Object.entries(RESULT_TABLE);
  return [...diagram(rows), "", table(rows)].join("\n");
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

function table(rows: Rows): string {
  return tableOf(
    ["result", "`Ready`", "second condition", "next reconcile", "Event", "a scan may replace the resync"],
    rows.map(([kind, { ready, beside, requeue, event, isVerified }]) => [
      `\`${kind}\``,
      ready,
      beside ?? "–",
      requeue,
      event ?? "–",
      isVerified ? "yes" : "no",
    ]),
  );
}
