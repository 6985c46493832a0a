import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { FieldSchema } from "../../../src/api/field.ts";
import { parseInstanceProfile } from "../../../src/api/parse-instance-profile.ts";
import { specField } from "../../../src/api/spec-fields.ts";
import { statusField } from "../../../src/api/status-fields.ts";
import { VIOLATION_REASONS } from "../../../src/plan/class/class-guards.ts";

const ROOT = join(import.meta.dirname, "../../..");
const BOOK = readFileSync(join(ROOT, "docs/reference/instance-profile.md"), "utf8");

/** Table rows as cells. */
const ROWS = BOOK.split("\n")
  .filter((line) => line.startsWith("| "))
  .map((line) => line.slice(2, -2).split(" | "));

function rowOf(field: string): readonly string[] | undefined {
  return ROWS.find(([first]) => first !== undefined && new RegExp(`\`${field}\``).test(first));
}

/** The words in code style in the first cells of the table under a heading. */
function firstCells(heading: string): readonly string[] {
  const section = BOOK.slice(BOOK.indexOf(`### ${heading}\n`)).split("\n### ")[0] ?? "";
  return [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, word]) => word ?? "");
}

const specFields = Object.entries(specField.schema.properties ?? {});

describe("the book of the CRD", () => {
  test.each(specFields)("has a row for spec.%s with its default and bounds", (name, schema) => {
    const row = rowOf(name)?.join(" | ") ?? "";
    for (const bound of boundsOf(schema)) expect(row).toContain(bound);
    if (specField.schema.required?.includes(name)) expect(row).toContain("required");
  });

  test.each(Object.keys(statusField.schema.properties ?? {}))("has a row for status.%s", (name) => {
    expect(BOOK).toMatch(new RegExp(`^\\| \`${name}(\\.|\`)`, "m"));
  });

  test("has rows for no field that is not there", () => {
    const section = BOOK.slice(BOOK.indexOf("## Writing a spec"), BOOK.indexOf("### Names and path"));
    const named = [...section.matchAll(/^\| \[?`(\w+)`/gm)].map(([, name]) => name);
    expect([...named].sort()).toEqual(specFields.map(([name]) => name).sort());
  });

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

function boundsOf(schema: FieldSchema): readonly string[] {
  const numbers = [schema.maxLength, schema.maximum, schema.minimum, schema.maxItems, schema.maxProperties];
  const fallback = schema.default === undefined ? [] : [shown(schema.default)];
  return [...numbers.filter((bound) => bound !== undefined).map(String), ...fallback, ...(schema.enum ?? [])];
}

/** A default as the book writes it: YAML in flow style, text without quotes. */
function shown(value: unknown): string {
  return typeof value === "string"
    ? value
    : JSON.stringify(value)
        .replaceAll('"', "")
        .replaceAll(/([:,])/g, "$1 ");
}

/** Reasons that reach no status: what a reconcile is postponed for, and what only commands raise. */
const UNSEEN = new Set([
  ...["StaleObject", "StaleClass", "InvalidPolicyJson", "DuplicateObject", "NotTemplate", "NotTerraformState"],
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
  "RoleNotAssumableByEC2",
  "AdoptedWithoutBoundary",
  "AdoptedWithOtherBoundary",
  ...OF_CLASSES,
]);

function reasonsInSources(): readonly string[] {
  const files = globSync("src/{api,aws,controller,engine,model,plan,status}/**/*.ts", { cwd: ROOT });
  const found = files
    .filter((file) => !/status[/](class-|orphan-)?events[.]ts$/.test(file))
    .flatMap((file) => [...readFileSync(join(ROOT, file), "utf8").matchAll(REASON)].map(([, reason]) => reason ?? ""));
  return [...new Set([...found, ...VIOLATION_REASONS])]
    .filter((reason) => !UNSEEN.has(reason) && !BESIDE_READY.has(reason))
    .sort();
}

const REASON =
  /(?:reason: [^"\n]*|\bblocked\(\s*|\b(?:NOT_CONVERGING|INVALID_POLICY|PERMISSIONS_BOUNDARY_NOT_FOUND|QUEUED|UNFILLED_TEMPLATE|UNKNOWN_VARIABLE|INVALID_RESULT) = |\b(?:ready|notReady|reconciling|stalled|refused)\(\s*)"([A-Z]\w{3,})"/g;
