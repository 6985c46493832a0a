import type { DesiredAbsent } from "../../model/desired-state.ts";
import { sameName } from "../../model/naming.ts";
import { isRetained, type Owner, ownershipOf, TAG_KEYS } from "../../model/ownership.ts";
import type { DefaultDeletionPolicy } from "../../plan/class/class-deletion.ts";
import { diff } from "../../plan/diff.ts";
import type { Plan } from "../../plan/plan.ts";
import { observe } from "../observe/observe-iam.ts";
import { type InstanceObservation, observeInstances } from "../observe/observe-instances.ts";
import type { IamReader, ObjectKey, TaggedRole } from "../ports.ts";

/** Where to search for roles whose manifest was removed. */
export interface RemovedScope {
  readonly clusterId: string;
  /** Empty: every namespace of the cluster. */
  readonly namespaces: readonly string[];
  /** The objects that have a manifest. */
  readonly kept: readonly ObjectKey[];
}

/** How to plan deletions. */
export interface RemovalSources {
  readonly iam: IamReader;
  readonly instances: InstanceObservation;
  /** The operator's `--default-deletion-policy`; unset: Delete. */
  readonly defaultDeletionPolicy?: DefaultDeletionPolicy;
  /** The policy of the object, where the cluster still has it. */
  readonly deletionPolicy?: DefaultDeletionPolicy | undefined;
}

/** A role whose object no longer has a manifest. */
export interface RemovedObject {
  readonly owner: Owner;
  readonly role: TaggedRole;
}

/**
 * The roles that a cluster owns and no manifest declares, except retained ones; sorted by the names of their objects.
 */
export function removedObjects(roles: readonly TaggedRole[], scope: RemovedScope): readonly RemovedObject[] {
  const kept = new Set(scope.kept.map(({ namespace, name }) => `${namespace}/${name}`));
  return roles
    .flatMap((role) => {
      const { [TAG_KEYS.namespace]: namespace, [TAG_KEYS.name]: name, [TAG_KEYS.clusterId]: clusterId } = role.tags;
      if (clusterId !== scope.clusterId || namespace === undefined || name === undefined) return [];
      if (isRetained(role.tags)) return [];
      const isInScope = scope.namespaces.length === 0 || scope.namespaces.includes(namespace);
      return !isInScope || kept.has(`${namespace}/${name}`)
        ? []
        : [{ owner: { clusterId, namespace, name, uid: "" }, role }];
    })
    .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

/**
 * Plans the deletion of the object from what AWS shows. Unless the cluster still has the object with its `deletionPolicy`, the default
 * applies, and adopted entities count as retained.
 *
 * Errors: those of the readers.
 */
export async function planRemoved(
  removed: RemovedObject,
  { iam, instances, defaultDeletionPolicy, deletionPolicy }: RemovalSources,
  signal: AbortSignal,
): Promise<Plan> {
  const { owner, role } = removed;
  const desired: DesiredAbsent = {
    presence: "absent",
    owner,
    roleName: role.roleName,
    isRoleExternal: false,
    instanceProfileName: await profileOf(removed, iam, signal),
    path: "/",
    instances: undefined,
    policyNames: [role.roleName],
    managedPolicyArns: [],
    ownPolicyArns: [],
    retention: deletionPolicy ?? (defaultDeletionPolicy === "Retain" ? "Retain" : "ByOrigin"),
    force: false,
  };
  const observed = await observe(desired, iam, signal);
  const { instanceProfile } = observed;
  const known: DesiredAbsent =
    instanceProfile.presence === "absent" ? desired : { ...desired, path: instanceProfile.path };
  return diff(known, await observeInstances(known, observed, instances, signal));
}

/**
 * The plan for a role whose object is not in the cluster either: a note for the user, because no merge deletes the
 * role.
 */
export function planOrphan({ owner, role: { roleName, instanceProfileNames } }: RemovedObject): Plan {
  const profiles = instanceProfileNames.map((name) => ` and instance profile ${name}`).join("");
  const message =
    `role ${roleName}${profiles}: the owner tags name InstanceProfile ${owner.namespace}/${owner.name}, which is not in the cluster. ` +
    "Create the object again to manage them, or delete them in IAM.";
  return { actions: [], blockers: [], unmanagedPolicies: [], notes: [{ reason: "OrphanedInAWS", message }] };
}

/** The instance profile of the object: the one with its owner tags, because other profiles may hold the role too. */
async function profileOf({ owner, role }: RemovedObject, reader: IamReader, signal: AbortSignal): Promise<string> {
  const { roleName, instanceProfileNames } = role;
  const candidates = instanceProfileNames.toSorted(
    (a, b) => Number(sameName(b, roleName)) - Number(sameName(a, roleName)),
  );
  if (candidates.length > 1) {
    for (const name of candidates) {
      const profile = await reader.getInstanceProfile(name, signal);
      if (profile.presence === "present" && ownershipOf(profile.tags, owner).kind === "owned") return name;
    }
  }
  return candidates[0] ?? roleName;
}

function keyOf({ owner }: RemovedObject): string {
  return `${owner.namespace}/${owner.name}`;
}
