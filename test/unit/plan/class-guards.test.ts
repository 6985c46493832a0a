import { describe, expect, test } from "vitest";
import type { InstanceProfileSpec } from "../../../src/api/instance-profile.ts";
import type { InstanceProfileClassSpec } from "../../../src/api/instance-profile-class.ts";
import { type Bounds, withClassDefaults, withoutExcess } from "../../../src/plan/class/class-bounds.ts";
import { classViolations, VIOLATION_REASONS } from "../../../src/plan/class/class-guards.ts";
import { aClass, anInstanceProfile } from "../../support/builders.ts";
import { reasonOf, saidAtAdmission } from "../../support/class-policy.ts";

type Spec = Partial<InstanceProfileSpec>;
type ClassSpec = Partial<InstanceProfileClassSpec>;

function boundsOf(spec: ClassSpec = {}, place: Partial<Bounds> = {}): Bounds {
  return { class: aClass(spec), namespace: "team-a", clusterId: "cluster-1", olderPeers: 0, ...place };
}

/** Every reason that was given in this file. */
const seen = new Set<string>();

function saidOf(spec: Spec, of: ClassSpec = {}, place: Partial<Bounds> = {}): string[] {
  const bounds = boundsOf(of, place);
  const asked = anInstanceProfile({ spec }).spec;
  const said = classViolations(asked, bounds).map(({ reason, message }) => {
    seen.add(reason);
    return `${reason}: ${message}`;
  });
  expectTheSameAtAdmission(asked, bounds, said);
  return said;
}

/** Every reason that the admission policy gave in this file. */
const seenAtAdmission = new Set<string>();

/** What only the guard refuses, and what of it is explained. */
const passedAtAdmission: string[] = [];
const UNSEEN: RegExp[] = [];

