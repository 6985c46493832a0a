import {
  FORCE_DELETE_ANNOTATION,
  hasExternalRole,
  type InstanceProfile,
  type PolicySpec,
} from "../api/instance-profile.ts";
import { type HandOver, handOverOf } from "./hand-over.ts";
import { type DesiredInstances, isHeldBack, recordedClaim } from "./instances/instance-claim.ts";
import { type AccountPlace, nameKey, ownPolicyArn, placeInRoleArn } from "./naming.ts";
import { type Owner, TAG_PREFIX, type Tags } from "./ownership.ts";
import type { Place } from "./place.ts";
import type { PolicyDocument } from "./policy/policy-document.ts";
import type { OversizePolicy } from "./policy/policy-size.ts";
import { inlineDocuments, managedDocument, trustPolicyOf } from "./policy/policy-spec.ts";

/** What happens to the entities when the object is deleted. `ByOrigin`: what was adopted is retained, what was created is deleted. */
export type Retention = "Delete" | "Retain" | "ByOrigin";

/** A desired inline policy. */
export interface DesiredInlinePolicy {
  readonly policyName: string;
  readonly document: PolicyDocument;
}

/** The desired role. */
export interface DesiredRole {
  readonly roleName: string;
  readonly path: string;
  /** Empty when the object has none, which is the same to IAM. */
  readonly description: string;
  readonly maxSessionDurationSeconds: number;
  readonly permissionsBoundaryArn: string | undefined;
  readonly trustPolicy: PolicyDocument;
  /** The inline policies, in the order of the spec, which means nothing to IAM. */
  readonly inlinePolicies: readonly DesiredInlinePolicy[];
  /** Sorted, without repetition. */
  readonly managedPolicyArns: readonly string[];
  /** The user's tags. */
  readonly tags: Tags;
}

/** The desired instance profile. */
export interface DesiredInstanceProfile {
  readonly instanceProfileName: string;
  readonly path: string;
  /** The user's tags. */
  readonly tags: Tags;
}

/** A desired managed policy of the object itself. */
export interface DesiredManagedPolicy {
  readonly arn: string;
  /** At its creation: IAM cannot change it. */
  readonly description: string;
  readonly document: PolicyDocument;
}

/** The desired state of an object that is not in deletion: a role in an instance profile. */
export interface DesiredPresent {
  readonly presence: "present";
  readonly owner: Owner;
  /** Of an external role, only the name counts. */
  readonly role: DesiredRole;
  /**
   * Whether the object manages the role. `external`: others do, and the role is put into the instance profile and never written. `revoked`:
   * the class does not allow the external role, so the instance profile must not hold it.
   */
  readonly roleManagement: "managed" | "external" | "revoked";
  readonly instanceProfile: DesiredInstanceProfile;
  /** The managed policies of the object itself; `role.managedPolicyArns` has them too. Sorted by ARN. */
  readonly managedPolicies: readonly DesiredManagedPolicy[];
  /** The user's tags of these. */
  readonly managedPolicyTags: Tags;
  /** Unset: unknown. */
  readonly place?: AccountPlace | undefined;
  /** The instances to associate; undefined when the spec has no `instances`. */
  readonly instances: DesiredInstances | undefined;
  /** Policies that IAM accepts in no account and that are therefore not part of `role`. While there are any, nothing is written. */
  readonly oversize: readonly OversizePolicy[];
  /** True when an unowned entity may be adopted: the spec requests it, and a class or the operator allows it. */
  readonly mayAdopt: boolean;
  /** True when the spec requests adoption, and neither a class nor the operator allows it. */
  readonly isAdoptionDenied: boolean;
  /** Unset: the object has neither adopted from another cluster nor been adopted by one. */
  readonly handOver?: HandOver;
  /** True when unmanaged policies are removed from the role. */
  readonly removesUnmanaged: boolean;
}

