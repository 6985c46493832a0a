import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { findCommand, runCommand } from "../../support/kubectl.ts";

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: Readonly<Record<string, string>>;
}

interface Expected {
  readonly exp_labels: Readonly<Record<string, string>>;
  exp_annotations?: Readonly<Record<string, string>>;
}

interface AlertTest {
  readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly Expected[] }[];
}

const { spec } = parse(
  await readFile(join(import.meta.dirname, "../../../deploy/monitoring/prometheus-rule.yaml"), "utf8"),
) as { readonly spec: { readonly groups: readonly { readonly rules: readonly Rule[] }[] } };
const rules = spec.groups.flatMap((group) => group.rules);
const unitTests = parse(await readFile(join(import.meta.dirname, "alerts_test.yaml"), "utf8")) as {
  readonly tests: readonly AlertTest[];
};
const promtool = findCommand("promtool");

describe("the shipped alerts", () => {
  test("have a unit test each, in which the alert fires for the one cluster of two that has the fault", () => {
    const fired = unitTests.tests
      .flatMap((one) => one.alert_rule_test)
      .filter(({ exp_alerts: alerts }) => alerts.length === 1 && alerts[0]?.exp_labels["cluster"] === "b")
      .map(({ alertname }) => alertname);
    expect([...new Set(fired)].sort()).toEqual(rules.map(({ alert }) => alert).sort());
  });

  test("keep installations apart: every aggregation is by cluster and namespace", () => {
    const aggregations = rules.flatMap(
      ({ expr }) => expr.match(/\b(?:sum|max|min|avg|count|group)\b[^(]*\([^)]*\)/g) ?? [],
    );
    expect(aggregations.length).toBeGreaterThan(rules.length);
    expect(aggregations.filter((one) => !/^\w+ by \(cluster, namespace(?:, (?:account|name))?\)$/.test(one))).toEqual(
      [],
    );
  });

  test.skipIf(promtool === undefined)(
    `fire as they should${promtool ? "" : " (no promtool on the PATH)"}`,
    async () => {
      const folder = await mkdtemp(join(tmpdir(), "alerts-"));
      await writeFile(join(folder, "rules.yaml"), stringify(spec));
      const withoutTexts = {
        groups: spec.groups.map(({ rules: of, ...group }) => ({ ...group, rules: of.map(bare) })),
      };
      await writeFile(join(folder, "rules.yaml"), stringify({ ...spec, ...withoutTexts }));
      await writeFile(join(folder, "alerts_test.yaml"), stringify(unitTests));
      const { code, stdout, stderr } = await runCommand(promtool ?? "", [
        "test",
        "rules",
        join(folder, "alerts_test.yaml"),
      ]);
      await rm(folder, { recursive: true });
      expect({ code, out: `${stdout}${stderr}` }).toEqual({ code: 0, out: expect.stringContaining("SUCCESS") });
    },
  );
});

/** Without the texts for people, which the tests need not repeat. */
function bare({ annotations: _, ...rule }: Rule): Omit<Rule, "annotations"> {
  return rule;
}
