import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AwsSandbox, startAwsSandbox } from "../../../src/sandbox/aws/server.ts";
import { allChecks } from "../../conformance/checks.ts";
import { Conformance, type ConformanceRun } from "../../conformance/conformance.ts";
import { assumeRoleWith } from "../../support/shipped-role.ts";
import { onSandbox, presentIn } from "./sandbox-run.ts";

const ROOT = join(import.meta.dirname, "../../..");
const POLICY = readFileSync(join(ROOT, "deploy/aws/conformance-policy.json"), "utf8");

/** Drift is repaired in every way by test/scenario/drift.test.ts. */
const CHECKS = allChecks.filter(({ id }) => !/^scenario-drift-(?!the-(description|profile))/.test(id));

/**
 * What the policy does not allow: a write to what is not there has no path and no tags that would prove it to be of a run. The sandbox
 * decides on access before it reads the parameters.
 */
const DENIED: ReadonlySet<string> = new Set([
  "contract-cannot-find-a-role-that-is-not-there",
  "contract-cannot-find-a-version-of-a-managed-policy-that-is-not-there",
  "contract-cannot-find-an-instance-profile-that-is-not-there",
  "contract-cannot-find-an-instance-that-is-not-there",
  "contract-cannot-replace-or-take-away-an-association-that-is-not-there",
  "contract-answers-a-missing-parameter-as-the-caller-s-mistake",
]);

interface Statement {
  readonly Sid: string;
  readonly Effect: "Allow" | "Deny";
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const STATEMENTS = (JSON.parse(POLICY) as { readonly Statement: readonly Statement[] }).Statement;
const ALLOWED = STATEMENTS.filter(({ Effect }) => Effect === "Allow");
/** IAM asks for it when a role is added to an instance profile and when an instance profile is associated. */
const IMPLIED = "iam:PassRole";

let aws: AwsSandbox;
let sent: ReadonlySet<string>;
let run: ConformanceRun;
let before: readonly string[];

beforeAll(async () => {
  aws = await startAwsSandbox();
  const document = POLICY.replaceAll("ACCOUNT_ID", aws.accountId).replaceAll("PREFIX", "conf");
  const credentials = await assumeRoleWith(aws.url, { conformance: document });
  before = presentIn(aws);
  run = await new Conformance(onSandbox(aws, credentials)).run(CHECKS, new AbortController().signal);
  const calls = aws.calls.matching({ accessKeyId: credentials.accessKeyId });
  // The one without a signature is of no service.
  sent = new Set(
    calls.filter(({ service }) => service !== undefined).map(({ service, action }) => `${service}:${action}`),
  );
}, 240_000);
afterAll(() => aws?.close());

describe("a conformance run on the sandbox, with the permissions of conformance-policy.json", () => {
  test.each(CHECKS.map(({ id }) => id))("%s", (id) => {
    const result = run.results.find(({ check }) => check.id === id);
    const expected = DENIED.has(id) ? "not applicable" : "passed";
    expect(result?.verdict, result?.observed).toBe(expected);
  });

  test("passes with all permissions what the policy does not allow", async () => {
    const denied = CHECKS.filter(({ id }) => DENIED.has(id));
    const { results } = await new Conformance(onSandbox(aws)).run(denied, new AbortController().signal);
    expect(results.map(({ verdict }) => verdict)).toEqual(denied.map(() => "passed"));
  });

  test("leaves nothing", () => {
    expect([run.cleanedAfter.left, presentIn(aws)]).toEqual([[], before]);
  });
});

test("each check has an id of its own, says what it is about, and names files that exist", () => {
  expect(new Set(allChecks.map(({ id }) => id)).size).toBe(allChecks.length);
  for (const { id, assumption, matters, steps, expected } of allChecks) {
    expect(assumption, id).toMatch(/^[A-Z].*\.$/);
    expect(Math.min(steps.length, expected.length), id).toBeGreaterThan(5);
    const files = matters.match(/\b(?:src|deploy)\/[\w./-]*\w/g) ?? [];
    expect(files.length, id).toBeGreaterThan(0);
    expect(
      files.filter((file) => !existsSync(join(ROOT, file))),
      id,
    ).toEqual([]);
  }
});

describe("conformance-policy.json", () => {
  test("allows the actions that a run sends, and no others", () => {
    // GetCallerIdentity needs no permission; of GetCoffee there is none.
    const needed = [...sent].filter((action) => !/:(GetCallerIdentity|GetCoffee)$/.test(action));
    const allowed = new Set(ALLOWED.flatMap(({ Action }) => Action));
    expect([...allowed].toSorted()).toEqual([...needed, IMPLIED].toSorted());
  });

  test("allows writes to IAM below the path of the prefix alone, and only with the run tag", () => {
    const isWrite = ({ Action }: Statement) => !/:(Get|List|Describe)/.test([Action].flat()[0] ?? "");
    const writes = ALLOWED.filter((one) => isWrite(one) && /^(iam|sts):/.test([one.Action].flat()[0] ?? ""));
    expect(writes.length).toBeGreaterThan(2);
    for (const { Sid, Resource, Condition } of writes) {
      const below = /^arn:aws:iam::ACCOUNT_ID:(role|instance-profile|policy)\/PREFIX\/\*$/;
      for (const resource of [Resource].flat()) expect(resource, Sid).toMatch(below);
      if (/^(PassRoles|AssumeRoles)/.test(Sid)) continue;
      expect(Object.keys(Condition?.["StringLike"] ?? {}), Sid).toEqual([
        expect.stringMatching(/^aws:(Request|Resource)Tag\/instance-profile-conformance$/),
      ]);
    }
  });

  test("tags nothing in EC2 with the run tag but what it creates", () => {
    const tagging = ALLOWED.filter(({ Action }) => [Action].flat().includes("ec2:CreateTags"));
    expect(tagging.map(({ Condition }) => Condition)).toEqual([
      { StringEquals: { "ec2:CreateAction": ["CreateLaunchTemplate", "RunInstances"] } },
      { StringLike: { "aws:ResourceTag/instance-profile-conformance": "PREFIX/*" } },
    ]);
  });

  test("fits a managed policy once its placeholders are replaced", () => {
    const text = POLICY.replaceAll("ACCOUNT_ID", "1".repeat(12)).replaceAll("PREFIX", "p".repeat(16));
    expect(text.replaceAll(/\s/g, "").length).toBeLessThan(6_144);
  });
});
