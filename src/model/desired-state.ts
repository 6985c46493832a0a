import { FORCE_DELETE_ANNOTATION, type InstanceProfile } from "../api/instance-profile.ts";
import { isHeldBack, recordedClaim } from "./instances/claim-record.ts";
import type { DesiredInstances } from "./instances/instance-claim.ts";
import { nameKey } from "./naming.ts";
import { type Owner, TAG_PREFIX, type Tags } from "./ownership.ts";
import { buildPolicy, type PolicyDocument, permissionsDocument, trustDocument } from "./policy/policy-document.ts";
import type { OversizePolicy } from "./policy/policy-size.ts";

/** What is to be kept of the entities when the object goes. `ByOrigin`: what was adopted stays, what was made goes. */
export type Retention = "Delete" | "Retain" | "ByOrigin";

/** The role as the object asks for it. */
export interface DesiredRole {
  readonly roleName: string;
  readonly path: string;
  /** Empty when the object has none: IAM knows no difference. */
  readonly description: string;
  readonly maxSessionDurationSeconds: number;
  readonly permissionsBoundaryArn: string | undefined;
  readonly trustPolicy: PolicyDocument;
  /** The one inline policy; undefined when the object has no statements of its own. */
  readonly inlinePolicy: { readonly policyName: string; readonly document: PolicyDocument } | undefined;
  /** Sorted, without repetition. */
  readonly managedPolicyArns: readonly string[];
}

/** The object asks for a role in an instance profile. */
export interface DesiredPresent {
  readonly presence: "present";
  readonly owner: Owner;
  readonly role: DesiredRole;
  readonly instanceProfile: { readonly instanceProfileName: string; readonly path: string };
  /** The instances that are to carry the profile; undefined when the object leaves that to whoever starts them. */
  readonly instances: DesiredInstances | undefined;
  /** Policies that IAM takes in no account, and that are not part of `role` therefore. Nothing may be written with one. */
  readonly oversize: readonly OversizePolicy[];
  /** The user's tags, for role and profile alike. */
  readonly tags: Tags;
  /** Whether an entity without owner tags may be adopted: the spec asks for it, and a class or the operator allows it. */
  readonly mayAdopt: boolean;
  /** The spec asks for adoption, and neither a class nor the operator allows it. */
  readonly isAdoptionDenied: boolean;
  /** Are policies that the spec does not name taken off the role. */
  readonly removesUnmanaged: boolean;
}

/** The object is going: what it owns goes with it, as far as `retention` says. */
export interface DesiredAbsent {
  readonly presence: "absent";
  readonly owner: Owner;
  readonly roleName: string;
  readonly instanceProfileName: string;
  readonly path: string;
  /** What it wanted its profile on. */
  readonly instances: DesiredInstances | undefined;
  readonly policyName: string;
  readonly managedPolicyArns: readonly string[];
  readonly retention: Retention;
  /** Policies that are not ours go too; the user has asked for it, and the object's class does not forbid it. */
  readonly force: boolean;
  /** The name of the class that does not allow `force`; undefined when the user may ask for it. */
  readonly forceDeniedBy?: string;
}

/** What AWS should have for one object. Deletion is a desire like any other. */
export type DesiredState = DesiredPresent | DesiredAbsent;

/** The role's name, whether the object is to be or to go. */
export function roleNameOf(desired: DesiredState): string {
  return desired.presence === "absent" ? desired.roleName : desired.role.roleName;
}

/** The instance profile's name, whether the object is to be or to go. */
export function profileNameOf(desired: DesiredState): string {
  return desired.presence === "absent" ? desired.instanceProfileName : desired.instanceProfile.instanceProfileName;
}

/** What the class and the operator say of an object, which its author cannot. */
export interface Grants {
  /** The class of the object, or the operator for objects without one, allows `adoptionPolicy: IfExists`. */
  readonly allowsAdoption: boolean;
  /** The name of the object's class, when it does not allow the annotation `force-delete`. */
  readonly forceDeniedBy?: string | undefined;
}

const NO_GRANTS: Grants = { allowsAdoption: false };

/** What the object asks of AWS. Deterministic; never throws on a parsed object. */
export function desiredState(
  object: InstanceProfile,
  clusterId: string,
  { allowsAdoption, forceDeniedBy }: Grants = NO_GRANTS,
): DesiredState {
  const { metadata, spec } = object;
  const owner = { clusterId, namespace: metadata.namespace, name: metadata.name, uid: metadata.uid };
  const managedPolicyArns = [...new Set(spec.managedPolicyArns)].sort();
  if (metadata.deletionTimestamp !== undefined) {
    return {
      presence: "absent",
      owner,
      roleName: spec.roleName,
      instanceProfileName: spec.instanceProfileName,
      path: spec.path,
      instances: desiredInstances(object),
      policyName: spec.policyName,
      managedPolicyArns,
      retention: spec.deletionPolicy ?? "ByOrigin",
      force: forceDeniedBy === undefined && metadata.annotations?.[FORCE_DELETE_ANNOTATION] === "true",
      ...(forceDeniedBy !== undefined && { forceDeniedBy }),
    };
  }
  return {
    presence: "present",
    owner,
    role: {
      roleName: spec.roleName,
      path: spec.path,
      description: spec.description ?? "",
      maxSessionDurationSeconds: spec.maxSessionDurationSeconds,
      permissionsBoundaryArn: spec.permissionsBoundaryArn,
      trustPolicy: buildPolicy(trustDocument(spec.trust), "trust"),
      inlinePolicy:
        spec.statements.length === 0
          ? undefined
          : {
              policyName: spec.policyName,
              document: buildPolicy(permissionsDocument(spec.statements), "permissions"),
            },
      managedPolicyArns,
    },
    instanceProfile: { instanceProfileName: spec.instanceProfileName, path: spec.path },
    instances: desiredInstances(object),
    oversize: object.oversize ?? [],
    tags: userTags(spec.tags),
    mayAdopt: spec.adoptionPolicy === "IfExists" && allowsAdoption,
    isAdoptionDenied: spec.adoptionPolicy === "IfExists" && !allowsAdoption,
    removesUnmanaged: spec.unmanagedPolicies === "Remove",
  };
}

/** The instances that the object asks for; undefined when it asks for none. */
export function desiredInstances(object: InstanceProfile): DesiredInstances | undefined {
  const { metadata, spec } = object;
  const { instances } = spec;
  if (instances === undefined) return undefined;
  const { region, selector, ids, onConflict } = instances;
  return {
    region,
    matchTags: selector?.matchTags,
    ids: [...new Set(ids)].sort(),
    replacesOthers: onConflict === "Replace",
    priority: {
      claimedTime: recordedClaim(object, instances)?.time,
      isHeldBack: isHeldBack(object),
      createdTime: metadata.creationTimestamp ?? "",
    },
  };
}

/**
 * The user's tags without those that IAM would take for the controller's own: tag keys of a role are the same in any case, and
 * one of these in other letters would overwrite the proof of ownership.
 */
function userTags(tags: Tags): Tags {
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !nameKey(key).startsWith(TAG_PREFIX)));
}