/** The desired state of an object in deletion: what it owns is deleted, according to `retention`. */
export interface DesiredAbsent {
  readonly presence: "absent";
  readonly owner: Owner;
  readonly roleName: string;
  /** True: the role is neither read nor written. */
  readonly isRoleExternal: boolean;
  readonly instanceProfileName: string;
  /** Of the instance profile. */
  readonly path: string;
  /** The instances that the spec selects. */
  readonly instances: DesiredInstances | undefined;
  /** The names of the inline policies. */
  readonly policyNames: readonly string[];
  readonly managedPolicyArns: readonly string[];
  /** The managed policies of the object itself, which `managedPolicyArns` has too; sorted. */
  readonly ownPolicyArns: readonly string[];
  /** Unset: unknown. */
  readonly place?: AccountPlace | undefined;
  readonly retention: Retention;
  /** True when unmanaged policies are removed too: the user requested it, and the object's class allows it. */
  readonly force: boolean;
  /** The name of the class that denies `force`; undefined when it is allowed. */
  readonly forceDeniedBy?: string;
  /** As {@link DesiredPresent.handOver}. An object in deletion adopts nothing: it says only what another cluster has. */
  readonly handOverBefore?: HandOver | undefined;
  /** When the user deleted the object, as RFC 3339; unset for a manifest that was removed. */
  readonly deletedAt?: string;
}

/** What AWS must have for one object. */
export type DesiredState = DesiredPresent | DesiredAbsent;

/** The name of the role, whether or not the object is in deletion. */
export function roleNameOf(desired: DesiredState): string {
  return desired.presence === "absent" ? desired.roleName : desired.role.roleName;
}

/** The name of the instance profile, whether or not the object is in deletion. */
export function profileNameOf(desired: DesiredState): string {
  return desired.presence === "absent" ? desired.instanceProfileName : desired.instanceProfile.instanceProfileName;
}

/** The ARNs of the managed policies that the object itself has by its spec. */
export function ownPolicyArnsOf(desired: DesiredState): readonly string[] {
  return desired.presence === "absent" ? desired.ownPolicyArns : desired.managedPolicies.map(({ arn }) => arn);
}

/** What the class and the operator allow an object, which its author cannot choose. */
export interface Grants {
  /** The class of the object, or the operator for objects without one, allows `adoptionPolicy: IfExists`. */
  readonly allowsAdoption: boolean;
  /** The clusters that the object may adopt from; `any`: the class has checked it. Unset: none. */
  readonly adoptsFrom?: readonly string[] | "any" | undefined;
  /** The name of the object's class if it denies the annotation `force-delete`. */
  readonly forceDeniedBy?: string | undefined;
  /** The AWS account; unset: that of the role in status. Without both, the ARNs of the object's own managed policies are not those in AWS. */
  readonly place?: AccountPlace | undefined;
}

const NO_GRANTS: Grants = { allowsAdoption: false };

