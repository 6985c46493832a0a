import { nameKey } from "../../model/naming.ts";
import type { ObservedRole } from "../../model/observed-state.ts";
import type {
  AccountReader,
  ListedInstanceProfile,
  ListedRole,
  ReportedPolicy,
  ReportedRole,
  ReportPage,
} from "../ports.ts";

/** The roles and instance profiles that a snapshot keeps; names as returned by {@link nameKey}. */
export interface WantedNames {
  readonly roles: Pick<ReadonlySet<string>, "has" | "size">;
  readonly instanceProfiles: Pick<ReadonlySet<string>, "has">;
  /** True to read the customer managed policies of the account with the roles. Default: false. */
  readonly hasPolicies?: boolean;
  /** Selects more roles, which the snapshot keeps without their policies. */
  readonly selects?: ((role: SelectedRole) => boolean) | undefined;
}

/** A role with the fields that identify it and its owner. */
export type SelectedRole = Pick<ObservedRole, "roleName" | "roleId" | "arn" | "tags">;

/** Every role and instance profile of the account: for commands that read it once. */
export const ALL_NAMES: WantedNames = {
  roles: { has: () => true, size: Number.POSITIVE_INFINITY },
  instanceProfiles: { has: () => true },
};

/** The names of all roles and instance profiles of an account, owned or not, by {@link nameKey}. */
export interface ListedNames {
  readonly roles: ReadonlySet<string>;
  readonly instanceProfiles: ReadonlySet<string>;
  /** Monotonic ms before the first list request. */
  readonly listedAtMs: number;
}

/**
 * Some roles and profiles of an account, by name key. An entry that is missing did not exist, or was created during the
 * read.
 */
export interface AccountSnapshot {
  readonly roles: ReadonlyMap<string, ObservedRole>;
  /** Without tags: no list contains them. */
  readonly instanceProfiles: ReadonlyMap<string, ListedInstanceProfile>;
  /** Every customer managed policy of the account, by ARN; undefined when they were not read. Without tags: no list contains them. */
  readonly policies?: ReadonlyMap<string, ReportedPolicy>;
  /** By role: the names of all instance profiles that hold it, owned or not. */
  readonly holders: ReadonlyMap<string, readonly string[]>;
  /** Monotonic ms before the first role with its policies was read: nothing in `roles` is older. */
  readonly takenAtMs: number;
  readonly names: ListedNames;
  /** The roles that `selects` selected, unordered. */
  readonly selected: readonly SelectedRole[];
}

/**
 * Reads a whole account and keeps the wanted part: one request for each page of roles (twice) and of profiles. If no
 * role is wanted or selected, their policies are not read.
 *
 * Errors: those of the reader. A snapshot is complete or an error.
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
  const isReported = wanted.roles.size > 0 || wanted.selects !== undefined;
  const reported = isReported ? await reportOn(listed, wanted, reader, signal) : NOTHING_REPORTED;
  const names = { roles: roleNames, instanceProfiles: instanceProfileNames, listedAtMs };
  return { ...reported, ...profiles, takenAtMs, names };
}

const NOTHING_REPORTED: Pick<AccountSnapshot, "roles" | "selected"> = { roles: new Map(), selected: [] };

async function reportOn(
  listed: ReadonlyMap<string, ListedRole>,
  { selects, hasPolicies = false }: WantedNames,
  reader: AccountReader,
  signal: AbortSignal,
): Promise<Pick<AccountSnapshot, "roles" | "selected" | "policies">> {
  const roles = new Map<string, ObservedRole>();
  const policies = new Map<string, ReportedPolicy>();
  const selected: SelectedRole[] = [];
  const keep = (role: ReportedRole): void => {
    const { roleName, roleId, arn, tags } = role;
    const other = listed.get(nameKey(roleName));
    if (other !== undefined) roles.set(nameKey(roleName), { ...other, ...role });
    if (selects?.(role) === true) selected.push({ roleName, roleId, arn, tags });
  };
  for await (const page of hasPolicies ? reader.reportRolesAndPolicies(signal) : rolesAlone(reader, signal)) {
    for (const policy of page.policies) policies.set(policy.arn, policy);
    for (const role of page.roles) keep(role);
  }
  return { roles, selected, ...(hasPolicies && { policies }) };
}

async function* rolesAlone(reader: AccountReader, signal: AbortSignal): AsyncGenerator<ReportPage, void> {
  for await (const roles of reader.reportRoles(signal)) yield { roles, policies: [] };
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
