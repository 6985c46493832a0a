import { expect } from "vitest";
import type { InstanceProfileSpec } from "../../../src/api/instance-profile.ts";
import type { InstanceProfileClassSpec } from "../../../src/api/instance-profile-class.ts";
import type { Bounds } from "../../../src/plan/class/class-bounds.ts";
import { classViolations } from "../../../src/plan/class/class-guards.ts";
import { aClass, anInstanceProfile, type SpecOverrides } from "../../support/builders.ts";
import { reasonOf, saidAtAdmission } from "../../support/class-policy.ts";

export type Spec = SpecOverrides;
export type ClassSpec = Partial<InstanceProfileClassSpec>;

/** A class as an operator would write it: all of S3, the reads of EC2, and nothing that gains more access. */
export const CAREFUL: ClassSpec = {
  allowedActions: ["s3:*", "ec2:Describe*", "iam:Get*", "sts:*"],
  deniedActions: ["sts:AssumeRole", "iam:GetAccountAuthorizationDetails", "s3:PutBucketPolicy"],
  allowedManagedPolicies: ["arn:aws:iam::aws:policy/AmazonSSM*", "arn:aws:iam::123456789012:policy/team-a/*"],
  roleNamePrefix: "{namespace}-",
  path: "/{cluster}/{namespace}/",
  permissionsBoundaryArn: "arn:aws:iam::123456789012:policy/boundary",
};

/** Names and a path that {@link CAREFUL} allows. */
export const NAMED: Spec = { roleName: "team-a-app", instanceProfileName: "team-a-app", path: "/cluster-1/team-a/" };

export function boundsOf(spec: ClassSpec = {}, place: Partial<Bounds> = {}): Bounds {
  return { class: aClass(spec), namespace: "team-a", clusterId: "cluster-1", olderPeers: 0, ...place };
}

export const allow = (actions: readonly string[], resources: readonly string[] = ["*"]): Spec => ({
  statements: [{ effect: "Allow", actions, resources }],
});

/** The reasons of the violations that each guard finds, sorted; the test of the guard gives all of them. */
export const REASONS = {
  statements: [
    "ActionDenied",
    "ActionNotAllowed",
    "NotActionsNotAllowed",
    "NotResourcesNotAllowed",
    "PolicyTooComplex",
    "ResourceNotAllowed",
  ],
  maximum: ["AccessNotAllowed"],
  names: [
    "BoundaryNotAllowed",
    "NamespaceNotAllowed",
    "PathNotAllowed",
    "RoleNameNotAllowed",
    "TagNotAllowed",
    "TooManyObjects",
  ],
  access: [
    "AdoptFromNotAllowed",
    "AdoptionNotAllowed",
    "DeletionPolicyNotAllowed",
    "ExternalRoleNotAllowed",
    "InstanceRegionNotAllowed",
    "InstancesNotAllowed",
    "ManagedPolicyNotAllowed",
    "SessionDurationNotAllowed",
    "TrustServiceNotAllowed",
    "TrustStatementNotAllowed",
  ],
} as const;

/** The violations of specs by the guards, compared with those that the admission policy finds. */
export class GuardedSpecs {
  readonly #reasons = new Set<string>();
  readonly #reasonsAtAdmission = new Set<string>();
  readonly #admitted: string[] = [];

  /** The reason and message of each violation. */
  violationsOf(spec: Spec, of: ClassSpec = {}, place: Partial<Bounds> = {}): readonly string[] {
    const bounds = boundsOf(of, place);
    const { spec: complete } = anInstanceProfile({ spec });
    const violations = classViolations(complete, bounds).map(({ reason, message }) => {
      this.#reasons.add(reason);
      return `${reason}: ${message}`;
    });
    this.#expectNoMoreAtAdmission(complete, bounds, violations);
    return violations;
  }

  /** The reasons of all violations so far, sorted. */
  get reasons(): readonly string[] {
    return [...this.#reasons].sort();
  }

  /** Those that the admission policy gave too. */
  get reasonsAtAdmission(): readonly string[] {
    return [...this.#reasonsAtAdmission].sort();
  }

  /** The violations of specs that the admission policy admits. */
  get admitted(): readonly string[] {
    return this.#admitted;
  }

  /** The admission policy finds the same violations or fewer, maybe with another example, and does not know `{cluster}`. */
  #expectNoMoreAtAdmission(spec: InstanceProfileSpec, bounds: Bounds, violations: readonly string[]): void {
    const early = saidAtAdmission(spec, bounds.class, { namespace: bounds.namespace });
    for (const message of early) this.#reasonsAtAdmission.add(reasonOf(message));
    const plain = (message: string): string =>
      message
        .replaceAll("{cluster}", bounds.clusterId)
        .replace(/ allows \S+, which /, " allows AN EXAMPLE, which ")
        // The schema does not admit look-alike characters.
        .replaceAll('"', "")
        .replace(/[^ -~]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
    if (violations.length > 0 && early.length === 0) this.#admitted.push(violations[0] ?? "");
    expect(violations.map(plain)).toEqual(expect.arrayContaining(early.map(plain)));
  }
}
