import { describe, expect, test } from "vitest";
import { classSpecField } from "../../../src/api/class-fields.ts";
import type { FieldSchema } from "../../../src/api/field.ts";
import type { OwnPolicySpec, PolicyConditions, Statement } from "../../../src/api/instance-profile.ts";
import type { InstanceProfileClassSpec, MaximumAccess } from "../../../src/api/instance-profile-class.ts";
import { type LooseSpec, specField } from "../../../src/api/spec-fields.ts";
import { classViolations } from "../../../src/plan/class/class-guards.ts";
import { aClass, anInstanceProfile, aPolicy, type SpecOverrides } from "../../support/builders.ts";

type Spec = SpecOverrides;
type ClassSpec = Partial<InstanceProfileClassSpec>;

/** What bounds a field of an InstanceProfile, or why nothing has to. */
type Fate =
  | {
      /** The class fields that decide. */
      readonly by: readonly (keyof InstanceProfileClassSpec)[];
      readonly spec: Spec;
      /** Only fields of `by`. Empty: the defaults of a class do not allow it. */
      readonly refusedBy: ClassSpec;
      readonly allowedBy: ClassSpec;
    }
  | { readonly exempt: string };

const trusting = (aws: string): Spec => ({
  trust: {
    services: ["ec2.amazonaws.com"],
    statements: [{ effect: "Allow", actions: ["sts:AssumeRole"], principals: { aws: [aws] } }],
  },
});
const TRUST_STATEMENT: Fate = {
  by: ["allowTrustStatements"],
  spec: trusting("*"),
  refusedBy: {},
  allowedBy: { allowTrustStatements: true },
};
const INSTANCES: Fate = {
  by: ["allowedInstanceRegions"],
  spec: { instances: { region: "eu-west-1", ids: ["i-0123456789abcdef0"], onConflict: "Replace" } },
  refusedBy: {},
  allowedBy: { allowedInstanceRegions: ["eu-*"] },
};
const LABEL = { exempt: "text for readers; nothing in AWS decides by it" } as const;
const SECURE = { Bool: { "aws:SecureTransport": ["true"] } };
const atMost = (conditions: PolicyConditions): MaximumAccess => ({
  statements: [{ effect: "Allow", actions: ["*"], resources: ["*"], conditions }],
});
const ARN = "arn:aws:iam::aws:policy/ReadOnlyAccess";
/** What it grants is bounded as in `statements`: test/unit/plan/class-guards-names.test.ts. */
const OWN_POLICY: OwnPolicySpec = {
  name: "own",
  fieldPath: "spec.managedPolicies[0].statements",
  statements: [{ effect: "Allow", actions: ["s3:Get*"], resources: ["*"] }],
};

/** The fate of a statement in the second of two policies. */
function inOneOfSeveral({
  statement,
  ...fate
}: Omit<Extract<Fate, { by: unknown }>, "spec"> & { readonly statement: Statement }): Fate {
  const harmless = aPolicy(
    [{ effect: "Deny", actions: ["*"], resources: ["*"], sid: "Not" }],
    "harmless",
    "spec.inlinePolicies[0].statements",
  );
  const judged = aPolicy([statement], "judged", "spec.inlinePolicies[1].statements");
  return { ...fate, spec: { inlinePolicies: fate.by.includes("maximumAccess") ? [judged] : [harmless, judged] } };
}