/** What admission says is what the guard says; it may say less, with another example, and knows no {cluster}. */
function expectTheSameAtAdmission(asked: InstanceProfileSpec, bounds: Bounds, said: readonly string[]): void {
  const early = saidAtAdmission(asked, bounds.class, { namespace: bounds.namespace });
  for (const message of early) seenAtAdmission.add(reasonOf(message));
  const plain = (message: string): string =>
    message
      .replaceAll("{cluster}", bounds.clusterId)
      .replace(/ allows \S+, which /, " allows AN EXAMPLE, which ")
      // The schema lets no look-alike come so far.
      .replaceAll('"', "")
      .replace(/[^ -~]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
  if (said.length > 0 && early.length === 0) passedAtAdmission.push(said[0] ?? "");
  expect(said.map(plain)).toEqual(expect.arrayContaining(early.map(plain)));
}

const allow = (actions: readonly string[], resources: readonly string[] = ["*"]): Spec => ({
  statements: [{ effect: "Allow", actions, resources }],
});

/** A class as one would write it: all of S3 and EC2's reads, and nothing by which more access is gained. */
const CAREFUL: ClassSpec = {
  allowedActions: ["s3:*", "ec2:Describe*", "iam:Get*", "sts:*"],
  deniedActions: ["sts:AssumeRole", "iam:GetAccountAuthorizationDetails", "s3:PutBucketPolicy"],
  allowedManagedPolicies: ["arn:aws:iam::aws:policy/AmazonSSM*", "arn:aws:iam::123456789012:policy/team-a/*"],
  roleNamePrefix: "{namespace}-",
  path: "/{cluster}/{namespace}/",
  permissionsBoundaryArn: "arn:aws:iam::123456789012:policy/boundary",
};
const ALLOWED = "it allows s3:*, ec2:Describe*, iam:Get*, sts:*";
const DENIED = "denies: sts:AssumeRole, iam:GetAccountAuthorizationDetails, s3:PutBucketPolicy";
const named: Spec = { roleName: "team-a-app", instanceProfileName: "team-a-app", path: "/cluster-1/team-a/" };

test("what fits is not said to be anything else", () => {
  expect(saidOf({ ...named, ...allow(["s3:Get*", "s3:PutObject", "ec2:DescribeInstances"]) }, CAREFUL)).toEqual([]);
});

describe("an attempt to gain more access through actions", () => {
  test.each([
    [
      "iam:*",
      `ActionNotAllowed: spec.statements[0].actions[1]: iam:* allows iam:PassRole, which class readers does not allow; ${ALLOWED}.`,
    ],
    [
      "*",
      `ActionNotAllowed: spec.statements[0].actions[1]: * allows iam:PassRole, which class readers does not allow; ${ALLOWED}.`,
    ],
    [
      "*:*",
      `ActionNotAllowed: spec.statements[0].actions[1]: *:* allows iam:PassRole, which class readers does not allow; ${ALLOWED}.`,
    ],
    [
      "i*:Pass*",
      `ActionNotAllowed: spec.statements[0].actions[1]: i*:Pass* allows iam:PassRole, which class readers does not allow; ${ALLOWED}.`,
    ],
    [
      "*am:PassRole",
      `ActionNotAllowed: spec.statements[0].actions[1]: *am:PassRole allows iam:PassRole, which class readers does not allow; ${ALLOWED}.`,
    ],
    [
      "?am:PassRole",
      `ActionNotAllowed: spec.statements[0].actions[1]: ?am:PassRole allows iam:PassRole, which class readers does not allow; ${ALLOWED}.`,
    ],
    [
      "iam:P?ssRole",
      `ActionNotAllowed: spec.statements[0].actions[1]: iam:P?ssRole allows iam:PassRole, which class readers does not allow; ${ALLOWED}.`,
    ],
    [
      "IAM:PASSROLE",
      `ActionNotAllowed: spec.statements[0].actions[1]: IAM:PASSROLE is an action that class readers does not allow; ${ALLOWED}.`,
    ],
    [
      "iam:Put*",
      `ActionNotAllowed: spec.statements[0].actions[1]: iam:Put* allows iam:PutRolePolicy, which class readers does not allow; ${ALLOWED}.`,
    ],
    [
      "iam:*Policy*",
      `ActionNotAllowed: spec.statements[0].actions[1]: iam:*Policy* allows iam:AttachRolePolicy, which class readers does not allow; ${ALLOWED}.`,
    ],
    [
      "iam:SetDefaultPolicyVersion",
      `ActionNotAllowed: spec.statements[0].actions[1]: iam:SetDefaultPolicyVersion is an action that class readers does not allow; ${ALLOWED}.`,
    ],
    [
      "iam:DeleteRolePermissionsBoundar?",
      `ActionNotAllowed: spec.statements[0].actions[1]: iam:DeleteRolePermissionsBoundar? allows iam:DeleteRolePermissionsBoundary, which class readers does not allow; ${ALLOWED}.`,
    ],
    [
      "lambda:*",
      `ActionNotAllowed: spec.statements[0].actions[1]: lambda:* allows lambda:CreateFunction, which class readers does not allow; ${ALLOWED}.`,
    ],
    [
      "ec2:*",
      `ActionNotAllowed: spec.statements[0].actions[1]: ec2:* allows ec2:RunInstances, which class readers does not allow; ${ALLOWED}.`,
    ],
    [
      "ec2:?escribe*",
      `ActionNotAllowed: spec.statements[0].actions[1]: ec2:?escribe* allows ec2:xescribe, which class readers does not allow; ${ALLOWED}.`,
    ],
    [
      "s3*:GetObject",
      `ActionNotAllowed: spec.statements[0].actions[1]: s3*:GetObject allows s3x:getobject, which class readers does not allow; ${ALLOWED}.`,
    ],
    [
      "s3:*",
      `ActionDenied: spec.statements[0].actions[1]: s3:* allows s3:PutBucketPolicy, which class readers ${DENIED}.`,
    ],
    [
      "sts:A*",
      `ActionDenied: spec.statements[0].actions[1]: sts:A* allows sts:AssumeRole, which class readers ${DENIED}.`,
    ],
    [
      "STS:assumerole",
      `ActionDenied: spec.statements[0].actions[1]: STS:assumerole is an action that class readers ${DENIED}.`,
    ],
    [
      "iam:Get*",
      `ActionDenied: spec.statements[0].actions[1]: iam:Get* allows iam:getaccountauthorizationdetails, which class readers ${DENIED}.`,
    ],
  ])("%s is refused", (action, said) => {
    expect(saidOf({ ...named, ...allow(["s3:GetObject", action]) }, CAREFUL)).toEqual([
      `${said} Narrow the statement.`,
    ]);
  });

  test.each([
    // A Cyrillic а, a full-width colon's neighbour, a letter with a dot: what the schema lets pass nowhere, and the guard neither.
    ["s3:GetObj\u0435ct", '"s3:GetObj\\u0435ct"'],
    ["\u0455\u0033:GetObject", '"\\u04553:GetObject"'],
    ["s3\uFF1AGetObject:x", '"s3\\uff1aGetObject:x"'],
  ])("a look-alike is refused: %j", (action, shown) => {
    const [said] = saidOf({ ...named, ...allow([action]) }, { ...CAREFUL, allowedActions: ["s3:GetObject"] });
    expect(said).toBe(
      `ActionNotAllowed: spec.statements[0].actions[0]: ${shown} is an action that class readers does not allow; it allows s3:GetObject. Narrow the statement.`,
    );
  });

  test("by every action but some is refused, and where the class allows the form, judged", () => {
    const spec: Spec = { ...named, statements: [{ effect: "Allow", notActions: ["s3:Delete*"], resources: ["*"] }] };
    expect(saidOf(spec, CAREFUL)).toEqual([
      "NotActionsNotAllowed: spec.statements[0].notActions: class readers does not allow notActions in an Allow statement. Use actions.",
    ]);
    expect(saidOf(spec, { ...CAREFUL, allowNotActions: true })).toEqual([
      `ActionNotAllowed: spec.statements[0].notActions: everything except these includes iam:PassRole, which class readers does not allow; ${ALLOWED}. Narrow the statement.`,
    ]);
    const iam: Spec = {
      ...named,
      statements: [{ effect: "Allow", notActions: ["iam:*", "i*", "STS:*"], resources: ["*"] }],
    };
    const almostAll: ClassSpec = {
      ...CAREFUL,
      allowedActions: ["*"],
      deniedActions: ["iam:*", "sts:*"],
      allowNotActions: true,
    };
    expect(saidOf(iam, almostAll)).toEqual([]);
    expect(saidOf(spec, almostAll)).toEqual([
      "ActionDenied: spec.statements[0].notActions: everything except these includes iam:PassRole, which class readers denies: iam:*, sts:*. Narrow the statement.",
    ]);
  });

  test("that is behind another statement is found in its place", () => {
    const spec: Spec = {
      ...named,
      statements: [
        { effect: "Allow", actions: ["s3:Get*"], resources: ["*"] },
        { effect: "Deny", actions: ["*"], resources: ["*"] },
        { effect: "Allow", actions: ["iam:PassRole"], resources: ["*"] },
      ],
    };
    expect(saidOf(spec, CAREFUL)[0]).toMatch(
      /^ActionNotAllowed: spec\.statements\[2\]\.actions\[0\]: iam:PassRole is an action that/,
    );
  });

  test("hidden in patterns that nobody can decide is refused", () => {
    // Together they allow everything of S3, which shows only to who goes through all texts of fifty characters.
    const letters = [..."abcdefghijklmnopqrstuvwxyz0123456789_-"];
    const hard = [
      ...letters.map((letter) => `s3:*${letter}${"?".repeat(50)}`),
      ...Array.from({ length: 51 }, (_, i) => `s3:${"?".repeat(i + 1)}`),
    ];
    expect(saidOf(allow(["s3:*"]), { allowedActions: hard })).toEqual([
      "PolicyTooComplex: spec.statements[0].actions: whether class readers allows it cannot be decided in bounded time. Use fewer " +
        "wildcards in one pattern, or fewer statements.",
    ]);
  });
});

describe("an attempt to reach resources beyond", () => {
  const of: ClassSpec = { allowedResources: ["arn:aws:s3:::{namespace}-*"] };
  const may = "it allows arn:aws:s3:::team-a-*. Narrow the statement.";
  test.each([
    ["*", `* is a resource that class readers does not allow; ${may}`],
    ["arn:aws:s3:::*", `arn:aws:s3:::* allows arn:aws:s3:::, which class readers does not allow; ${may}`],
    [
      "arn:aws:s3:::team-a*",
      `arn:aws:s3:::team-a* allows arn:aws:s3:::team-a, which class readers does not allow; ${may}`,
    ],
    ["arn:aws:s3:::team-b-x", `arn:aws:s3:::team-b-x is a resource that class readers does not allow; ${may}`],
    ["arn:aws:s3:::Team-a-x", `arn:aws:s3:::Team-a-x is a resource that class readers does not allow; ${may}`],
    [
      "arn:*:s3:::team-a-x",
      `arn:*:s3:::team-a-x allows arn::s3:::team-a-x, which class readers does not allow; ${may}`,
    ],
    [
      "arn:aws:s3:::?eam-a-x",
      `arn:aws:s3:::?eam-a-x allows arn:aws:s3:::xeam-a-x, which class readers does not allow; ${may}`,
    ],
    [
      "arn:aws:s3:::$" + "{aws:PrincipalTag/bucket}",
      [
        "arn:aws:s3:::$",
        "{aws:PrincipalTag/bucket} allows arn:aws:s3:::, which class readers does not allow; ",
        may,
      ].join(""),
    ],
  ])("%s is refused", (resource, said) => {
    expect(saidOf(allow(["s3:GetObject"], [resource]), of)).toEqual([
      `ResourceNotAllowed: spec.statements[0].resources[0]: ${said}`,
    ]);
  });

  test("within one's own is not", () => {
    expect(
      saidOf(allow(["s3:GetObject"], ["arn:aws:s3:::team-a-*/*", "arn:aws:s3:::team-a-$" + "{aws:userid}"]), of),
    ).toEqual([]);
  });

  test("through a variable whose default has a brace in it is refused: where it ends for AWS is not for us to say", () => {
    const spec = allow(["s3:GetObject"], ["arn:aws:s3:::$" + "{aws:PrincipalTag/bucket, '}-team-a-'}"]);
    expect(saidOf(spec, { allowedResources: ["arn:aws:s3:::*-{namespace}-*"] })).toEqual([
      'ResourceNotAllowed: spec.statements[0].resources[0]: "arn:aws:s3:::$' +
        "{aws:PrincipalTag/bucket, '}-team-a-'}\" allows arn:aws:s3:::, which class readers does not allow; it allows " +
        "arn:aws:s3:::*-team-a-*. Narrow the statement.",
    ]);
  });

  test("by every resource but some is refused, and where the class allows the form, judged", () => {
    const spec: Spec = {
      statements: [{ effect: "Allow", actions: ["s3:GetObject"], notResources: ["arn:aws:s3:::x"] }],
    };
    expect(saidOf(spec, of)).toEqual([
      "NotResourcesNotAllowed: spec.statements[0].notResources: class readers does not allow notResources in an Allow statement. Use resources.",
    ]);
    expect(saidOf(spec, { ...of, allowNotResources: true })).toEqual([
      `ResourceNotAllowed: spec.statements[0].notResources: everything except these includes *, which class readers does not allow; ${may}`,
    ]);
    expect(saidOf(spec, { allowNotResources: true })).toEqual([]);
  });
});

describe("an attempt through what is beside the policy", () => {
  test.each<[string, Spec, ClassSpec, string]>([
    [
      "a managed policy that gives all",
      { managedPolicyArns: ["arn:aws:iam::aws:policy/AdministratorAccess"] },
      CAREFUL,
      "ManagedPolicyNotAllowed: spec.managedPolicyArns: class readers does not allow arn:aws:iam::aws:policy/AdministratorAccess; it allows " +
        "arn:aws:iam::aws:policy/AmazonSSM*, arn:aws:iam::123456789012:policy/team-a/*. Remove it.",
    ],
    [
      "a managed policy of another's path",
      { managedPolicyArns: ["arn:aws:iam::123456789012:policy/team-b/team-a/all"] },
      CAREFUL,
      "ManagedPolicyNotAllowed: spec.managedPolicyArns: class readers does not allow arn:aws:iam::123456789012:policy/team-b/team-a/all; it " +
        "allows arn:aws:iam::aws:policy/AmazonSSM*, arn:aws:iam::123456789012:policy/team-a/*. Remove it.",
    ],
    [
      "any managed policy, where none is named",
      { managedPolicyArns: ["arn:aws:iam::aws:policy/ReadOnlyAccess"] },
      {},
      "ManagedPolicyNotAllowed: spec.managedPolicyArns: class readers does not allow arn:aws:iam::aws:policy/ReadOnlyAccess; it allows none. " +
        "Remove it.",
    ],
    [
      "another service that may assume the role",
      { trust: { services: ["ec2.amazonaws.com", "lambda.amazonaws.com"], statements: [] } },
      {},
      "TrustServiceNotAllowed: spec.trust.services: class readers does not allow lambda.amazonaws.com to assume the role; it allows ec2.amazonaws.com. " +
        "Remove it.",
    ],
    [
      "another account that may assume the role",
      {
        trust: {
          services: ["ec2.amazonaws.com"],
          statements: [{ effect: "Allow", actions: ["sts:AssumeRole"], principals: { aws: ["210987654321"] } }],
        },
      },
      {},
      "TrustStatementNotAllowed: spec.trust.statements[0]: class readers does not allow trust statements. Remove it.",
    ],
    [
      "taking over a role that is there",
      { adoptionPolicy: "IfExists" },
      {},
      "AdoptionNotAllowed: spec.adoptionPolicy is IfExists, and class readers does not allow adoption. Set it to Never, or remove the field.",
    ],
    [
      "the profile of another's instances",
      { instances: { region: "eu-west-1", onConflict: "Replace", selector: { matchTags: { team: "b" } } } },
      {},
      "InstancesNotAllowed: spec.instances: class readers does not allow objects to associate instances. Remove it.",
    ],
    [
      "another boundary",
      { permissionsBoundaryArn: "arn:aws:iam::aws:policy/AdministratorAccess" },
      CAREFUL,
      "BoundaryNotAllowed: spec.permissionsBoundaryArn is arn:aws:iam::aws:policy/AdministratorAccess, and class readers requires " +
        "arn:aws:iam::123456789012:policy/boundary. Use that ARN, or remove the field.",
    ],
    [
      "another value for a tag by which others grant access",
      { tags: { Team: "b" } },
      { tags: { team: "a" } },
      "TagNotAllowed: spec.tags: Team is set by class readers; remove it.",
    ],
    [
      "a tag by which others grant access",
      { tags: { team: "a", app: "x", "eks-cluster-admin": "true" } },
      { tags: { team: "a" }, allowedTagKeys: ["APP", "cost-*"] },
      "TagNotAllowed: spec.tags: class readers does not allow key eks-cluster-admin; it allows APP, cost-*. Remove it.",
    ],
    [
      "instances of another region",
      { instances: { region: "us-east-1", ids: ["i-0123456789abcdef0"], onConflict: "Keep" } },
      { allowedInstanceRegions: ["eu-*", "us-west-2"] },
      "InstanceRegionNotAllowed: spec.instances.region: class readers does not allow instances in us-east-1; it allows eu-*, us-west-2. " +
        "Use one of these regions, or remove spec.instances.",
    ],
    [
      "sessions that outlast the working day",
      { maxSessionDurationSeconds: 7201 },
      { maxSessionDurationSeconds: 7200 },
      "SessionDurationNotAllowed: spec.maxSessionDurationSeconds is 7201, and class readers allows at most 7200. Reduce it.",
    ],
    [
      "a role that outlives its object",
      { deletionPolicy: "Retain" },
      {},
      "DeletionPolicyNotAllowed: spec.deletionPolicy is Retain, and class readers allows Delete only. Use that, or remove the field.",
    ],
    [
      "a role that others must be able to keep",
      { deletionPolicy: "Delete" },
      { allowedDeletionPolicies: ["Retain"] },
      "DeletionPolicyNotAllowed: spec.deletionPolicy is Delete, and class readers allows Retain only. Use that, or remove the field.",
    ],
  ])("%s is refused", (_, spec, of, said) => {
    expect(saidOf({ ...(of === CAREFUL ? named : {}), ...spec }, of)).toEqual([said]);
  });

  test.each<[string, Spec, ClassSpec]>([
    ["a tag of the class, spelled and set as the class does", { tags: { team: "a" } }, { tags: { team: "a" } }],
    ["a tag key in other letters", { tags: { APP: "x" } }, { allowedTagKeys: ["app"] }],
    ["a tag key that a pattern matches", { tags: { "cost/center é": "x" } }, { allowedTagKeys: ["cost*é"] }],
    ["any tag key where all are allowed", { tags: { "\u{1d400}": "x" } }, { allowedTagKeys: ["*"] }],
    [
      "instances of an allowed region",
      { instances: { region: "eu-west-1", ids: ["i-0123456789abcdef0"], onConflict: "Keep" } },
      { allowedInstanceRegions: ["us-east-1", "eu-*"] },
    ],
    [
      "the longest sessions that the class allows",
      { maxSessionDurationSeconds: 7200 },
      { maxSessionDurationSeconds: 7200 },
    ],
    ["the one deletion policy", { deletionPolicy: "Retain" }, { allowedDeletionPolicies: ["Retain"] }],
    [
      "an adoption whose author wrote what becomes of the role",
      { adoptionPolicy: "IfExists", deletionPolicy: "Delete" },
      { allowAdoption: true },
    ],
    [
      "an adoption whose class says what becomes of the role",
      { adoptionPolicy: "IfExists" },
      { allowAdoption: true, deletionPolicy: "Delete" },
    ],
    [
      "an adoption that may keep the role",
      { adoptionPolicy: "IfExists" },
      { allowAdoption: true, allowedDeletionPolicies: ["Delete", "Retain"] },
    ],
  ])("%s is allowed", (_, spec, of) => {
    expect(saidOf(spec, of)).toEqual([]);
  });

  test("a tag key that IAM could take for one of the class is the class's, also beyond ASCII", () => {
    // A Kelvin sign, which some ways to compare take for a k.
    expect(saidOf({ tags: { "\u212a8s": "x" } }, { tags: { k8s: "a" }, allowedTagKeys: ["*"] })).toEqual([
      'TagNotAllowed: spec.tags: "\\u212a8s" is set by class readers; remove it.',
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
  ])("the path %s is refused", (path, shown) => {
    expect(saidOf({ ...named, path }, CAREFUL)).toEqual([
      `PathNotAllowed: spec.path is ${shown}, and class readers requires /cluster-1/team-a/. A path is immutable: create another object.`,
    ]);
  });

  test.each(["app", "team-b-app", "TEAM-A-app", "team-a", "xteam-a-app"])("the name %s is refused", (roleName) => {
    expect(saidOf({ ...named, roleName, instanceProfileName: "team-a-app" }, CAREFUL)).toEqual([
      `RoleNameNotAllowed: spec.roleName ${roleName} does not begin with team-a-, as class readers requires. Names are immutable: create another object.`,
    ]);
    expect(saidOf({ ...named, instanceProfileName: roleName }, CAREFUL)).toEqual([
      `RoleNameNotAllowed: spec.instanceProfileName ${roleName} does not begin with team-a-, as class readers requires. Names are immutable: create another object.`,
    ]);
  });

  test.each([
    [["team-b"], "team-b"],
    [["team-a-*"], "team-a-*"],
    [["*-team-a"], "*-team-a"],
  ])("a class for %j is not this namespace's", (namespaces, shown) => {
    expect(saidOf({ roleName: "whatever", path: "/elsewhere/" }, { ...CAREFUL, namespaces })).toEqual([
      `NamespaceNotAllowed: class readers does not allow namespace team-a; it allows ${shown}. Use another class.`,
    ]);
    expect(saidOf({}, { namespaces: [...namespaces, "team-*"] })).toEqual([]);
  });

  test("one object more than a namespace may have is refused", () => {
    expect(saidOf({}, { maxPerNamespace: 2 }, { olderPeers: 1 })).toEqual([]);
    expect(saidOf({}, { maxPerNamespace: 2 }, { olderPeers: 2 })).toEqual([
      "TooManyObjects: namespace team-a has 2 InstanceProfiles that class readers accepted before this one, and the class allows no more (maxPerNamespace). Delete one of them.",
    ]);
  });

  test("roles that objects have left in AWS count, and the message names them", () => {
    const orphanedRoles = ["app", "web"];
    expect(saidOf({}, { maxPerNamespace: 4 }, { olderPeers: 3, orphanedRoles })).toEqual([]);
    expect(saidOf({}, { maxPerNamespace: 3 }, { olderPeers: 3, orphanedRoles })).toEqual([
      "TooManyObjects: class readers allows namespace team-a 3 InstanceProfiles (maxPerNamespace). It counts 1 that it accepted before this one, " +
        "and the roles that InstanceProfiles have left in AWS account 123456789012, because they were deleted without the controller's " +
        "finalizer: app, web. Create those InstanceProfiles again and delete them, or delete the roles in IAM.",
    ]);
  });

  test("tags that together with the class's do not fit onto a role are refused", () => {
    const tags = Object.fromEntries(Array.from({ length: 42 }, (_, i) => [`k${i}`, "v"]));
    const allowedTagKeys = ["k*"];
    expect(saidOf({ tags }, { tags: { k0: "v" }, allowedTagKeys })).toEqual([]);
    expect(saidOf({ tags }, { tags: { team: "a" }, allowedTagKeys })).toEqual([
      "TagNotAllowed: spec.tags and the tags of class readers are 43 tags; IAM has room for 42. Remove some.",
    ]);
    // What Strip removes makes room.
    expect(saidOf({ tags }, { tags: { team: "a" }, allowedTagKeys: ["k1*", "k2*", "k3*"] })).not.toContainEqual(
      expect.stringContaining("leaves room"),
    );
  });
});

describe("what only takes away is always allowed", () => {
  test("Deny statements, here and in the trust policy", () => {
    const spec: Spec = {
      statements: [{ effect: "Deny", notActions: ["s3:*"], notResources: ["arn:aws:s3:::x"] }],
      trust: {
        services: ["ec2.amazonaws.com"],
        statements: [{ effect: "Deny", actions: ["sts:AssumeRole"], principals: { aws: ["*"] } }],
      },
    };
    expect(saidOf(spec)).toEqual([]);
  });
});

describe("an object that is cut down to its class", () => {
  const bounds = boundsOf({
    ...CAREFUL,
    ...{ tags: { team: "a" }, allowedTagKeys: ["app"], maxSessionDurationSeconds: 7200 },
  });
  const wide = anInstanceProfile({
    spec: {
      ...named,
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

  test("keeps what fits, and then fits", () => {
    const cut = strippedOf(wide);
    expect(cut.statements.map(({ sid }) => sid)).toEqual(["Mine", "Not"]);
    expect(cut.managedPolicyArns).toEqual(["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"]);
    expect(cut.trust).toEqual({ services: ["ec2.amazonaws.com"], statements: [] });
    expect(cut).toMatchObject({ adoptionPolicy: "Never", maxSessionDurationSeconds: 7200 });
    expect(cut).not.toHaveProperty("deletionPolicy");
    expect(cut.tags).toEqual({ app: "x", team: "a" });
    expect(cut).not.toHaveProperty("instances");
    expect(classViolations(cut, bounds)).toEqual([]);
  });

  test("keeps the value that its class gives to a tag", () => {
    const object = anInstanceProfile({ spec: { ...named, tags: { team: "b" } } });
    const violations = classViolations(object.spec, bounds);
    const cut = withoutExcess(withClassDefaults(object, bounds.class).spec, violations, bounds.class);
    expect(cut.tags).toEqual({ team: "a" });
  });

  test("keeps its name, which grants nothing, and loses its grants all the same", () => {
    const cut = strippedOf({ ...wide, roleName: "app", path: "/elsewhere/" });
    expect(cut.statements.map(({ sid }) => sid)).toEqual(["Mine", "Not"]);
    expect(cut).toMatchObject({ roleName: "app", path: "/elsewhere/" });
  });

  test("trusts nobody when nobody whom it trusts may assume the role", () => {
    const cut = strippedOf({ ...wide, trust: { services: ["lambda.amazonaws.com"], statements: [] } });
    expect(cut.trust).toEqual({
      services: [],
      statements: [{ sid: "NoTrustAllowed", effect: "Deny", actions: ["sts:AssumeRole"], principals: { aws: ["*"] } }],
    });
    expect(classViolations(cut, bounds)).toEqual([]);
  });

  test("has the boundary of the class, however wide the one that it names", () => {
    const permissionsBoundaryArn = "arn:aws:iam::123456789012:policy/k8s-boundary";
    const strict = { ...bounds, class: aClass({ ...bounds.class.spec, permissionsBoundaryArn }) };
    const cut = strippedOf({ ...wide, permissionsBoundaryArn: "arn:aws:iam::aws:policy/AdministratorAccess" }, strict);
    expect(cut.permissionsBoundaryArn).toBe(permissionsBoundaryArn);
    expect(classViolations(cut, strict)).toEqual([]);
  });

  test.each([
    ["is not for its namespace", { ...bounds, class: aClass({ ...bounds.class.spec, namespaces: ["other"] }) }],
    [
      "has as many objects as it may",
      { ...bounds, class: aClass({ ...bounds.class.spec, maxPerNamespace: 1 }), olderPeers: 1 },
    ],
  ])("grants nothing when the class %s", (_, by) => {
    const cut = strippedOf(wide, by);
    expect(cut).toMatchObject({ statements: [], managedPolicyArns: [], tags: { team: "a" } });
    expect(cut.tags).not.toHaveProperty("app");
    expect(cut).not.toHaveProperty("instances");
  });
});

test("a class adds its boundary, its tags and its deletion policy where an object has none", () => {
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
  const both = aClass({ allowedDeletionPolicies: ["Delete", "Retain"] });
  expect(withClassDefaults(anInstanceProfile(), both)).toEqual(anInstanceProfile());
});

test("each reason that counts as a violation was given above, and no other", () => {
  expect([...seen].sort()).toEqual([...VIOLATION_REASONS].sort());
});

describe("admission", () => {
  test("refuses for each of these reasons too, but for those that it cannot know", () => {
    const unknowable = ["TooManyObjects", "PolicyTooComplex"];
    const knowable = [...VIOLATION_REASONS].filter((reason) => !unknowable.includes(reason));
    expect([...seenAtAdmission].sort()).toEqual(knowable.sort());
  });

  test.each([
    ["how many objects there are", /^TooManyObjects/],
    ["what takes long to decide", /^PolicyTooComplex/],
    ["what {cluster} stands for", /^PathNotAllowed: .*cluster-1/],
    [
      "what a form that the class allows leaves",
      /^\w+: spec\.statements\[0\]\.not(?:Actions|Resources): everything except these/,
    ],
    ["what a policy variable becomes", /^ResourceNotAllowed: .*\$\{/],
  ])("leaves to the controller %s", (_what, messages) => {
    expect(passedAtAdmission.filter((message) => messages.test(message))).not.toEqual([]);
    UNSEEN.push(messages);
  });

  test("leaves nothing else to it", () => {
    expect(passedAtAdmission.filter((message) => !UNSEEN.some((messages) => messages.test(message)))).toEqual([]);
  });
});
