import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { PLURAL } from "../src/api/instance-profile.ts";
import { CLASS_PLURAL } from "../src/api/instance-profile-class.ts";
import { apiReference, testReference } from "./docs/api-reference.ts";
import { chartValues } from "./docs/chart-values.ts";
import { commandsReference } from "./docs/commands-reference.ts";
import { metricsOfObjects, metricsReference } from "./docs/metrics-reference.ts";
import { reasonsByMessage } from "./docs/reasons.ts";
import { resultTable } from "./docs/result-table.ts";
import { withSection } from "./docs/section.ts";

/**
 * Writes the parts of the docs that are generated from the code: `npm run docs`. The rest of each page, outside of the marks, is
 * written by hand. A test fails while a page differs from what this writes.
 */

const ROOT = join(import.meta.dirname, "..");
const KUBE_STATE_METRICS = "deploy/monitoring/kube-state-metrics.yaml";

/** The generated sections of each page, by page and mark. */
async function sections(): Promise<Readonly<Record<string, Readonly<Record<string, string>>>>> {
  return {
    "deploy/chart/README.md": {
      values: chartValues(JSON.parse(read("deploy/chart/values.schema.json")), parse(read("deploy/chart/values.yaml"))),
    },
    "docs/explanation/architecture.md": { results: resultTable() },
    "docs/how-to/review-access.md": { "fields of a policy test": testReference() },
    "docs/reference/instance-profile.md": { fields: apiReference(PLURAL) },
    "docs/reference/instance-profile-class.md": { fields: apiReference(CLASS_PLURAL) },
    "docs/reference/commands.md": { commands: await commandsReference() },
    "docs/reference/metrics.md": {
      ...metricsReference(),
      "metrics of objects": metricsOfObjects(read(KUBE_STATE_METRICS)),
    },
    "docs/troubleshooting.md": {
      reasons: reasonsByMessage(read("docs/reference/conditions.md"), read("docs/reference/condition-samples.md")),
    },
  };
}

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** Every page with generated sections as it must be, by its path from the root. */
export async function generatedPages(): Promise<ReadonlyMap<string, string>> {
  const pages = Object.entries(await sections()).map(([path, parts]) => {
    const page = read(path);
    return [path, Object.entries(parts).reduce((text, [name, part]) => withSection(text, name, part), page)] as const;
  });
  return new Map(pages);
}

if (process.argv[1] === import.meta.filename)
  for (const [path, page] of await generatedPages()) writeFileSync(join(ROOT, path), page);
