import { describe, expect, test } from "vitest";
import type { InstanceProfileSpec, Trust } from "../../../src/api/instance-profile.ts";
import type { ObservedRole } from "../../../src/model/observed-state.ts";
import { guardTrust } from "../../../src/plan/class/class-guards-access.ts";
import { diff } from "../../../src/plan/diff.ts";
import { exportedManifest } from "../../../src/plan/exported-manifest.ts";
import { isRefusedByIam, lint, refusedByIam } from "../../../src/plan/lint/lint.ts";
import { aClass, anInstanceProfile, desiredOf, NOTHING, stateAfter } from "../../support/builders.ts";

const CHINA = { partition: "aws-cn" };
const found = (spec: object, partition: string) =>
  lint({ ...anInstanceProfile({ spec: spec as never }), place: { partition } }).map(
    ({ severity, rule, path }) => `${severity} ${rule} ${path}`,
  );
const allow = (...resources: string[]) => ({ statements: [{ effect: "Allow", actions: ["s3:GetObject"], resources }] });

describe("an ARN of another partition than the account's", () => {
  test.each<[string, object, string]>([
    ["a resource", allow("*", "arn:aws:s3:::b/*"), "spec.statements[0].resources[1]"],
    [
      "a managed policy",
      { managedPolicyArns: ["arn:aws:iam::aws:policy/ReadOnlyAccess"] },
      "spec.managedPolicyArns[0]",
    ],
    ["the boundary", { permissionsBoundaryArn: "arn:aws:iam::123456789012:policy/b" }, "spec.permissionsBoundaryArn"],
  ])("is an error in %s", (_, spec, path) => {
    expect(found({ ...allow("*"), ...spec }, "aws-cn")).toContain(`error wrong-partition ${path}`);
    expect(found({ ...allow("*"), ...spec }, "aws").filter((one) => one.includes("partition"))).toEqual([]);
  });

  test("is an error in principals, and blocks the creation of the role", () => {
    const trust: Trust = {
      services: ["ec2.amazonaws.com"],
      statements: [
        { effect: "Allow", actions: ["sts:AssumeRole"], principals: { aws: ["arn:aws:iam::123456789012:root"] } },
      ],
    };
    const path = "spec.trust.statements[0].principals.aws[0]";
    expect(found({ trust }, "aws-us-gov")).toEqual([`error wrong-partition ${path}`]);
    const object = { ...anInstanceProfile({ spec: { trust } }), place: { partition: "aws-us-gov" } };
    expect(refusedByIam(object)).toMatchObject([{ path, reason: "InvalidPolicy" }]);
  });

  test.each(["*", "arn:*:s3:::b", "arn:aws-cn:s3:::b", "arn"])("is not %s", (resource) => {
    expect(found(allow(resource), "aws-cn")).toEqual([]);
  });

  test("is not looked for where the partition is not known", () => {
    expect(lint(anInstanceProfile({ spec: allow("arn:aws-cn:s3:::b") as never }))).toEqual([]);
  });
});

