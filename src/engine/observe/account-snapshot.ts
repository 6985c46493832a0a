import { nameKey } from "../../model/naming.ts";
import type { ObservedRole } from "../../model/observed-state.ts";
import type { AccountReader, ListedInstanceProfile, ListedRole } from "../ports.ts";

/** Names as {@link nameKey} writes them. */
export interface WantedNames {
  readonly roles: Pick<ReadonlySet<string>, "has" | "size">;
  readonly instanceProfiles: Pick<ReadonlySet<string>, "has">;
  /** Selects further roles, which are kept without their policies. */
  readonly selects?: ((role: SelectedRole) => boolean) | undefined;
}

/** A role with what tells whose it is. */
export type SelectedRole = Pick<ObservedRole, "roleName" | "roleId" | "arn" | "tags">;

/** Whatever is there: for who looks once, and at all of it. */
export const ALL_NAMES: WantedNames = {
  roles: { has: () => true, size: Number.POSITIVE_INFINITY },
  instanceProfiles: { has: () => true },
};

/** Every role and instance profile of an account when it was listed, by {@link nameKey}, whoever they belong to. */
export interface ListedNames {
  readonly roles: ReadonlySet<string>;
  readonly instanceProfiles: ReadonlySet<string>;
  /** Before the first list began, monotonic ms. */
  readonly listedAtMs: number;
}

/**
 * What an account showed of some roles and profiles, by name key. What is not in it was not there, or came while it was read.
 */
export interface AccountSnapshot {
  readonly roles: ReadonlyMap<string, ObservedRole>;
  /** Without tags: no list tells them. */
  readonly instanceProfiles: ReadonlyMap<string, ListedInstanceProfile>;
  /** By role: the names of all instance profiles that hold it, whoever they belong to. */
  readonly holders: ReadonlyMap<string, readonly string[]>;
  /** Before the first role with its policies was read: nothing in `roles` is older. */
  readonly takenAtMs: number;
  readonly names: ListedNames;
  /** What `selects` selected, in no order. */
  readonly selected: readonly SelectedRole[];
}

/**
 * Reads a whole account, and keeps what is wanted of it: as many calls as there are pages of its roles (twice) and of
 * its profiles. Where no role is wanted or selected, their policies are not read.
 *
 * Errors: those of the reader. There is no half of a snapshot.
 */
export async function takeSnapshot(
  wanted: WantedNames,
  reader: AccountReader,
  monotonicMs: () => number,
  signal: AbortSignal,
): Promise<AccountSnapshot> {
  const listedAtMs = monotonicMs();
  const { instanceProfileNames, ...profiles } = await profilesIn(wanted, reader, signal);
  const roleNames = new Set<string>();
  const listed = new Map<string, ListedRole>();
  for await (const page of reader.listRoles(signal)) {
    for (const role of page) {
      const name = nameKey(role.roleName);
      roleNames.add(name);
      if (wanted.roles.has(name)) listed.set(name, role);
    }
  }
  const takenAtMs = monotonicMs();
  const { selects } = wanted;
  const isReported = wanted.roles.size > 0 || selects !== undefined;
  const reported = isReported ? await reportOn(listed, selects, reader, signal) : NOTHING_REPORTED;
  const names = { roles: roleNames, instanceProfiles: instanceProfileNames, listedAtMs };
  return { ...reported, ...profiles, takenAtMs, names };
}

const NOTHING_REPORTED: Pick<AccountSnapshot, "roles" | "selected"> = { roles: new Map(), selected: [] };

async function reportOn(
  listed: ReadonlyMap<string, ListedRole>,
  selects: WantedNames["selects"],
  reader: AccountReader,
  signal: AbortSignal,
): Promise<Pick<AccountSnapshot, "roles" | "selected">> {
  const roles = new Map<string, ObservedRole>();
  const selected: SelectedRole[] = [];
  for await (const page of reader.reportRoles(signal)) {
    for (const role of page) {
      const other = listed.get(nameKey(role.roleName));
      if (other !== undefined) roles.set(nameKey(role.roleName), { ...other, ...role });
      const { roleName, roleId, arn, tags } = role;
      if (selects?.(role) === true) selected.push({ roleName, roleId, arn, tags });
    }
  }
  return { roles, selected };
}

async function profilesIn(
  wanted: WantedNames,
  reader: AccountReader,
  signal: AbortSignal,
): Promise<
  Pick<AccountSnapshot, "instanceProfiles" | "holders"> & { readonly instanceProfileNames: ReadonlySet<string> }
> {
  const instanceProfiles = new Map<string, ListedInstanceProfile>();
  const holders = new Map<string, readonly string[]>();
  const instanceProfileNames = new Set<string>();
  for await (const page of reader.listInstanceProfiles(signal)) {
    for (const profile of page) {
      const { instanceProfileName, roleName = "" } = profile;
      const [name, role] = [nameKey(instanceProfileName), nameKey(roleName)];
      instanceProfileNames.add(name);
      if (wanted.instanceProfiles.has(name)) instanceProfiles.set(name, profile);
      if (wanted.roles.has(role)) holders.set(role, [...(holders.get(role) ?? []), instanceProfileName].sort());
    }
  }
  return { instanceProfiles, holders, instanceProfileNames };
}