/** Every field of a spec, by its path. A new field does not compile, or fails below, until its line is here. */
const FATES: Readonly<Record<keyof LooseSpec, Readonly<Record<string, Fate>>>> = {
  className: { "": { exempt: "it chooses the class; which namespaces may use one is the class's `namespaces`" } },
  roleName: {
    "": {
      by: ["roleNamePrefix"],
      spec: { roleName: "b-app", instanceProfileName: "a-app" },
      refusedBy: { roleNamePrefix: "a-" },
      allowedBy: {},
    },
  },
  instanceProfileName: {
    "": {
      by: ["roleNamePrefix"],
      spec: { roleName: "a-app", instanceProfileName: "b-app" },
      refusedBy: { roleNamePrefix: "a-" },
      allowedBy: {},
    },
  },
  role: {
    ".management": {
      by: ["allowedExternalRoles"],
      spec: { roleName: "shared", instanceProfileName: "app", role: { management: "External" } },
      refusedBy: { allowedExternalRoles: ["{namespace}-*"] },
      allowedBy: { allowedExternalRoles: ["Shared"] },
    },
  },
  path: { "": { by: ["path"], spec: { path: "/b/" }, refusedBy: { path: "/a/" }, allowedBy: {} } },
  instanceProfilePath: {
    "": { by: ["path"], spec: { path: "/a/", instanceProfilePath: "/b/" }, refusedBy: { path: "/a/" }, allowedBy: {} },
  },
  description: { "": LABEL },
  policyName: { "": { exempt: "it names a policy inside of the object's own role" } },
  statements: {
    "[].sid": LABEL,
    "[].effect": { exempt: "what an Allow grants is judged; a Deny grants nothing" },
    "[].actions[]": {
      by: ["allowedActions", "deniedActions"],
      spec: { statements: [{ effect: "Allow", actions: ["s3:Put*"], resources: ["*"] }] },
      refusedBy: { allowedActions: ["s3:*"], deniedActions: ["s3:PutBucketPolicy"] },
      allowedBy: { allowedActions: ["s3:*"] },
    },
    "[].notActions[]": {
      by: ["allowNotActions", "allowedActions"],
      spec: { statements: [{ effect: "Allow", notActions: ["iam:*"], resources: ["*"] }] },
      refusedBy: { allowedActions: ["*"] },
      allowedBy: { allowNotActions: true, allowedActions: ["*"] },
    },
    "[].resources[]": {
      by: ["allowedResources"],
      spec: { statements: [{ effect: "Allow", actions: ["s3:GetObject"], resources: ["arn:aws:s3:::b/*"] }] },
      refusedBy: { allowedResources: ["arn:aws:s3:::a/*"] },
      allowedBy: { allowedResources: ["arn:aws:s3:::b/*"] },
    },
    "[].notResources[]": {
      by: ["allowNotResources"],
      spec: { statements: [{ effect: "Allow", actions: ["s3:GetObject"], notResources: ["arn:aws:s3:::a"] }] },
      refusedBy: {},
      allowedBy: { allowNotResources: true },
    },
    "[].conditions": {
      by: ["maximumAccess"],
      spec: { statements: [{ effect: "Allow", actions: ["s3:GetObject"], resources: ["*"], conditions: SECURE }] },
      refusedBy: { maximumAccess: atMost({ Bool: { "aws:SecureTransport": ["false"] } }) },
      allowedBy: { maximumAccess: atMost(SECURE) },
    },
  },
  inlinePolicies: {
    "[].name": { exempt: "it names a policy inside of the object's own role" },
    "[].statements[].sid": LABEL,
    "[].statements[].effect": { exempt: "as of statements" },
    "[].statements[].actions[]": inOneOfSeveral({
      by: ["allowedActions", "deniedActions"],
      statement: { effect: "Allow", actions: ["s3:Put*"], resources: ["*"] },
      refusedBy: { allowedActions: ["s3:*"], deniedActions: ["s3:PutBucketPolicy"] },
      allowedBy: { allowedActions: ["s3:*"] },
    }),
    "[].statements[].notActions[]": inOneOfSeveral({
      by: ["allowNotActions", "allowedActions"],
      statement: { effect: "Allow", notActions: ["iam:*"], resources: ["*"] },
      refusedBy: { allowedActions: ["*"] },
      allowedBy: { allowNotActions: true, allowedActions: ["*"] },
    }),
    "[].statements[].resources[]": inOneOfSeveral({
      by: ["allowedResources"],
      statement: { effect: "Allow", actions: ["s3:GetObject"], resources: ["arn:aws:s3:::b/*"] },
      refusedBy: { allowedResources: ["arn:aws:s3:::a/*"] },
      allowedBy: { allowedResources: ["arn:aws:s3:::b/*"] },
    }),
    "[].statements[].notResources[]": inOneOfSeveral({
      by: ["allowNotResources"],
      statement: { effect: "Allow", actions: ["s3:GetObject"], notResources: ["arn:aws:s3:::a"] },
      refusedBy: {},
      allowedBy: { allowNotResources: true },
    }),
    "[].statements[].conditions": inOneOfSeveral({
      by: ["maximumAccess"],
      statement: { effect: "Allow", actions: ["s3:GetObject"], resources: ["*"], conditions: SECURE },
      refusedBy: { maximumAccess: atMost({ Bool: { "aws:SecureTransport": ["false"] } }) },
      allowedBy: { maximumAccess: atMost(SECURE) },
    }),
    "[].document": {
      by: ["allowedActions"],
      spec: {
        inlinePolicies: [
          {
            ...aPolicy([{ effect: "Allow", actions: ["ec2:*"], resources: ["*"] }]),
            document: { Statement: { Effect: "Allow", Action: "ec2:*", Resource: "*" } },
          },
        ],
      },
      refusedBy: {},
      allowedBy: { allowedActions: ["ec2:*"] },
    },
  },
  managedPolicyArns: {
    "[]": {
      by: ["allowedManagedPolicies"],
      spec: { managedPolicyArns: [ARN] },
      refusedBy: {},
      allowedBy: { allowedManagedPolicies: [ARN] },
    },
  },
  permissionsBoundaryArn: {
    "": {
      by: ["permissionsBoundaryArn"],
      spec: { permissionsBoundaryArn: ARN },
      refusedBy: { permissionsBoundaryArn: "arn:aws:iam::123456789012:policy/boundary" },
      allowedBy: {},
    },
  },
  maxSessionDurationSeconds: {
    "": {
      by: ["maxSessionDurationSeconds"],
      spec: { maxSessionDurationSeconds: 3601 },
      refusedBy: {},
      allowedBy: { maxSessionDurationSeconds: 3601 },
    },
  },
  trust: {
    ".document": { exempt: "it becomes the services and statements that are judged" },
    ".services[]": {
      by: ["allowedTrustServices"],
      spec: { trust: { services: ["lambda.amazonaws.com"], statements: [] } },
      refusedBy: {},
      allowedBy: { allowedTrustServices: ["lambda.amazonaws.com"] },
    },
    ".statements[].sid": LABEL,
    ".statements[].effect": { exempt: "each Allow is refused or allowed as a whole; a Deny lets nobody in" },
    ".statements[].actions[]": TRUST_STATEMENT,
    ".statements[].principals.aws[]": TRUST_STATEMENT,
    ".statements[].principals.services[]": TRUST_STATEMENT,
    ".statements[].principals.federated[]": TRUST_STATEMENT,
    ".statements[].principals.canonicalUsers[]": TRUST_STATEMENT,
    ".statements[].conditions": TRUST_STATEMENT,
  },
  tags: {
    "": {
      by: ["allowedTagKeys", "tags"],
      spec: { tags: { "eks-cluster-admin": "true" } },
      refusedBy: {},
      allowedBy: { allowedTagKeys: ["eks-*"] },
    },
  },
  roleTags: {
    "": {
      by: ["allowedTagKeys", "tags"],
      spec: { roleTags: { "eks-cluster-admin": "true" } },
      refusedBy: {},
      allowedBy: { allowedTagKeys: ["eks-*"] },
    },
  },
  instanceProfileTags: {
    "": {
      by: ["allowedTagKeys", "tags"],
      spec: { instanceProfileTags: { "eks-cluster-admin": "true" } },
      refusedBy: {},
      allowedBy: { allowedTagKeys: ["eks-*"] },
    },
  },
  managedPolicies: {
    "[].name": {
      by: ["roleNamePrefix", "allowManagedPolicies"],
      spec: { roleName: "a-app", managedPolicies: [OWN_POLICY] },
      refusedBy: { roleNamePrefix: "a-", allowManagedPolicies: true },
      allowedBy: { allowManagedPolicies: true },
    },
    "[].path": {
      by: ["path", "allowManagedPolicies"],
      spec: { path: "/a/", managedPolicies: [{ ...OWN_POLICY, path: "/b/" }] },
      refusedBy: { path: "/a/", allowManagedPolicies: true },
      allowedBy: { allowManagedPolicies: true },
    },
    "[].description": LABEL,
    "[].document": {
      by: ["allowManagedPolicies"],
      spec: { managedPolicies: [OWN_POLICY] },
      refusedBy: {},
      allowedBy: { allowManagedPolicies: true },
    },
    "[].statements[].sid": LABEL,
    "[].statements[].effect": { exempt: "what an Allow grants is judged; a Deny grants nothing" },
    ...Object.fromEntries(
      ["actions[]", "notActions[]", "resources[]", "notResources[]", "conditions"].map((field) => [
        `[].statements[].${field}`,
        {
          by: ["allowManagedPolicies"],
          spec: { managedPolicies: [OWN_POLICY] },
          refusedBy: {},
          allowedBy: { allowManagedPolicies: true },
        } satisfies Fate,
      ]),
    ),
  },
  adoptionPolicy: {
    "": {
      by: ["allowAdoption"],
      spec: { adoptionPolicy: "IfExists", deletionPolicy: "Delete" },
      refusedBy: {},
      allowedBy: { allowAdoption: true },
    },
  },
  adoptFrom: {
    ".clusterId": {
      by: ["allowedAdoptFrom"],
      spec: { adoptFrom: { clusterId: "cluster-2" } },
      refusedBy: { allowedAdoptFrom: ["cluster-3"] },
      allowedBy: { allowedAdoptFrom: ["cluster-2"] },
    },
  },
  deletionPolicy: {
    "": {
      by: ["allowedDeletionPolicies"],
      spec: { deletionPolicy: "Retain" },
      refusedBy: {},
      allowedBy: { allowedDeletionPolicies: ["Delete", "Retain"] },
    },
  },
  unmanagedPolicies: { "": { exempt: "Remove only takes from the object's own role what the spec does not name" } },
  mode: { "": { exempt: "DryRun writes nothing; Strip writes all the same" } },
  suspend: { "": { exempt: "a suspended object writes nothing; Strip writes all the same" } },
  instances: {
    ".region": INSTANCES,
    ".ids[]": INSTANCES,
    ".selector.matchTags": INSTANCES,
    ".onConflict": INSTANCES,
  },
};

