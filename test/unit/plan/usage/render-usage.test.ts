import { expect, test } from "vitest";
import { renderUsage } from "../../../../src/plan/usage/render-usage.ts";
import type { ObjectUse, UsageReport } from "../../../../src/plan/usage/usage-report.ts";

/** Of so many objects with the same reason. */
function report(count: number): UsageReport {
  const objects = Array.from(
    { length: count },
    (_, i): ObjectUse => ({
      namespace: "a",
      name: `app-${i}`,
      role: { state: "unknown", why: "the account was not read" },
      instanceProfile: { state: "absent" },
      unmanagedPolicies: [],
    }),
  );
  return { time: "2026-01-01T00:00:00Z", unusedForDays: 90, objects, notRead: [] };
}

function textOf(count: number): string {
  const lines = renderUsage(report(count), "text");
  return [lines]
    .flat()
    .map((line) => (typeof line === "string" ? line : line.text))
    .join("\n");
}

test("text names ten objects of the same reason, and counts the rest", () => {
  const named = (count: number): string => Array.from({ length: count }, (_, i) => `a/app-${i}`).join(", ");
  expect(textOf(10)).toContain(`  ${named(10)}: role: the account was not read`);
  expect(textOf(1_000)).toContain(`  ${named(10)} and 990 more: role: the account was not read`);
});

test("what machines read, and comments, name every object", () => {
  for (const format of ["json", "markdown"] as const) {
    expect(JSON.stringify(renderUsage(report(1_000), format)), format).toContain("app-999");
  }
});
