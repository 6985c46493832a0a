import { describe, expect, test } from "vitest";
import type { OwnPolicySpec } from "../../../src/api/instance-profile.ts";
import type { InstanceProfileClassSpec } from "../../../src/api/instance-profile-class.ts";
import { type Bounds, withoutExcess } from "../../../src/plan/class/class-bounds.ts";
import { revocationsOf } from "../../../src/plan/class/class-excess.ts";
import { classViolations } from "../../../src/plan/class/class-guards.ts";
import { aClass, anInstanceProfile, createdState, desiredOf } from "../../support/builders.ts";
import { CAREFUL, type ClassSpec, GuardedSpecs, NAMED, REASONS, type Spec } from "./guarded-specs.ts";

const specs = new GuardedSpecs();

describe("a violation is", () => {
  test.each<[string, Spec, ClassSpec, string]>([
    [
      "another boundary than that of the class",
      { permissionsBoundaryArn: "arn:aws:iam::aws:policy/AdministratorAccess" },
      CAREFUL,
      "BoundaryNotAllowed: spec.permissionsBoundaryArn is arn:aws:iam::aws:policy/AdministratorAccess, and class readers requires " +
        "arn:aws:iam::123456789012:policy/boundary. Use that ARN, or remove the field.",
    ],
    [
      "another value for a tag of the class, in any case of its key",
      { tags: { Team: "b" } },
      { tags: { team: "a" } },
      "TagNotAllowed: spec.tags: Team is set by class readers; remove it.",
    ],
    [
      "a tag key that is not allowed",
      { tags: { team: "a", app: "x", "eks-cluster-admin": "true" } },
      { tags: { team: "a" }, allowedTagKeys: ["APP", "cost-*"] },
      "TagNotAllowed: spec.tags: class readers does not allow key eks-cluster-admin; it allows APP, cost-*. Remove it.",
    ],
    [
      "another value for a tag of the class on the role alone",
      { roleTags: { Team: "b" } },
      { tags: { team: "a" }, allowedTagKeys: ["*"] },
      "TagNotAllowed: spec.roleTags: Team is set by class readers; remove it.",
    ],
    [
      "a tag key of the instance profile that is not allowed",
      { instanceProfileTags: { app: "x" } },
      { allowedTagKeys: ["cost-*"] },
      "TagNotAllowed: spec.instanceProfileTags: class readers does not allow key app; it allows cost-*. Remove it.",
    ],
  ])("%s", (_, spec, of, violation) => {
    expect(specs.violationsOf({ ...(of === CAREFUL ? NAMED : {}), ...spec }, of)).toEqual([violation]);
  });

  test.each([
    // A Kelvin sign and a long s, which some comparisons treat as a k and an s.
    ["\u212a8s", "k8s", "\\u212a8s"],
    ["\u017f3", "s3", "\\u017f3"],
  ])("the tag key %j, which IAM could treat as %s of the class", (key, ofClass, shown) => {
    expect(specs.violationsOf({ tags: { [key]: "x" } }, { tags: { [ofClass]: "a" }, allowedTagKeys: ["*"] })).toEqual([
      `TagNotAllowed: spec.tags: "${shown}" is set by class readers; remove it.`,
    ]);
  });

  test.each([
    ["/", "/"],
    ["/cluster-1/team-b/", "/cluster-1/team-b/"],
    ["/cluster-1/team-a/../team-b/", "/cluster-1/team-a/../team-b/"],
    ["/cluster-1/team-a//", "/cluster-1/team-a//"],
    ["/Cluster-1/team-a/", "/Cluster-1/team-a/"],
    ["/cluster-1/team-a/x/", "/cluster-1/team-a/x/"],
    ["/*/team-a/", "/*/team-a/"],
    ["/{cluster}/{namespace}/", "/{cluster}/{namespace}/"],
  ])("the path %s", (path, shown) => {
    expect(specs.violationsOf({ ...NAMED, path }, CAREFUL)).toEqual([
      `PathNotAllowed: spec.path is ${shown}, and class readers requires /cluster-1/team-a/. A path is immutable: create another object.`,
    ]);
  });

  test.each(["app", "team-b-app", "TEAM-A-app", "team-a", "xteam-a-app"])("the name %s", (roleName) => {
    expect(specs.violationsOf({ ...NAMED, roleName, instanceProfileName: "team-a-app" }, CAREFUL)).toEqual([
      `RoleNameNotAllowed: spec.roleName ${roleName} does not begin with team-a-, as class readers requires. Names are immutable: create another object.`,
    ]);
    expect(specs.violationsOf({ ...NAMED, instanceProfileName: roleName }, CAREFUL)).toEqual([
      `RoleNameNotAllowed: spec.instanceProfileName ${roleName} does not begin with team-a-, as class readers requires. Names are immutable: create another object.`,
    ]);
  });
});

