import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { InstanceProfileSpec, Statement } from "../../src/api/instance-profile.ts";
import type { InstanceProfileClassSpec } from "../../src/api/instance-profile-class.ts";
import type { Bounds } from "../../src/plan/class/class-bounds.ts";
import { classViolations } from "../../src/plan/class/class-guards.ts";
import { aClass, anInstanceProfile, aPolicy } from "../support/builders.ts";
import { reasonOf, saidAtAdmission } from "../support/class-policy.ts";
import { lawRuns } from "../support/law-runs.ts";

const textOf = (...parts: readonly string[]): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...parts), { minLength: 1, maxLength: 4 }).map((some) => some.join(""));

/** Few letters, so that patterns meet. */
const action = fc.oneof(
  { weight: 1, arbitrary: fc.constant("*") },
  {
    weight: 8,
    arbitrary: fc
      .tuple(fc.constantFrom("s3", "S3", "iam", "*", "s*"), textOf("Get", "get", "x", "-", "*", "?"))
      .map(([service, name]) => `${service}:${name}`),
  },
);

/** With the characters that a regular expression, or the quoting of one, would act on. */
const resource = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom("*", "arn:*", "arn:aws:s3", "arn:?ws:s3:::a") },
  {
    weight: 8,
    arbitrary: textOf(
      "a",
      "b",
      "*",
      "?",
      "x",
      ".",
      "\\",
      "E",
      "\\E",
      "\\Q",
      "(",
      "|",
      "+",
      "$",
      "^",
      "[",
      "\n",
      "é",
    ).map((name) => `arn:aws:s3:::${name}`),
  },
);
const filledResource = fc.oneof(
  resource,
  fc.constantFrom("arn:aws:s3:::{namespace}*", "arn:aws:s3:::{cluster}/*", "arn:aws:s3:::a{cluster}"),
);
const objectResource = fc.oneof(resource, fc.constantFrom(`arn:aws:s3:::$${"{aws:username}"}/a`, "arn:aws:s3:::a*"));

/** Keys that meet in one case of their letters or another; the last two have a K beyond ASCII and two UTF-16 units for one letter. */
const tagKey = fc.constantFrom("team", "Team", "cost.center", "costXcenter", "k", "\u212a", "\u{1d400}");
const tagKeyPattern = fc.constantFrom("*", "t*", "TEAM", "cost.center", "k*", "K", "*\u{1d400}", "\u212a");
const region = fc.constantFrom("eu-west-1", "us-east-1", "us-gov-west-1");
const regionPattern = fc.constantFrom("*", "eu-*", "*-east-1", "us-*-1", "eu-west-1");

/** So that one thing alone is wrong, as a rule, or nothing. */
const mostly = <T>(good: T, other: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(good) }, { weight: 1, arbitrary: other });

const some = <T>(one: fc.Arbitrary<T>, minLength = 1): fc.Arbitrary<T[]> =>
  fc.uniqueArray(one, { minLength, maxLength: 3 });

const statement: fc.Arbitrary<Statement> = fc
  .record({
    effect: fc.constantFrom("Allow" as const, "Deny" as const),
    actions: some(action),
    resources: some(objectResource),
    hasNotActions: fc.nat(9),
    hasNotResources: fc.nat(9),
  })
  .map(({ effect, actions, resources, hasNotActions, hasNotResources }) => ({
    effect,
    ...(hasNotActions === 0 ? { notActions: actions } : { actions }),
    ...(hasNotResources === 0 ? { notResources: resources } : { resources }),
  }));

const POLICIES = ["arn:aws:iam::aws:policy/A", "arn:aws:iam::123456789012:policy/x/A.B"] as const;

