import { describe, expect, test } from "vitest";
import type { InstanceProfileSpec } from "../../../src/api/instance-profile.ts";
import { parseInstanceProfile } from "../../../src/api/parse-instance-profile.ts";
import { type Bounds, filledIn, withClassDefaults, withoutExcess } from "../../../src/plan/class/class-bounds.ts";
import { classViolations } from "../../../src/plan/class/class-guards.ts";
import { aClass, anInstanceProfile, statementsIn } from "../../support/builders.ts";
import { boundsOf, CAREFUL, NAMED } from "./guarded-specs.ts";

test("the placeholders of a class stand for the namespace and the cluster of the object, wherever they are", () => {
  expect(filledIn("/{cluster}/{namespace}/{namespace}/{other}/", boundsOf())).toBe("/cluster-1/team-a/team-a/{other}/");
});

describe("a spec without what violates its class", () => {
  const bounds = boundsOf({
    ...CAREFUL,
    ...{ tags: { team: "a" }, allowedTagKeys: ["app"], maxSessionDurationSeconds: 7200 },
  });
  const wide = anInstanceProfile({
    spec: {
      ...NAMED,
      statements: [
        { sid: "Mine", effect: "Allow", actions: ["s3:GetObject"], resources: ["*"] },
        { sid: "Yours", effect: "Allow", actions: ["iam:*"], resources: ["*"] },
        { sid: "Not", effect: "Deny", actions: ["iam:*"], resources: ["*"] },
      ],
      managedPolicyArns: [
        "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore",
        "arn:aws:iam::aws:policy/AdministratorAccess",
      ],
      trust: {
        services: ["ec2.amazonaws.com", "lambda.amazonaws.com"],
        statements: [{ effect: "Allow", actions: ["sts:AssumeRole"], principals: { aws: ["210987654321"] } }],
      },
      adoptionPolicy: "IfExists",
      instances: { region: "eu-west-1", onConflict: "Keep", ids: ["i-0123456789abcdef0"] },
      tags: { app: "x", TEAM: "b", "eks-cluster-admin": "true" },
      maxSessionDurationSeconds: 43_200,
      deletionPolicy: "Retain",
    },
  }).spec;

  const strippedOf = (spec: InstanceProfileSpec, by: Bounds = bounds): InstanceProfileSpec =>
    withoutExcess(spec, classViolations(spec, by), by.class);

  test("keeps what the class allows, and is then compliant", () => {
    const cut = strippedOf(wide);
    expect(statementsIn(cut).map(({ sid }) => sid)).toEqual(["Mine", "Not"]);
    expect(cut.managedPolicyArns).toEqual(["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"]);
    expect(cut.trust).toEqual({ services: ["ec2.amazonaws.com"], statements: [] });
    expect(cut).toMatchObject({ adoptionPolicy: "Never", maxSessionDurationSeconds: 7200 });
    expect(cut).not.toHaveProperty("deletionPolicy");
    expect(cut.tags).toEqual({ app: "x", team: "a" });
    expect(cut).not.toHaveProperty("instances");
    expect(classViolations(cut, bounds)).toEqual([]);
  });

  test("has the value that its class gives to a tag", () => {
    const object = anInstanceProfile({ spec: { ...NAMED, tags: { team: "b" } } });
    const violations = classViolations(object.spec, bounds);
    const cut = withoutExcess(withClassDefaults(object, bounds.class).spec, violations, bounds.class);
    expect(cut.tags).toEqual({ team: "a" });
  });

  test("keeps its name and path, which grant nothing, and loses the excess", () => {
    const cut = strippedOf({ ...wide, roleName: "app", path: "/elsewhere/" });
    expect(statementsIn(cut).map(({ sid }) => sid)).toEqual(["Mine", "Not"]);
    expect(cut).toMatchObject({ roleName: "app", path: "/elsewhere/" });
  });

  test.each([
    [[]],
    [[{ effect: "Deny", actions: ["sts:AssumeRole"], principals: { aws: ["210987654321"] } }]],
  ] as const)("trusts no principal where only the statements %j are left", (statements) => {
    const cut = strippedOf({ ...wide, trust: { services: ["lambda.amazonaws.com"], statements } });
    expect(cut.trust).toEqual({
      services: [],
      statements: [{ sid: "NoTrustAllowed", effect: "Deny", actions: ["sts:AssumeRole"], principals: { aws: ["*"] } }],
    });
    expect(classViolations(cut, bounds)).toEqual([]);
  });

  test("has only the tags of its class where IAM has no room for all", () => {
    const tags = Object.fromEntries(Array.from({ length: 42 }, (_, i) => [`app-${i}`, "x"]));
    const roomy = { ...bounds, class: aClass({ ...bounds.class.spec, allowedTagKeys: ["app-*"] }) };
    expect(strippedOf({ ...wide, tags }, roomy).tags).toEqual({ team: "a" });
  });

  test("has the boundary of the class instead of its own", () => {
    const permissionsBoundaryArn = "arn:aws:iam::123456789012:policy/k8s-boundary";
    const strict = { ...bounds, class: aClass({ ...bounds.class.spec, permissionsBoundaryArn }) };
    const cut = strippedOf({ ...wide, permissionsBoundaryArn: "arn:aws:iam::aws:policy/AdministratorAccess" }, strict);
    expect(cut.permissionsBoundaryArn).toBe(permissionsBoundaryArn);
    expect(classViolations(cut, strict)).toEqual([]);
  });

  test.each([
    ["does not allow its namespace", { ...bounds, class: aClass({ ...bounds.class.spec, namespaces: ["other"] }) }],
    [
      "has the maximum number of objects",
      { ...bounds, class: aClass({ ...bounds.class.spec, maxPerNamespace: 1 }), olderPeers: 1 },
    ],
  ])("grants nothing when the class %s", (_, by) => {
    const cut = strippedOf(wide, by);
    expect(cut).toMatchObject({ inlinePolicies: [], managedPolicyArns: [], tags: { team: "a" } });
    expect(cut.tags).not.toHaveProperty("app");
    expect(cut).not.toHaveProperty("instances");
  });
});