describe("no violation is", () => {
  test.each<[string, Spec, ClassSpec]>([
    ["a name, a path and no boundary, as the class requires", NAMED, CAREFUL],
    [
      "the boundary of the class",
      { ...NAMED, permissionsBoundaryArn: "arn:aws:iam::123456789012:policy/boundary" },
      CAREFUL,
    ],
    ["a tag with the key and value of the class", { tags: { team: "a" } }, { tags: { team: "a" } }],
    ["a tag key in another case", { tags: { APP: "x" } }, { allowedTagKeys: ["app"] }],
    ["a tag key that a pattern matches", { tags: { "cost/center é": "x" } }, { allowedTagKeys: ["cost*é"] }],
    ["any tag key in a class that allows all", { tags: { "\u{1d400}": "x" } }, { allowedTagKeys: ["*"] }],
  ])("%s", (_, spec, of) => {
    expect(specs.violationsOf(spec, of)).toEqual([]);
  });
});

test.each([
  [["team-b"], "team-b"],
  [["team-a-*"], "team-a-*"],
  [["*-team-a"], "*-team-a"],
])("a class for the namespaces %j does not allow this one, and its message says nothing else", (namespaces, shown) => {
  expect(specs.violationsOf({ roleName: "whatever", path: "/elsewhere/" }, { ...CAREFUL, namespaces })).toEqual([
    `NamespaceNotAllowed: class readers does not allow namespace team-a; it allows ${shown}. Use another class.`,
  ]);
  expect(specs.violationsOf({}, { namespaces: [...namespaces, "team-*"] })).toEqual([]);
});

test("the objects of a namespace beyond the maximum are violations", () => {
  expect(specs.violationsOf({}, { maxPerNamespace: 2 }, { olderPeers: 1 })).toEqual([]);
  expect(specs.violationsOf({}, { maxPerNamespace: 2 }, { olderPeers: 2 })).toEqual([
    "TooManyObjects: namespace team-a has 2 InstanceProfiles that class readers accepted before this one, and the class allows no more (maxPerNamespace). Delete one of them.",
  ]);
});

test("the roles that deleted objects left in AWS count, and the message names them", () => {
  const orphanedRoles = ["app", "web"];
  expect(specs.violationsOf({}, { maxPerNamespace: 4 }, { olderPeers: 3, orphanedRoles })).toEqual([]);
  expect(specs.violationsOf({}, { maxPerNamespace: 3 }, { olderPeers: 3, orphanedRoles })).toEqual([
    "TooManyObjects: class readers allows namespace team-a 3 InstanceProfiles (maxPerNamespace). It counts 1 that it accepted before this one, " +
      "and the roles that InstanceProfiles have left in AWS account 123456789012, because they were deleted without the controller's " +
      "finalizer: app, web. Create those InstanceProfiles again and delete them, or delete the roles in IAM.",
  ]);
});

test("more tags than IAM has room for, with those of the class, are a violation", () => {
  const tags = Object.fromEntries(Array.from({ length: 42 }, (_, i) => [`k${i}`, "v"]));
  const allowedTagKeys = ["k*"];
  expect(specs.violationsOf({ tags }, { tags: { k0: "v" }, allowedTagKeys })).toEqual([]);
  expect(specs.violationsOf({ tags }, { tags: { team: "a" }, allowedTagKeys })).toEqual([
    "TagNotAllowed: spec.tags and the tags of class readers are 43 tags; IAM has room for 42. Remove some.",
  ]);
  const { k0: _, ...others } = tags;
  expect(specs.violationsOf({ tags: others, roleTags: { k0: "v" } }, { tags: { k1: "v" }, allowedTagKeys })).toEqual(
    [],
  );
  expect(specs.violationsOf({ tags: others, roleTags: { k0: "v" } }, { tags: { team: "a" }, allowedTagKeys })).toEqual([
    "TagNotAllowed: spec.tags and the tags of class readers are 43 tags; IAM has room for 42. Remove some.",
  ]);
  // The tags that are not allowed do not count.
  expect(
    specs.violationsOf({ tags }, { tags: { team: "a" }, allowedTagKeys: ["k1*", "k2*", "k3*"] }),
  ).not.toContainEqual(expect.stringContaining("IAM has room"));
});

