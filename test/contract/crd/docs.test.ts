import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { parseInstanceProfile } from "../../../src/api/parse-instance-profile.ts";
import { VIOLATION_REASONS } from "../../../src/plan/class/class-guards.ts";

const ROOT = join(import.meta.dirname, "../../..");
const BOOK = readFileSync(join(ROOT, "docs/reference/instance-profile.md"), "utf8");
const CONDITIONS = readFileSync(join(ROOT, "docs/reference/conditions.md"), "utf8");

/** The words in code style in the first cells of the table under a heading. */
function firstCells(heading: string): readonly string[] {
  const section = CONDITIONS.slice(CONDITIONS.indexOf(`## ${heading}\n`)).split("\n## ")[0] ?? "";
  return [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, word]) => word ?? "");
}

describe("the book of the CRD", () => {
  test("shows manifests that are valid", () => {
    const manifests = [...BOOK.matchAll(/```yaml\n(apiVersion: [\s\S]*?)```/g)].map(
      ([, text]) => parse(text ?? "") as unknown,
    );
    expect(manifests.length).toBeGreaterThan(0);
    for (const manifest of manifests) expect(() => parseInstanceProfile(manifest)).not.toThrow();
  });

  test("explains every reason that the sources give, and no other", () => {
    expect([...firstCells("Reasons")].sort()).toEqual(reasonsInSources());
  });
});

/** Reasons that reach no status: what a reconcile is postponed for, and what only commands raise. */
const UNSEEN = new Set([
  ...["StaleObject", "StaleClass", "InvalidPolicyJson", "DuplicateObject", "NotTemplate", "NotTerraformState"],
  // A note of `plan` without --cluster-id.
  "ClusterUnknown",
  // A queue of events is no object's: the log and a metric have it.
  "QueueNotFound",
  // A failure of the command `report`.
  "ReportFailed",
  // The deletion of an orphan has no object whose status could show them.
  ...["ObjectExists", "OrphanNotProven"],
]);

/** Reasons that only classes have; their book has them. */
const OF_CLASSES = ["Accepted", "AccountReachable", "InUse"];

/** Reasons of other conditions than Ready; the book names them in its text. */
const BESIDE_READY = new Set([
  "WithinClass",
  "OrphanedInAWS",
  "ProgressingWithRetry",
  "InstancesNotSearched",
  "LaunchTemplatesNotSearched",
  "RoleRecentlyUsed",
  "DeletedInUse",
  "AdoptedInUse",
  "AdoptsFromCluster",
  "RoleNotAssumableByEC2",
  "AdoptedWithoutBoundary",
  "AdoptedWithOtherBoundary",
  ...OF_CLASSES,
]);

function reasonsInSources(): readonly string[] {
  const files = globSync("src/{api,aws,controller,engine,model,plan,status}/**/*.ts", { cwd: ROOT });
  const found = files
    .filter((file) => !/status[/](orphan-)?events[.]ts$/.test(file))
    .flatMap((file) => [...readFileSync(join(ROOT, file), "utf8").matchAll(REASON)].map(([, reason]) => reason ?? ""));
  return [...new Set([...found, ...VIOLATION_REASONS])]
    .filter((reason) => !UNSEEN.has(reason) && !BESIDE_READY.has(reason))
    .sort();
}

const REASON =
  /(?:reason: [^",\n]*|\bblocked\(\s*|\b(?:NOT_CONVERGING|INVALID_POLICY|PERMISSIONS_BOUNDARY_NOT_FOUND|HANDED_OVER|QUEUED|UNFILLED_TEMPLATE|UNKNOWN_VARIABLE|INVALID_RESULT) = |\b(?:ready|notReady|reconciling|stalled|refused)\(\s*)"([A-Z]\w{3,})"/g;
