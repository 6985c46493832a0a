import { describe, expect, test } from "vitest";
import { CAREFUL, type ClassSpec, GuardedSpecs, NAMED, REASONS, type Spec } from "./guarded-specs.ts";

const specs = new GuardedSpecs();

describe("a violation is", () => {
  test.each<[string, Spec, ClassSpec, string]>([
    [
      "a managed policy of AWS that allows everything",
      { managedPolicyArns: ["arn:aws:iam::aws:policy/AdministratorAccess"] },
      CAREFUL,
      "ManagedPolicyNotAllowed: spec.managedPolicyArns: class readers does not allow arn:aws:iam::aws:policy/AdministratorAccess; it allows " +
        "arn:aws:iam::aws:policy/AmazonSSM*, arn:aws:iam::123456789012:policy/team-a/*. Remove it.",
    ],
    [
      "a managed policy under another path",
      { managedPolicyArns: ["arn:aws:iam::123456789012:policy/team-b/team-a/all"] },
      CAREFUL,
      "ManagedPolicyNotAllowed: spec.managedPolicyArns: class readers does not allow arn:aws:iam::123456789012:policy/team-b/team-a/all; it " +
        "allows arn:aws:iam::aws:policy/AmazonSSM*, arn:aws:iam::123456789012:policy/team-a/*. Remove it.",
    ],
    [
      "any managed policy of a class that names none",
      { managedPolicyArns: ["arn:aws:iam::aws:policy/ReadOnlyAccess"] },
      {},
      "ManagedPolicyNotAllowed: spec.managedPolicyArns: class readers does not allow arn:aws:iam::aws:policy/ReadOnlyAccess; it allows none. " +
        "Remove it.",
    ],
    [
      "a service that must not assume the role",
      { trust: { services: ["ec2.amazonaws.com", "lambda.amazonaws.com"], statements: [] } },
      {},
      "TrustServiceNotAllowed: spec.trust.services: class readers does not allow lambda.amazonaws.com to assume the role; it allows ec2.amazonaws.com. " +
        "Remove it.",
    ],
    [
      "an account that must not assume the role",
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
      "a role of others in a class that names none",
      { roleName: "shared", instanceProfileName: "app", role: { management: "External" } },
      {},
      "ExternalRoleNotAllowed: spec.roleName: class readers does not allow the external role shared; it allows none. Use one of these roles, " +
        "or let this object manage its role.",
    ],
    [
      "a role of another team",
      { roleName: "team-b-node", instanceProfileName: "team-a-node", role: { management: "External" } },
      { roleNamePrefix: "{namespace}-", allowedExternalRoles: ["{namespace}-*", "node"] },
      "ExternalRoleNotAllowed: spec.roleName: class readers does not allow the external role team-b-node; it allows team-a-*, node. Use one of " +
        "these roles, or let this object manage its role.",
    ],
    [
      "the adoption of an existing role",
      { adoptionPolicy: "IfExists" },
      {},
      "AdoptionNotAllowed: spec.adoptionPolicy is IfExists, and class readers does not allow adoption. Set it to Never, or remove the field.",
    ],
    [
      "the adoption from a cluster that the class does not name",
      { adoptFrom: { clusterId: "old" } },
      { allowAdoption: true, allowedAdoptFrom: ["older"] },
      "AdoptFromNotAllowed: spec.adoptFrom.clusterId: class readers does not allow objects to adopt from cluster old; it allows older. Remove " +
        "spec.adoptFrom.",
    ],
    [
      "the association of instances",
      { instances: { region: "eu-west-1", onConflict: "Replace", selector: { matchTags: { team: "b" } } } },
      {},
      "InstancesNotAllowed: spec.instances: class readers does not allow objects to associate instances. Remove it.",
    ],
    [
      "instances in a region that is not allowed",
      { instances: { region: "us-east-1", ids: ["i-0123456789abcdef0"], onConflict: "Keep" } },
      { allowedInstanceRegions: ["eu-*", "us-west-2"] },
      "InstanceRegionNotAllowed: spec.instances.region: class readers does not allow instances in us-east-1; it allows eu-*, us-west-2. " +
        "Use one of these regions, or remove spec.instances.",
    ],
    [
      "sessions that are too long",
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
      "a role that must outlive its object",
      { deletionPolicy: "Delete" },
      { allowedDeletionPolicies: ["Retain"] },
      "DeletionPolicyNotAllowed: spec.deletionPolicy is Delete, and class readers allows Retain only. Use that, or remove the field.",
    ],
  ])("%s", (_, spec, of, violation) => {
    expect(specs.violationsOf({ ...(of === CAREFUL ? NAMED : {}), ...spec }, of)).toEqual([violation]);
  });
});

describe("no violation is", () => {
  test.each<[string, Spec, ClassSpec]>([
    [
      "instances in an allowed region",
      { instances: { region: "eu-west-1", ids: ["i-0123456789abcdef0"], onConflict: "Keep" } },
      { allowedInstanceRegions: ["us-east-1", "eu-*"] },
    ],
    [
      "the longest sessions that the class allows",
      { maxSessionDurationSeconds: 7200 },
      { maxSessionDurationSeconds: 7200 },
    ],
    [
      "the only deletion policy that the class allows",
      { deletionPolicy: "Retain" },
      { allowedDeletionPolicies: ["Retain"] },
    ],
    [
      "a role of others that the class names, in any case",
      { roleName: "Node", instanceProfileName: "team-a-node", role: { management: "External" } },
      { roleNamePrefix: "{namespace}-", allowedExternalRoles: ["{namespace}-*", "node"] },
    ],
    [
      "an adoption with a deletion policy",
      { adoptionPolicy: "IfExists", deletionPolicy: "Delete" },
      { allowAdoption: true },
    ],
    [
      "an adoption in a class with a deletion policy",
      { adoptionPolicy: "IfExists" },
      { allowAdoption: true, deletionPolicy: "Delete" },
    ],
    [
      "an adoption in a class that allows Retain",
      { adoptionPolicy: "IfExists" },
      { allowAdoption: true, allowedDeletionPolicies: ["Delete", "Retain"] },
    ],
    [
      "a Deny statement in the trust policy",
      {
        trust: {
          services: ["ec2.amazonaws.com"],
          statements: [{ effect: "Deny", actions: ["sts:AssumeRole"], principals: { aws: ["*"] } }],
        },
      },
      {},
    ],
    [
      "a trust statement in a class that allows them",
      {
        trust: {
          services: ["ec2.amazonaws.com"],
          statements: [{ effect: "Allow", actions: ["sts:AssumeRole"], principals: { aws: ["210987654321"] } }],
        },
      },
      { allowTrustStatements: true },
    ],
  ])("%s", (_, spec, of) => {
    expect(specs.violationsOf(spec, of)).toEqual([]);
  });
});

test("a service is checked also where the class allows trust statements", () => {
  const trust = { services: ["lambda.amazonaws.com"], statements: [] };
  expect(specs.violationsOf({ trust }, { allowTrustStatements: true })).toEqual([
    expect.stringMatching(/^TrustServiceNotAllowed/),
  ]);
});

test("the admission policy finds each of these violations too", () => {
  expect(specs.reasons).toEqual(REASONS.access);
  expect(specs.reasonsAtAdmission).toEqual(specs.reasons);
  expect(specs.admitted).toEqual([]);
});
