import type { InstanceProfileSpec, InstanceProfileStatus, ObjectMeta } from "../../api/instance-profile.ts";
import type { AwsConnection } from "../../aws/aws-connection.ts";
import { type AccountSnapshot, takeSnapshot } from "../../engine/observe/account-snapshot.ts";
import { type ProfileUses, readProfileUses } from "../../engine/offline/profile-uses.ts";
import { ControllerError, dispositionOf, messageOfError } from "../../errors.ts";
import { nameKey } from "../../model/naming.ts";
import { useByStatus, useOfRole } from "../../plan/usage/role-use.ts";
import { type ObjectUse, unsearchedLines } from "../../plan/usage/usage-report.ts";
import { systemClock } from "../../runtime/clock.ts";
import type { WatchedObject } from "../../runtime/watch/list-watch.ts";

/** The period without a use that makes a role unused. */
export interface Period {
  readonly nowMs: number;
  readonly unusedForMs: number;
}

/** What AWS says of the objects of one account. */
interface AccountUse {
  readonly accountId: string;
  /** Undefined: the credentials may not read the account. */
  readonly snapshot: AccountSnapshot | undefined;
  readonly uses: ProfileUses;
}

/** The use of objects, and what was not read. */
export interface UsageRead {
  readonly objects: readonly ObjectUse[];
  readonly notRead: readonly string[];
}

/**
 * Reads the use of what the objects have in the account of the credentials, by one scan of it. What objects have in other accounts is
 * taken from their status.
 *
 * Errors: those of reading AWS, but for a missing permission.
 */
export async function readUsage(
  objects: readonly WatchedObject[],
  aws: AwsConnection,
  options: Period & { readonly regions: readonly string[] | undefined },
  signal: AbortSignal,
): Promise<UsageRead> {
  const accountId = await aws.accountIdentity.accountId(signal);
  const own = objects.filter((object) => statusOf(object).accountId === accountId);
  const { snapshot, why } = await readAccount(own, aws, signal);
  const home = await aws.region();
  const uses = await readProfileUses(aws.instanceReader, { regions: options.regions, home }, signal);
  const account: AccountUse = { accountId, snapshot, uses };
  return {
    objects: objects.map((object) => useOf(object, account, options)),
    notRead: [
      ...(why === undefined ? [] : [why]),
      ...unsearchedLines(uses.unsearched),
      ...otherAccounts(objects, accountId),
    ],
  };
}

async function readAccount(
  objects: readonly WatchedObject[],
  { accountReader }: AwsConnection,
  signal: AbortSignal,
): Promise<{ readonly snapshot: AccountSnapshot | undefined; readonly why?: string }> {
  const names = (entity: "role" | "instanceProfile") =>
    new Set(objects.flatMap((object) => nameKey(statusOf(object)[entity]?.name ?? "") || []));
  const wanted = { roles: names("role"), instanceProfiles: names("instanceProfile") };
  try {
    return { snapshot: await takeSnapshot(wanted, accountReader, () => systemClock.monotonicMs(), signal) };
  } catch (error) {
    if (!(error instanceof ControllerError) || dispositionOf(error) !== "blocked") throw error;
    return {
      snapshot: undefined,
      why: `the roles of the account, so that last uses are those of status: ${messageOfError(error)}`,
    };
  }
}

function useOf(object: WatchedObject, account: AccountUse, period: Period): ObjectUse {
  const { namespace, name } = object.metadata as ObjectMeta;
  const status = statusOf(object);
  /** What another cluster has adopted is that cluster's to report. */
  const own = status.handedOverTo === undefined ? status : {};
  const className = status.class?.name ?? (object["spec"] as Partial<InstanceProfileSpec> | undefined)?.className;
  return {
    namespace,
    name,
    ...(className !== undefined && { className }),
    ...(status.accountId !== undefined && { accountId: status.accountId }),
    role: { ...roleUse(own, account, period), ...nameIn(own.role) },
    instanceProfile: { ...profileUse(own, account), ...nameIn(own.instanceProfile) },
    unmanagedPolicies: own.unmanagedPolicies ?? [],
  };
}

function roleUse(
  { role, accountId, lastUsed }: InstanceProfileStatus,
  account: AccountUse,
  period: Period,
): ObjectUse["role"] {
  if (role?.arn === undefined) return { state: "absent" };
  if (accountId !== account.accountId || account.snapshot === undefined) return useByStatus(lastUsed, period);
  const found = account.snapshot.roles.get(nameKey(role.name ?? ""));
  if (found === undefined) return { state: "absent" };
  const { at, region } = found.lastUsed ?? {};
  const known = at === undefined ? undefined : { time: at, ...(region !== undefined && { region }) };
  return useOfRole({ lastUsed: known, createdTime: found.createdTime }, period);
}

function profileUse(
  { instanceProfile, accountId }: InstanceProfileStatus,
  { uses, ...account }: AccountUse,
): ObjectUse["instanceProfile"] {
  const { arn, name } = instanceProfile ?? {};
  if (arn === undefined || name === undefined) return { state: "absent" };
  if (accountId !== account.accountId)
    return { state: "unknown", why: `account ${accountId ?? "of the object"} was not read` };
  const profile = { arn, instanceProfileName: name };
  const [instances, launchTemplates] = [uses.instancesOf(profile).length, uses.templatesOf(profile).length];
  if (instances + launchTemplates > 0) return { state: "used", instances, launchTemplates };
  return uses.unsearched.length === 0
    ? { state: "unused" }
    : { state: "unknown", why: "nothing that uses it was found, but not every region was searched" };
}

function otherAccounts(objects: readonly WatchedObject[], ownId: string): readonly string[] {
  const ids = objects.flatMap((object) => statusOf(object).accountId ?? []).filter((id) => id !== ownId);
  return [...Map.groupBy(ids, (id) => id)].map(
    ([id, same]) =>
      `account ${id}, so that the last uses of ${same.length} objects are those of status, and the uses of their instance ` +
      `profiles are not known. Run the command with credentials of that account.`,
  );
}

function nameIn(entity: { readonly name?: string } | undefined): { readonly name?: string } {
  return entity?.name === undefined ? {} : { name: entity.name };
}

function statusOf(object: WatchedObject): InstanceProfileStatus {
  return (object["status"] ?? {}) as InstanceProfileStatus;
}
