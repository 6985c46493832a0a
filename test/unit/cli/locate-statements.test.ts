import { expect, test } from "vitest";
import type { InstanceProfileSpec, Statement, TrustStatement } from "../../../src/api/instance-profile.ts";
import { asInManifest } from "../../../src/cli/access/locate-statements.ts";
import type { AccessReport, AreaReport, ReportedPlace } from "../../../src/plan/access/access-report.ts";
import { anInstanceProfile, type SpecOverrides } from "../../support/builders.ts";

const allow = (action: string): Statement => ({ effect: "Allow", actions: [action], resources: ["*"] });
const trusts = (account: string): TrustStatement => ({
  effect: "Allow",
  actions: ["sts:AssumeRole"],
  principals: { aws: [account] },
});
const [one, other] = ["111122223333", "444455556666"].map(trusts) as [TrustStatement, TrustStatement];
const EC2 = "ec2.amazonaws.com";
const spec = (given: SpecOverrides): InstanceProfileSpec => anInstanceProfile({ spec: given }).spec;

/** The statements of the manifest that the report names when it is about statement `at` of what is written. */
function named(policy: string, at: number, written: InstanceProfileSpec, manifest: InstanceProfileSpec): unknown {
  const place: ReportedPlace = { policy, statement: at };
  const example = { action: "s3:GetObject", resource: "*", context: {}, ...place };
  const area: AreaReport = { verdict: "new-access", examples: [example], undecided: [{ reason: "", ...place }] };
  const report: AccessReport = { verdict: "new-access", permissions: area, trust: area };
  const { permissions, trust } = asInManifest(report, written, manifest);
  const found = [permissions, trust].flatMap(({ examples, undecided }) => [...examples, ...undecided]);
  const statements = new Set(found.map(({ statement }) => statement));
  expect(statements.size).toBe(1);
  return [...statements][0];
}

const inline = (at: number, written: readonly Statement[], manifest: readonly Statement[]): unknown => {
  const of = (statements: readonly Statement[]): InstanceProfileSpec => spec({ policyName: "app", statements });
  return named("inline policy app", at, of(written), of(manifest));
};
const trust = (at: number, written: InstanceProfileSpec["trust"], manifest: InstanceProfileSpec["trust"]): unknown =>
  named("trust policy", at, spec({ trust: written }), spec({ trust: manifest }));

const [a, b, c] = ["s3:*", "s3:GetObject", "s3:PutObject"].map(allow) as [Statement, Statement, Statement];

test.each<[string, unknown, number | undefined]>([
  ["behind a stripped one", inline(0, [b], [a, b]), 1],
  ["between stripped ones", inline(1, [b, c], [a, b, a, c]), 3],
  ["that the manifest has twice", inline(1, [b, b], [a, b, b]), 2],
  ["of a manifest that is written whole", inline(1, [a, a], [a, a]), 1],
  ["that the manifest does not have", inline(0, [c], [a, b]), undefined],
  ["beyond the last one", inline(2, [b], [a, b]), undefined],
])("a statement of the inline policy has the number of the manifest: %s", (_, found, expected) => {
  expect(found).toBe(expected);
});

test.each<[string, unknown, number | undefined]>([
  ["the services", trust(0, { services: [EC2], statements: [] }, { services: ["a", EC2], statements: [one] }), 0],
  [
    "behind the services",
    trust(1, { services: [EC2], statements: [other] }, { services: [EC2], statements: [one, other] }),
    2,
  ],
  [
    "behind stripped services",
    trust(0, { services: [], statements: [one] }, { services: [EC2], statements: [one] }),
    1,
  ],
  ["without services", trust(0, { services: [], statements: [other] }, { services: [], statements: [one, other] }), 1],
  [
    "that closes the role",
    trust(0, { services: [], statements: [other] }, { services: [EC2], statements: [] }),
    undefined,
  ],
])("a statement of the trust policy has the number of the manifest: %s", (_, found, expected) => {
  expect(found).toBe(expected);
});

test("a statement of a managed policy keeps its number", () => {
  expect(named("managed policy arn:x", 3, spec({ statements: [] }), spec({ statements: [a] }))).toBe(3);
});