test("a class adds its boundary, its tags and its deletion policy to an object that has none", () => {
  const of = aClass({
    permissionsBoundaryArn: "arn:aws:iam::aws:policy/B",
    tags: { team: "a" },
    deletionPolicy: "Retain",
    allowedDeletionPolicies: ["Delete", "Retain"],
  });
  expect(withClassDefaults(anInstanceProfile({ spec: { tags: { app: "x" } } }), of).spec).toMatchObject({
    permissionsBoundaryArn: "arn:aws:iam::aws:policy/B",
    tags: { app: "x", team: "a" },
    deletionPolicy: "Retain",
  });
  expect(withClassDefaults(anInstanceProfile({ spec: { deletionPolicy: "Delete" } }), of).spec.deletionPolicy).toBe(
    "Delete",
  );
  expect(withClassDefaults(anInstanceProfile({ spec: { tags: { team: "b" } } }), of).spec.tags).toEqual({ team: "a" });
  const both = aClass({ allowedDeletionPolicies: ["Delete", "Retain"] });
  expect(withClassDefaults(anInstanceProfile(), both)).toEqual(anInstanceProfile());
});

describe("a document of which a class allows a part", () => {
  const bounds = boundsOf(CAREFUL);
  const allowed = { Effect: "Allow", Action: "s3:GetObject", Resource: "*" };
  const excess = { Effect: "Allow", Action: "iam:*", Resource: "*" };
  const stripped = (document: object) => {
    const { spec } = parseInstanceProfile({
      apiVersion: "iam.instanceprofile.dev/v1beta1",
      kind: "InstanceProfile",
      metadata: { name: "app", namespace: "team-a" },
      spec: { ...NAMED, inlinePolicies: [{ name: "odd", document }] },
    });
    return withoutExcess(spec, classViolations(spec, bounds), bounds.class).inlinePolicies;
  };

  test("keeps the statements that are allowed, and its version", () => {
    const document = { Version: "2008-10-17", Statement: [excess, allowed] };
    expect(stripped(document)).toMatchObject([
      { statements: [{ actions: ["s3:GetObject"] }], document: { Version: "2008-10-17", Statement: [allowed] } },
    ]);
  });

  test("is gone when nothing of it is allowed", () => {
    expect(stripped({ Statement: excess })).toEqual([]);
  });
});