test("the admission policy finds these violations too, but for what it does not know", () => {
  expect(specs.reasons).toEqual(REASONS.names);
  expect(specs.reasonsAtAdmission).toEqual(REASONS.names.filter((reason) => reason !== "TooManyObjects"));
  // It knows neither the other objects nor the id of the cluster, and folds the case of ASCII letters only.
  const unknown = [/^TooManyObjects/, /^PathNotAllowed: .*cluster-1/, /^TagNotAllowed: spec\.tags: "\\u/];
  for (const pattern of unknown) expect(specs.admitted).toContainEqual(expect.stringMatching(pattern));
  expect(specs.admitted.filter((message) => !unknown.some((pattern) => pattern.test(message)))).toEqual([]);
});

const policy = (action: string, rest: Partial<OwnPolicySpec> = {}): OwnPolicySpec => ({
  name: "own",
  fieldPath: "spec.managedPolicies[0].statements",
  statements: [{ effect: "Allow", actions: [action], resources: ["*"] }],
  ...rest,
});

const boundsOf = (spec: Partial<InstanceProfileClassSpec>): Bounds => ({
  class: aClass({ allowManagedPolicies: true, ...spec }),
  namespace: "team-a",
  clusterId: "cluster-1",
  olderPeers: 0,
});

function reasonsOf(own: OwnPolicySpec, spec: Partial<InstanceProfileClassSpec> = {}): readonly string[] {
  const { spec: asked } = anInstanceProfile({ spec: { managedPolicies: [own] } });
  return classViolations(asked, boundsOf(spec)).map(({ reason, message }) => `${reason} ${message}`);
}

describe("a managed policy of the object", () => {
  test("is refused by a class that does not allow any", () => {
    expect(reasonsOf(policy("s3:GetObject"), { allowManagedPolicies: false })).toEqual([
      "ManagedPolicyNotAllowed spec.managedPolicies[0]: class readers does not allow objects to create managed policies. Write an inline " +
        "policy instead.",
    ]);
  });

  test("is bounded in what it grants like the other policies, and by maximumAccess", () => {
    expect(reasonsOf(policy("s3:GetObject"))).toEqual([]);
    expect(reasonsOf(policy("iam:PassRole")).join()).toMatch(
      /ActionNotAllowed spec.managedPolicies\[0\].statements\[0\]/,
    );
    const maximumAccess = {
      statements: [{ effect: "Allow" as const, actions: ["s3:List*", "s3:Get*"], resources: ["*"] }],
    };
    expect(reasonsOf(policy("s3:*"), { allowedActions: ["*"], maximumAccess }).join()).toMatch(/AccessNotAllowed/);
  });

  test("may not hide a wildcard in a variable of a Version that has none", () => {
    const resources = [`arn:aws:s3:::team-a/\${*}`];
    const statements = [{ effect: "Allow" as const, actions: ["s3:GetObject"], resources }];
    const written = { Statement: [{ Effect: "Allow", Action: "s3:GetObject", Resource: resources }] };
    const allowed = { allowedResources: ["arn:aws:s3:::team-a/?"] };
    const fieldPath = "spec.managedPolicies[0].document";
    const reasons = (Version: object): string =>
      reasonsOf(policy("", { fieldPath, statements, document: { ...Version, ...written } }), allowed)
        .filter((reason) => reason.includes(fieldPath))
        .join();
    expect(reasons({ Version: "2012-10-17" })).toBe("");
    expect(reasons({ Version: "2008-10-17" })).toMatch(
      /^ResourceNotAllowed .*the Version of the document is not 2012-10-17/,
    );
    expect(reasons({})).toMatch(/^ResourceNotAllowed /);
  });

  test("cannot take the name of the permissions boundary of the class, whatever its path", () => {
    const permissionsBoundaryArn = "arn:aws:iam::123456789012:policy/guard/Own";
    expect(reasonsOf(policy("s3:GetObject"), { permissionsBoundaryArn }).join()).toMatch(
      /is that of the permissions boundary/,
    );
  });

  test("leaves the spec, or loses the statements that the class does not allow", () => {
    const { spec } = anInstanceProfile({ spec: { managedPolicies: [policy("iam:PassRole")] } });
    for (const fields of [{ allowManagedPolicies: false }, {}]) {
      const bounds = boundsOf(fields);
      expect(withoutExcess(spec, classViolations(spec, bounds), bounds.class).managedPolicies).toEqual([]);
    }
  });

  test("is detached where AWS has one that the class does not allow, by what it says", () => {
    const revokedBy = (action: string, of: Partial<InstanceProfileClassSpec> = {}): readonly string[] => {
      const spec = { managedPolicies: [policy(action)] };
      const { role, managedPolicies } = createdState(spec);
      const { owner } = desiredOf(spec);
      const target = { owner, bounds: boundsOf(of), trust: anInstanceProfile().spec.trust, allowsNothing: false };
      const found = revocationsOf({ ...target, roleManagement: "managed" }, role, managedPolicies);
      return found.map(({ action: { kind } }) => kind);
    };
    expect(revokedBy("s3:GetObject")).toEqual([]);
    expect(revokedBy("iam:PassRole")).toEqual(["DetachRolePolicy"]);
    expect(revokedBy("s3:GetObject", { allowManagedPolicies: false })).toEqual(["DetachRolePolicy"]);
  });
});

test("a managed policy that the class does not allow does not make another within the class by what it denies", () => {
  const mine = "arn:aws:s3:::team-a-*";
  const deny = { effect: "Deny" as const, actions: ["*"], notResources: [mine] };
  const { spec } = anInstanceProfile({
    spec: {
      statements: [{ effect: "Allow", actions: ["s3:*"], resources: ["*"] }],
      managedPolicies: [policy("s3:*", { statements: [deny] })],
    },
  });
  const maximumAccess = { statements: [{ effect: "Allow" as const, actions: ["s3:*"], resources: [mine] }] };
  const left = (allowManagedPolicies: boolean): number => {
    const bounds = boundsOf({ allowedActions: ["*"], maximumAccess, allowManagedPolicies });
    return withoutExcess(spec, classViolations(spec, bounds), bounds.class).inlinePolicies.length;
  };
  expect([left(true), left(false)]).toEqual([1, 0]);
});
