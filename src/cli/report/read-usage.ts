import type { InstanceProfileSpec, InstanceProfileStatus, ObjectMeta } from "../../api/instance-profile.ts";
import type { AwsConnection } from "../../aws/aws-connection.ts";
import { inParallel } from "../../engine/concurrency.ts";
import { type AccountSnapshot, takeSnapshot } from "../../engine/observe/account-snapshot.ts";
import { type ProfileUses, readProfileUses } from "../../engine/offline/profile-uses.ts";
import { ControllerError, dispositionOf, messageOfError } from "../../errors.ts";
import { nameKey } from "../../model/naming.ts";
import { useByStatus, useOfRole } from "../../plan/usage/role-use.ts";
import { type ObjectUse, unsearchedLines } from "../../plan/usage/usage-report.ts";
import { systemClock } from "../../runtime/clock.ts";
import type { WatchedObject } from "../../runtime/watch/list-watch.ts";
import type { ReachedAccount } from "./accounts.ts";

/** The period without a use that makes a role unused. */
export interface Period {
  readonly nowMs: number;
  readonly unusedForMs: number;
}

/** What AWS says of the objects of one account. */
interface AccountUse {
  readonly accountId: string;
  /** Undefined: the credentials may not read the account. */
  readonly snapshot?: AccountSnapshot | undefined;
  /** Undefined: the account was not reached. */
  readonly uses?: ProfileUses | undefined;
  readonly notRead: readonly string[];
}

/** The use of objects, and what was not read. */
export interface UsageRead {
  readonly objects: readonly ObjectUse[];
  readonly notRead: readonly string[];
}

interface UsageOptions extends Period {
  readonly regions: readonly string[] | undefined;
}

/**
 * Reads the use of what the objects have in AWS, by one scan of each account that they live in. What is in an account that was not reached is
 * taken from status.
 *
 * Errors: those of reading the first account, but for a missing permission.
 */
export async function readUsage(
  objects: readonly WatchedObject[],
  accounts: readonly ReachedAccount[],
  options: UsageOptions,
  signal: AbortSignal,
): Promise<UsageRead> {
  const byAccount = Map.groupBy(objects, (object) => statusOf(object).accountId ?? "");
  const isOnly = accounts.length === 1;
  const [first] = accounts;
  const read = await inParallel(accounts, (account) => {
    const how = { ...options, mayFail: account !== first, isOnly };
    return readAccount(account, byAccount.get(account.accountId) ?? [], how, signal);
  });
  const uses = new Map(read.map((account) => [account.accountId, account]));
  return {
    objects: objects.map((object) => useOf(object, uses.get(statusOf(object).accountId ?? ""), options)),
    notRead: read.flatMap(({ notRead }) => notRead),
  };
}

async function readAccount(
  account: ReachedAccount,
  objects: readonly WatchedObject[],
  { regions, mayFail, isOnly }: UsageOptions & { readonly mayFail: boolean; readonly isOnly: boolean },
  signal: AbortSignal,
): Promise<AccountUse> {
  const { accountId } = account;
  if (objects.length === 0) return { accountId, notRead: [] };
  if ("why" in account) return { accountId, notRead: [unreached(accountId, objects.length, account.why)] };
  const { aws } = account;
  try {
    const { snapshot, why } = await readRoles(objects, aws, signal);
    const uses = await readProfileUses(aws.instanceReader, { regions, home: await aws.region() }, signal);
    const lines = [...(why === undefined ? [] : [why]), ...unsearchedLines(uses.unsearched)];
    return {
      accountId,
      snapshot,
      uses,
      notRead: isOnly ? lines : lines.map((line) => `account ${accountId}: ${line}`),
    };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ControllerError) || !mayFail) throw error;
    return { accountId, notRead: [unreached(accountId, objects.length, messageOfError(error))] };
  }
}

function unreached(accountId: string, objects: number, why: string): string {
  return (
    `account ${accountId}, so that the last uses of ${objects} ${objects === 1 ? "object" : "objects"} are those of status, and the uses of their ` +
    `instance profiles are not known: ${why.replace(/\.$/, "")}. Run the command with credentials of that account.`
  );
}

async function readRoles(
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

function useOf(object: WatchedObject, account: AccountUse | undefined, period: Period): ObjectUse {
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
  { role, lastUsed }: InstanceProfileStatus,
  account: AccountUse | undefined,
  period: Period,
): ObjectUse["role"] {
  if (role?.arn === undefined) return { state: "absent" };
  if (account?.snapshot === undefined) return useByStatus(lastUsed, period);
  const found = account.snapshot.roles.get(nameKey(role.name ?? ""));
  if (found === undefined) return { state: "absent" };
  const { at, region } = found.lastUsed ?? {};
  const known = at === undefined ? undefined : { time: at, ...(region !== undefined && { region }) };
  return useOfRole({ lastUsed: known, createdTime: found.createdTime }, period);
}

function profileUse(
  { instanceProfile, accountId }: InstanceProfileStatus,
  account: AccountUse | undefined,
): ObjectUse["instanceProfile"] {
  const { arn, name } = instanceProfile ?? {};
  if (arn === undefined || name === undefined) return { state: "absent" };
  const uses = account?.uses;
  if (uses === undefined) return { state: "unknown", why: `account ${accountId ?? "of the object"} was not read` };
  const profile = { arn, instanceProfileName: name };
  const [instances, launchTemplates] = [uses.instancesOf(profile).length, uses.templatesOf(profile).length];
  if (instances + launchTemplates > 0) return { state: "used", instances, launchTemplates };
  return uses.unsearched.length === 0
    ? { state: "unused" }
    : { state: "unknown", why: "nothing that uses it was found, but not every region was searched" };
}

function nameIn(entity: { readonly name?: string } | undefined): { readonly name?: string } {
  return entity?.name === undefined ? {} : { name: entity.name };
}

function statusOf(object: WatchedObject): InstanceProfileStatus {
  return (object["status"] ?? {}) as InstanceProfileStatus;
}