/** Computes the desired state of an object. Deterministic; never throws for a parsed object. */
export function desiredState(
  object: InstanceProfile,
  clusterId: string,
  { allowsAdoption, forceDeniedBy, adoptsFrom, place: given }: Grants = NO_GRANTS,
): DesiredState {
  const { metadata, spec, status } = object;
  const place = given ?? placeOf(object.place) ?? placeInRoleArn(status?.role?.arn ?? "");
  const owner = { clusterId, namespace: metadata.namespace, name: metadata.name, uid: metadata.uid };
  const managedPolicies = desiredPolicies(spec, place);
  const ownPolicyArns = managedPolicies.map(({ arn }) => arn);
  const managedPolicyArns = [...new Set([...spec.managedPolicyArns, ...ownPolicyArns])].sort();
  if (metadata.deletionTimestamp !== undefined) {
    return {
      presence: "absent",
      owner,
      roleName: spec.roleName,
      isRoleExternal: hasExternalRole(spec),
      instanceProfileName: spec.instanceProfileName,
      path: profilePathOf(spec),
      instances: desiredInstances(object),
      policyNames: spec.inlinePolicies.map(({ name }) => name),
      managedPolicyArns,
      ownPolicyArns,
      ...(place !== undefined && { place }),
      retention: spec.deletionPolicy ?? "ByOrigin",
      ...forceOf(object, forceDeniedBy),
      handOverBefore: handOverOf(object, clusterId, adoptsFrom).handOver,
      deletedAt: metadata.deletionTimestamp,
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
      trustPolicy: trustPolicyOf(spec.trust),
      inlinePolicies: desiredInlinePolicies(spec.inlinePolicies),
      managedPolicyArns,
      tags: userTags(spec.tags, spec.roleTags),
    },
    roleManagement: roleManagementOf(spec),
    instanceProfile: {
      instanceProfileName: spec.instanceProfileName,
      path: profilePathOf(spec),
      tags: userTags(spec.tags, spec.instanceProfileTags),
    },
    managedPolicies,
    managedPolicyTags: userTags(spec.tags, {}),
    ...(place !== undefined && { place }),
    instances: desiredInstances(object),
    oversize: object.oversize ?? [],
    mayAdopt: spec.adoptionPolicy === "IfExists" && allowsAdoption,
    isAdoptionDenied: spec.adoptionPolicy === "IfExists" && !allowsAdoption,
    ...handOverOf(object, clusterId, adoptsFrom),
    removesUnmanaged: spec.unmanagedPolicies === "Remove",
  };
}

function forceOf(
  { metadata: { annotations } }: InstanceProfile,
  forceDeniedBy: string | undefined,
): Pick<DesiredAbsent, "force" | "forceDeniedBy"> {
  if (forceDeniedBy !== undefined) return { force: false, forceDeniedBy };
  return { force: annotations?.[FORCE_DELETE_ANNOTATION] === "true" };
}

function desiredInlinePolicies(policies: readonly PolicySpec[]): readonly DesiredInlinePolicy[] {
  const documents = inlineDocuments(policies);
  return policies.flatMap(({ name }, index) => {
    const document = documents[index];
    return document === undefined ? [] : [{ policyName: name, document }];
  });
}

function roleManagementOf(spec: InstanceProfile["spec"]): DesiredPresent["roleManagement"] {
  if (!hasExternalRole(spec)) return "managed";
  return spec.role?.isRevoked ? "revoked" : "external";
}

/** The path of the instance profile. */
export function profilePathOf({ path, instanceProfilePath }: InstanceProfile["spec"]): string {
  return instanceProfilePath ?? path;
}

function desiredPolicies(
  { managedPolicies, path }: InstanceProfile["spec"],
  place: AccountPlace = UNKNOWN_PLACE,
): readonly DesiredManagedPolicy[] {
  return managedPolicies
    .map((policy) => ({
      arn: ownPolicyArn(place, policy.path ?? path, policy.name),
      description: policy.description ?? "",
      document: managedDocument(policy),
    }))
    .sort((a, b) => (a.arn < b.arn ? -1 : 1));
}

function placeOf({ accountId, partition }: Place = {}): AccountPlace | undefined {
  return accountId === undefined || partition === undefined ? undefined : { accountId, partition };
}

/** For a comparison of what a spec grants, before anything of it is in AWS. */
const UNKNOWN_PLACE: AccountPlace = { accountId: "000000000000", partition: "aws" };

/** The instances that the spec selects; undefined when it has no `instances`. */
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
 * The user's tags of one entity: those of both entities, and its own, which win. Keys are compared as IAM compares those of a role, in any
 * case. Without tags that IAM would treat as the controller's own, because such a tag would overwrite the proof of ownership.
 */
function userTags(ofBoth: Tags, own: Tags): Tags {
  const ownKeys = new Set(Object.keys(own).map(nameKey));
  const shared = Object.entries(ofBoth).filter(([key]) => !ownKeys.has(nameKey(key)));
  const isAllowed = ([key]: readonly [string, string]): boolean => !nameKey(key).startsWith(TAG_PREFIX);
  return Object.fromEntries([...shared, ...Object.entries(own)].filter(isAllowed));
}