const spec: fc.Arbitrary<InstanceProfileSpec> = fc
  .record({
    statements: fc.array(statement, { maxLength: 2 }),
    inlinePolicies: mostly<Statement[][]>(
      [],
      fc.array(fc.array(statement, { minLength: 1, maxLength: 2 }), { maxLength: 2 }),
    ),
    managedPolicies: mostly<Statement[][]>(
      [],
      fc.array(fc.array(statement, { minLength: 1, maxLength: 2 }), { maxLength: 1 }),
    ),
    ownName: fc.constantFrom(undefined, undefined, "app", "a", "A"),
    ownPath: fc.constantFrom(undefined, undefined, "/", "/team-a/", "/prod/team-a/"),
    roleName: mostly("team-a-app", fc.constantFrom("app", "prod-app")),
    management: mostly<"Managed" | "External">("Managed", fc.constant("External")),
    path: fc.constantFrom("/team-a/", "/team-a/", "/prod/team-a/", "/dev/team-a/"),
    managedPolicyArns: mostly<string[]>([], fc.subarray([...POLICIES])),
    services: mostly<string[]>(["ec2.amazonaws.com"], fc.constant(["ec2.amazonaws.com", "lambda.amazonaws.com"])),
    hasTrust: fc.nat(9),
    tags: mostly<Record<string, string>>({}, fc.dictionary(tagKey, fc.constantFrom("a", "b"), { maxKeys: 3 })),
    roleTags: mostly<Record<string, string>>({}, fc.dictionary(tagKey, fc.constantFrom("a", "b"), { maxKeys: 3 })),
    instanceProfileTags: mostly<Record<string, string>>({}, fc.dictionary(tagKey, fc.constant("a"), { maxKeys: 40 })),
    maxSessionDurationSeconds: mostly(3600, fc.constantFrom(7200, 43_200)),
    deletionPolicy: fc.constantFrom(undefined, undefined, "Delete" as const, "Retain" as const),
    adoptionPolicy: mostly<"Never" | "IfExists">("Never", fc.constant("IfExists")),
    adoptFrom: mostly<string | undefined>(undefined, fc.constantFrom("prod", "old")),
    boundary: mostly<string | undefined>(undefined, fc.constantFrom(...POLICIES)),
    hasInstances: fc.nat(5),
    region,
  })
  .map(({ services, hasTrust, boundary, hasInstances, region, deletionPolicy, management, adoptFrom, ...rest }) => {
    const { statements: short, inlinePolicies, managedPolicies, ownName, ownPath, ...others } = rest;
    const policiesIn = (field: string, all: readonly (readonly Statement[])[]) =>
      all.map((said, i) => aPolicy(said, `team-a-${i}`, `spec.${field}[${i}].statements`));
    const trusted = [{ effect: "Allow", principals: { aws: ["123456789012"] }, actions: ["sts:AssumeRole"] }] as const;
    return anInstanceProfile({
      spec: {
        ...others,
        inlinePolicies: [
          ...(short.length === 0 ? [] : [aPolicy(short)]),
          ...policiesIn("inlinePolicies", inlinePolicies),
        ],
        managedPolicies: policiesIn("managedPolicies", managedPolicies).map((policy) => ({
          ...policy,
          name: ownName ?? policy.name,
          ...(ownPath !== undefined && { path: ownPath }),
        })),
        ...(management === "External" && { role: { management } }),
        trust: { services, statements: hasTrust === 0 ? [...trusted] : [] },
        ...(boundary !== undefined && { permissionsBoundaryArn: boundary }),
        ...(deletionPolicy !== undefined && { deletionPolicy }),
        ...(adoptFrom !== undefined && { adoptFrom: { clusterId: adoptFrom } }),
        ...(hasInstances === 0 && {
          instances: { region, ids: ["i-0abc1234def567890"], onConflict: "Keep" as const },
        }),
      },
    }).spec;
  });

