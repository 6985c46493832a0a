import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { EC2_READS } from "../../../src/aws/ec2/ec2-reader.ts";
import { IAM_ACCOUNT_READS } from "../../../src/aws/iam/account-reader.ts";
import { IAM_INVENTORY_READS } from "../../../src/aws/iam/iam-inventory.ts";
import { IAM_BOUNDARY_READS, IAM_READS } from "../../../src/aws/iam/iam-reader.ts";
import { IAM_LAST_ACCESSED_READS } from "../../../src/aws/iam/last-accessed-reader.ts";
import { IAM_MANAGED_POLICY_READS } from "../../../src/aws/iam/managed-policy-reader.ts";
import { IAM_OWN_POLICY_READS } from "../../../src/aws/iam/own-policy-reader.ts";
import { AWS_ACTIONS } from "../../../src/aws/required-permissions.ts";
import { placeholdersInReadme, shippedPolicy } from "../../support/shipped-role.ts";
import { DEPLOY_FOLDER } from "./deployed-files.ts";

interface Statement {
  readonly Sid: string;
  readonly Effect: "Allow" | "Deny";
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

const FILES = [
  "controller-policy.json",
  "adoption-policy.json",
  "hand-over-policy.json",
  "plan-policy.json",
  "report-policy.json",
];
const IAM = IAM_READS.map((operation) => `iam:${operation}`);
const EC2 = EC2_READS.map((operation) => `ec2:${operation}`);
const READS = [...IAM, ...EC2];
const BOUNDARY_READS = IAM_BOUNDARY_READS.map((operation) => `iam:${operation}`);
const OWN_POLICY_READS = IAM_OWN_POLICY_READS.map((operation) => `iam:${operation}`);
const ACCOUNT_READS = IAM_ACCOUNT_READS.map((operation) => `iam:${operation}`);

function textOf(file: string): string {
  return readFileSync(join(DEPLOY_FOLDER, "aws", file), "utf8");
}

function statements(file: string): readonly Statement[] {
  return (JSON.parse(textOf(file)) as { readonly Statement: readonly Statement[] }).Statement;
}

function actionsOf(some: readonly Statement[]): readonly string[] {
  return some.flatMap(({ Action }) => Action).toSorted();
}

function withEffect(effect: Statement["Effect"]): readonly Statement[] {
  return statements("controller-policy.json").filter(({ Effect }) => Effect === effect);
}

function isAboutEc2(statement: Statement): boolean {
  return actionsOf([statement]).every((action) => action.startsWith("ec2:"));
}

test("the controller is allowed every action that the code calls and no other, but for taking boundaries off", () => {
  const withheld = "iam:DeleteRolePermissionsBoundary";
  expect(AWS_ACTIONS).toContain(withheld);
  expect(actionsOf(withEffect("Allow"))).toEqual(AWS_ACTIONS.filter((action) => action !== withheld));
  expect(withEffect("Deny")).toContainEqual(expect.objectContaining({ Action: withheld, Resource: "*" }));
});

test("plan, export and access are allowed exactly the reads of the code", () => {
  const some = statements("plan-policy.json");
  const ofPolicies = [...IAM_MANAGED_POLICY_READS, ...IAM_OWN_POLICY_READS];
  const inIam = new Set([...IAM_INVENTORY_READS, ...IAM_ACCOUNT_READS, ...ofPolicies]);
  const reads = [...READS, ...[...inIam].map((operation) => `iam:${operation}`)];
  expect(actionsOf(some)).toEqual(reads.toSorted());
  expect(new Set(some.map(({ Effect }) => Effect))).toEqual(new Set(["Allow"]));
});

test("report is allowed no more than plan, and the reports on what roles have accessed", () => {
  const [plan, report] = ["plan-policy.json", "report-policy.json"].map((file) => actionsOf(statements(file)));
  expect(report?.filter((action) => plan?.includes(action) !== true)).toEqual(
    IAM_LAST_ACCESSED_READS.map((operation) => `iam:${operation}`),
  );
});

test("reading the account as a whole is a statement of its own, which can be left out", () => {
  const some = withEffect("Allow").filter(({ Sid }) => Sid === "ReadTheAccountAtOnce");
  expect(actionsOf(some)).toEqual(ACCOUNT_READS.toSorted());
  expect(some[0]?.Resource).toBe("*");
});

test("of managed policies the controller reads whether they exist, and documents under its path alone", () => {
  const some = withEffect("Allow").filter(({ Resource }) => JSON.stringify(Resource).includes(":policy/*"));
  expect(actionsOf(some)).toEqual(BOUNDARY_READS);
  const [own] = withEffect("Allow").filter(({ Sid }) => Sid === "ReadOwnPolicies");
  expect(own?.Resource).toBe("arn:aws:iam::ACCOUNT_ID:policy/PATH/*");
  expect(own?.Action).toContain("iam:GetPolicyVersion");
});

test("the controller writes under its path alone", () => {
  const writes = withEffect("Allow").filter(
    (statement) =>
      ![...READS, ...BOUNDARY_READS, ...OWN_POLICY_READS, ...ACCOUNT_READS].includes(actionsOf([statement])[0] ?? "") &&
      !isAboutEc2(statement),
  );
  expect(writes.length).toBeGreaterThan(0);
  for (const resource of writes.flatMap(({ Resource }) => Resource)) {
    expect(resource).toMatch(/^arn:aws:iam::ACCOUNT_ID:(role|instance-profile|policy)\/PATH\/\*$/);
  }
});

test("what the controller writes in EC2 it writes to instances of its account", () => {
  const writes = withEffect("Allow").filter((one) => isAboutEc2(one) && !EC2.includes(actionsOf([one])[0] ?? ""));
  expect(writes.map(({ Resource }) => Resource)).toEqual(Array(4).fill("arn:aws:ec2:*:ACCOUNT_ID:instance/*"));
});

test.each([
  ["adoption-policy.json", "AdoptWhatHasNoOwner", "ADOPTED"],
  ["hand-over-policy.json", "AdoptFromTheFormerCluster", "HANDED_OVER"],
])(
  "what may be adopted by %s is written by the same statements as what the controller created, and only there",
  (file, Sid, place) => {
    const adopting = statements(file);
    const [first, ...writes] = adopting;
    expect(first).toMatchObject({ Sid, Effect: "Allow" });
    const moved = (statement: Statement): unknown =>
      JSON.parse(JSON.stringify(statement).replaceAll(/(role|instance-profile|policy)\/PATH\/\*/g, `$1/${place}`));
    const own = withEffect("Allow").filter(({ Sid }) => writes.some((write) => write.Sid === Sid));
    expect(writes).toEqual(own.map(moved));
  },
);

test("the README names every placeholder of the policies, and no other", () => {
  const named = [...placeholdersInReadme().keys()];
  const used = named.filter((name) => FILES.some((file) => textOf(file).includes(name)));
  expect(named).toEqual(used);
  for (const file of FILES) expect(shippedPolicy(file)).not.toMatch(/\b[A-Z]{2,}(_[A-Z]+)*\b/);
});

// IAM counts no white space: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
test.each(FILES)("%s fits a managed policy once its placeholders are replaced", (file) => {
  expect(shippedPolicy(file, "c".repeat(36)).replaceAll(/\s/g, "").length).toBeLessThan(6_144);
});
