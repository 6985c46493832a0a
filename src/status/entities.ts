import type { AwsObjectReference, InstanceProfileStatus } from "../api/instance-profile.ts";
import { accountInArn, nameInArn } from "../model/naming.ts";
import type { ObservedState } from "../model/observed-state.ts";
import { TAG_KEYS, type Tags } from "../model/ownership.ts";
import type { EventDraft, ReportedObject } from "./outcome.ts";
import { blockedStateIn, observationIn, ownStateIn, type Result } from "./result.ts";

/** The fields of a status that are computed at once; an undefined one removes what status has. */
export type Writable<T> = { -readonly [K in keyof T]: T[K] | undefined };

/** The fields that have a value. */
export function compact<T extends object>(fields: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

/** The names that the object uses, with the ARNs and ids of owned entities only, not of those that block the object or are not adopted yet. */
export function namesOf(object: ReportedObject, result: Result): Partial<Writable<InstanceProfileStatus>> {
  const { status, spec } = object;
  const { accountId, ...found } = entitiesOf(object, result);
  const named = (known: Identity | undefined, given: string | undefined): AwsObjectReference | undefined => {
    const name = given ?? (known && nameInArn(known.arn));
    return name === undefined ? undefined : { name, ...known };
  };
  return {
    role: named("role" in found ? found.role : identityIn(status?.role), spec?.roleName ?? status?.role?.name),
    instanceProfile: named(
      "instanceProfile" in found ? found.instanceProfile : identityIn(status?.instanceProfile),
      spec?.instanceProfileName ?? status?.instanceProfile?.name,
    ),
    ...("managedPolicies" in found && { managedPolicies: found.managedPolicies }),
    ...(accountId && { accountId }),
  };
}

/** ARN and unique id of an entity. */
type Identity = Required<Pick<AwsObjectReference, "arn" | "id">>;

function identityIn({ arn, id }: Partial<AwsObjectReference> = {}): Identity | undefined {
  return arn === undefined || id === undefined ? undefined : { arn, id };
}

/** The entities of the object. Those that it lacks stay as status has them. */
interface Entities {
  readonly role?: Identity | undefined;
  readonly instanceProfile?: Identity | undefined;
  readonly managedPolicies?: InstanceProfileStatus["managedPolicies"];
  readonly accountId?: string | undefined;
}

function entitiesOf(object: ReportedObject, result: Result): Entities {
  const state = ownStateIn(result);
  if (state === undefined) return entitiesOfOwned(object, blockedStateIn(result));
  if (observationIn(result)?.mayWrite === false) return { ...absentIn(state), ...entitiesOfOwned(object, state) };
  const role = referenceOf(state.role, (it) => it.roleId);
  return {
    role,
    instanceProfile: referenceOf(state.instanceProfile, (it) => it.id),
    managedPolicies: state.managedPolicies?.map(({ arn }) => ({ name: nameInArn(arn), arn })),
    accountId: role && accountInArn(role.arn),
  };
}

/** The names of what this object has created although it is blocked now, so that its deletion is not taken for that of an object with nothing in AWS. */
function entitiesOfOwned({ metadata }: ReportedObject, state?: ObservedState): Entities {
  const isOwned = ({ tags }: { readonly tags: Tags }): boolean =>
    tags[TAG_KEYS.uid] === metadata.uid &&
    tags[TAG_KEYS.namespace] === metadata.namespace &&
    tags[TAG_KEYS.name] === metadata.name;
  const role =
    state?.role.presence === "present" && isOwned(state.role) ? referenceOf(state.role, (it) => it.roleId) : undefined;
  const instanceProfile =
    state?.instanceProfile.presence === "present" && isOwned(state.instanceProfile)
      ? referenceOf(state.instanceProfile, (it) => it.id)
      : undefined;
  return compact<Entities>({ role, instanceProfile, accountId: role && accountInArn(role.arn) });
}

/** A dry run has not adopted what it found, so it records only what the object owns already, and what no longer exists. */
function absentIn({ role, instanceProfile }: ObservedState): Entities {
  return {
    ...(role.presence === "absent" && { role: undefined }),
    ...(instanceProfile.presence === "absent" && { instanceProfile: undefined }),
  };
}

function referenceOf<T extends { readonly presence: "present"; readonly arn: string }>(
  entity: T | { readonly presence: "absent" },
  id: (entity: T) => string,
): Identity | undefined {
  if (entity.presence === "absent" || !entity.arn.startsWith("arn:")) return undefined;
  return { arn: entity.arn, id: id(entity) };
}

/**
 * Emits an Event for each entity whose unique id differs from the one in status. A role or instance profile that was deleted and created
 * again has the same name and ARN, but what refers to the deleted one by id does not apply to it (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids).
 */
export function aboutIdentity({ metadata, status }: ReportedObject, result: Result): readonly EventDraft[] {
  if (metadata.deletionTimestamp !== undefined) return [];
  const observed = observedIn(result);
  if (observed === undefined) return [];
  const { role, instanceProfile } = observed.state;
  const isNew = isCreatedAfter(status?.lastVerifiedTime);
  const isNewRole = role.presence === "present" && isAnother(status?.role?.id, role.roleId) && isNew(role);
  const isNewProfile =
    instanceProfile.presence === "present" &&
    isAnother(status?.instanceProfile?.id, instanceProfile.id) &&
    isNew(instanceProfile);
  return [
    ...(isNewRole
      ? [
          recreated(
            "RoleRecreated",
            `role ${role.roleName} was deleted and created again by ${observed.creator("CreateRole")}, ` +
              `and its unique id is ${role.roleId} in place of ${status?.role?.id}. Policies elsewhere that name it as a ` +
              "principal still refer to the deleted role until they are written again.",
          ),
        ]
      : []),
    ...(isNewProfile
      ? [
          recreated(
            "InstanceProfileRecreated",
            `instance profile ${instanceProfile.instanceProfileName} was deleted and created again ` +
              `by ${observed.creator("CreateInstanceProfile")}, and its unique id is ${instanceProfile.id} in place of ` +
              `${status?.instanceProfile?.id}. Associate it again with the instances that were started with the deleted one.`,
          ),
        ]
      : []),
  ];
}

interface ObservedEntities {
  readonly state: ObservedState;
  readonly creator: (kind: "CreateRole" | "CreateInstanceProfile") => string;
}

function observedIn(result: Result): ObservedEntities | undefined {
  const observation = observationIn(result);
  if (observation === undefined) return undefined;
  const { state, applied } = observation;
  const kinds = applied.map(({ kind }) => kind);
  return { state, creator: (kind) => (kinds.includes(kind) ? "this controller" : "another client") };
}

/** Compares ids; an id that is not known yet proves nothing. */
function isAnother(before: string | undefined, now: string): boolean {
  return before !== undefined && before !== "" && now !== "" && before !== now;
}

/** An entity that is older than the last verification has not been recreated since: another client wrote the id in status. */
function isCreatedAfter(verified: string | undefined): (entity: { readonly createdTime?: string }) => boolean {
  return ({ createdTime }) => {
    if (verified === undefined || createdTime === undefined) return true;
    return Date.parse(createdTime) > Date.parse(verified);
  };
}

function recreated(reason: string, note: string): EventDraft {
  return { type: "Warning", reason, action: "Observe", note };
}