const classSpec: fc.Arbitrary<Partial<InstanceProfileClassSpec>> = fc
  .record({
    namespaces: fc.constantFrom(["*"], ["team-*"], ["team-a"], ["t*-a", "b"]),
    allowedActions: fc.oneof({ weight: 2, arbitrary: fc.constant(["*"]) }, { weight: 3, arbitrary: some(action) }),
    deniedActions: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: some(action, 0) }),
    allowedResources: fc.oneof(
      { weight: 2, arbitrary: fc.constant(["*"]) },
      { weight: 3, arbitrary: some(filledResource) },
    ),
    allowedManagedPolicies: fc.constantFrom(
      [],
      ["arn:aws:iam::aws:policy/*"],
      ["arn:aws:iam::123456789012:policy/x/?.*"],
    ),
    allowedTrustServices: fc.constantFrom(
      ["ec2.amazonaws.com"],
      ["lambda.amazonaws.com", "ec2.amazonaws.com"],
      ["lambda.amazonaws.com"],
    ),
    allow: fc.array(fc.constantFrom(true, true, false), { minLength: 5, maxLength: 5 }),
    allowedInstanceRegions: fc.oneof(fc.constant([]), fc.constant(["*"]), some(regionPattern)),
    allowedAdoptFrom: fc.constantFrom([], ["old"], ["older", "prod"]),
    allowedExternalRoles: fc.constantFrom([], ["*"], ["{namespace}-*"], ["PROD-*", "{cluster}-*"], ["app"]),
    maxSessionDurationSeconds: fc.constantFrom(3600, 7200, 43_200),
    allowedDeletionPolicies: fc.constantFrom<("Delete" | "Retain")[]>(
      ...[["Delete" as const], ["Delete" as const, "Retain" as const], ["Retain" as const]],
    ),
    hasDeletionPolicy: fc.boolean(),
    allowedTagKeys: fc.oneof(fc.constant([]), some(tagKeyPattern)),
    roleNamePrefix: fc.constantFrom(undefined, "{namespace}-", "{namespace}-", "{cluster}-", "a"),
    path: fc.constantFrom(undefined, undefined, "/{namespace}/", "/{namespace}/", "/{cluster}/{namespace}/"),
    permissionsBoundaryArn: fc.constantFrom(undefined, POLICIES[0]),
    tags: fc.constantFrom({}, { team: "a" }),
  })
  .map(({ allow, roleNamePrefix, path, permissionsBoundaryArn, hasDeletionPolicy, ...rest }) => {
    const [allowNotActions, allowNotResources, allowTrustStatements, allowAdoption, allowManagedPolicies] = allow as [
      ...[boolean, boolean, boolean, boolean, boolean],
    ];
    const [deletionPolicy] = rest.allowedDeletionPolicies;
    return {
      ...rest,
      ...{ allowNotActions, allowNotResources, allowTrustStatements, allowAdoption, allowManagedPolicies },
      ...(hasDeletionPolicy && deletionPolicy !== undefined && { deletionPolicy }),
      ...(roleNamePrefix !== undefined && { roleNamePrefix }),
      ...(path !== undefined && { path }),
      ...(permissionsBoundaryArn !== undefined && { permissionsBoundaryArn }),
    };
  });

function guardedReasons(asked: InstanceProfileSpec, of: Partial<InstanceProfileClassSpec>): readonly string[] {
  const bounds: Bounds = { class: aClass(of), namespace: "team-a", clusterId: "prod", olderPeers: 0 };
  return classViolations(asked, bounds).map(({ reason }) => reason);
}

describe("the admission policy of classes", () => {
  test("refuses nothing that the controller accepts, and says nothing that it does not say", () => {
    const seen = { admitted: 0, refused: 0 };
    fc.assert(
      fc.property(spec, classSpec, (asked, of) => {
        const said = saidAtAdmission(asked, aClass(of), { namespace: "team-a" });
        const guarded = guardedReasons(asked, of);
        seen[said.length === 0 ? "admitted" : "refused"] += 1;
        // One text for each pattern is not all of them: what is not allowed may be found by its being denied.
        const excused = guarded.includes("ActionNotAllowed") ? ["ActionDenied"] : [];
        if (guarded.includes("PolicyTooComplex"))
          excused.push("ActionNotAllowed", "ActionDenied", "ResourceNotAllowed");
        expect([...guarded, ...excused]).toEqual(expect.arrayContaining(said.map(reasonOf)));
      }),
      { numRuns: lawRuns(600) },
    );
    expect(Math.min(seen.admitted, seen.refused), JSON.stringify(seen)).toBeGreaterThan(lawRuns(600) / 20);
  });

  test("refuses no change that asks for nothing new, whatever the class has become", () => {
    fc.assert(
      fc.property(spec, classSpec, (asked, of) => {
        const mended = { ...asked, description: "another" };
        expect(
          saidAtAdmission(mended, aClass({ ...of, namespaces: ["*"] }), { namespace: "team-a", old: asked }),
        ).toEqual([]);
      }),
      { numRuns: lawRuns(200) },
    );
  });
});