/** Class fields that bound something other than a field of a spec. */
const OTHER_CLASS_FIELDS: Readonly<Partial<Record<keyof InstanceProfileClassSpec, string>>> = {
  account: "where everything is",
  namespaces: "the namespace of the object",
  maxPerNamespace: "the number of objects",
  deletionPolicy: "a default",
  variables: "texts of objects: test/unit/model/variables",
  allowForceDelete: "an annotation: test/adversary/class/deletion.test.ts",
  onViolation: "what becomes of a violation",
};

function pathsOf(schema: FieldSchema, path = ""): readonly string[] {
  if (schema.properties !== undefined) {
    return Object.entries(schema.properties).flatMap(([name, child]) => pathsOf(child, `${path}.${name}`));
  }
  return schema.items === undefined ? [path] : pathsOf(schema.items, `${path}[]`);
}

const lines = Object.entries(FATES).flatMap(([field, parts]) =>
  Object.entries(parts).map(([part, fate]) => ({ path: `.${field}${part}`, fate })),
);
const bounded = lines.flatMap(({ path, fate }) => ("by" in fate ? [{ path, ...fate }] : []));

describe("each field of a spec", () => {
  test("has a class field that bounds it, or a reason why none has to", () => {
    expect(lines.map(({ path }) => path).sort()).toEqual([...pathsOf(specField.schema)].sort());
  });

  test.each(bounded)(
    "$path is refused or allowed by $by, and by nothing else",
    ({ by, spec, refusedBy, allowedBy }) => {
      const { spec: asked } = anInstanceProfile({ spec });
      const violations = (of: ClassSpec): readonly unknown[] =>
        classViolations(asked, { class: aClass(of), namespace: "team-a", clusterId: "cluster-1", olderPeers: 0 });
      expect(violations(refusedBy)).toHaveLength(1);
      expect(violations(allowedBy)).toEqual([]);
      expect(by).toEqual(expect.arrayContaining(Object.keys({ ...refusedBy, ...allowedBy })));
    },
  );
});

test("each field of a class bounds a field of a spec, or something else that is named", () => {
  const used = new Set([...bounded.flatMap(({ by }) => by), ...Object.keys(OTHER_CLASS_FIELDS)]);
  expect([...used].sort()).toEqual(Object.keys(classSpecField.schema.properties ?? {}).sort());
});