describe("EC2 in China", () => {
  const spec = (service: string): Partial<InstanceProfileSpec> => ({ trust: { services: [service], statements: [] } });

  test("is the same by both names: a role that trusts either is in sync", () => {
    const made = stateAfter(NOTHING, diff(desiredOf(spec("ec2.amazonaws.com.cn")), NOTHING).actions);
    expect(diff(desiredOf(spec("ec2.amazonaws.com")), made).actions).toEqual([]);
  });

  test("is no other service: a role that trusts Lambda beside it is not in sync", () => {
    const made = stateAfter(NOTHING, diff(desiredOf(spec("lambda.amazonaws.com")), NOTHING).actions);
    expect(diff(desiredOf(spec("ec2.amazonaws.com.cn")), made).actions).not.toEqual([]);
  });

  test("is allowed by a class that allows EC2", () => {
    const account = { id: "123456789012", partition: "aws-cn" as const };
    const bounds = { class: aClass({ account }), namespace: "a", clusterId: "c", olderPeers: 0 };
    expect(guardTrust({ trust: { services: ["ec2.amazonaws.com.cn"], statements: [] } }, bounds)).toEqual([]);
    const elsewhere = { ...bounds, class: aClass() };
    expect(guardTrust({ trust: { services: ["ec2.amazonaws.com.cn"], statements: [] } }, elsewhere)).not.toEqual([]);
    expect(guardTrust({ trust: { services: ["lambda.amazonaws.com.cn"], statements: [] } }, bounds)).not.toEqual([]);
  });

  test("is refused where the account is elsewhere, and is the default that an export leaves out", () => {
    expect(found(spec("ec2.amazonaws.com.cn"), "aws")).toEqual(["error wrong-partition spec.trust.services[0]"]);
    expect(found(spec("ec2.amazonaws.com.cn"), CHINA.partition)).toEqual([]);
    const { role, instanceProfile } = stateAfter(
      NOTHING,
      diff(desiredOf(spec("ec2.amazonaws.com.cn")), NOTHING).actions,
    );
    const exported = exportedManifest(role as ObservedRole, instanceProfile as never, {
      name: "a",
      namespace: undefined,
    });
    expect(exported.manifest["spec"]).not.toHaveProperty("trust");
  });
});

describe("a trust policy without EC2", () => {
  const lambda: Partial<InstanceProfileSpec> = { trust: { services: ["lambda.amazonaws.com"], statements: [] } };

  test("is a warning, and a note of the plan that writes it", () => {
    expect(found(lambda, "aws")).toEqual(["warning no-ec2-trust spec.trust"]);
    const plan = diff(desiredOf(lambda), NOTHING);
    expect(plan.notes).toMatchObject([{ reason: "RoleNotAssumableByEC2" }]);
    expect(diff(desiredOf(lambda), stateAfter(NOTHING, plan.actions)).notes).toBeUndefined();
  });

  test.each<[string, Trust]>([
    ["services", { services: ["ec2.amazonaws.com"], statements: [] }],
    [
      "a statement",
      {
        services: [],
        statements: [{ effect: "Allow", actions: ["sts:AssumeRole"], principals: { services: ["ec2.amazonaws.com"] } }],
      },
    ],
  ])("is none where %s has it", (_, trust) => {
    expect(found({ trust }, "aws")).toEqual([]);
    expect(diff(desiredOf({ trust }), NOTHING).notes).toBeUndefined();
  });
});

test("what blocks the creation of a role is what validate says that IAM refuses, of every kind", () => {
  const conditions = { StringEqual: { "aws:PrincipalTag/a": ["b"] } };
  const large = Array.from({ length: 700 }, (_, i) => `arn:aws:s3:::${"x".repeat(20)}${i}`);
  const object = {
    ...anInstanceProfile({
      spec: {
        statements: [
          { effect: "Allow", actions: ["s3:GetObject"], resources: large },
          { effect: "Allow", actions: ["*"], resources: ["arn:aws-cn:s3:::b"], conditions },
        ],
        trust: {
          services: ["ec2.amazonaws.com"],
          statements: [
            { effect: "Allow", actions: ["sts:AssumeRole"], principals: { aws: ["123456789012"] }, conditions },
          ],
        },
      } as never,
    }),
    place: { partition: "aws" },
  };
  const blocked = refusedByIam(object).map(({ path }) => path);
  expect(blocked).toEqual(
    lint(object)
      .filter(isRefusedByIam)
      .map(({ path }) => path),
  );
  expect(new Set(blocked)).toEqual(
    new Set([
      "spec.statements",
      "spec.statements[1].resources[0]",
      "spec.statements[1].conditions.StringEqual",
      "spec.trust.statements[0].conditions.StringEqual",
    ]),
  );
});
