import type { InstanceProfileStatus } from "../../api/instance-profile.ts";
import type { ClassAccount } from "../../api/instance-profile-class.ts";
import { parseInstanceProfileClass } from "../../api/parse-instance-profile-class.ts";
import { sessionNameOf } from "../../aws/assumed-role.ts";
import { type AwsConnection, connectAws } from "../../aws/aws-connection.ts";
import { type AwsRates, CallLimiter } from "../../aws/call/call-limiter.ts";
import { inParallel } from "../../engine/concurrency.ts";
import { ControllerError, messageOfError, TerminalError } from "../../errors.ts";
import { homeRegionOf } from "../../model/place.ts";
import { systemClock } from "../../runtime/clock.ts";
import type { WatchedObject } from "../../runtime/watch/list-watch.ts";
import { VERSION } from "../version.ts";

/** An account that objects live in: a connection that reads it, or why there is none. */
export type ReachedAccount = { readonly accountId: string } & (
  | { readonly aws: AwsConnection }
  | { readonly why: string }
);

/** How the accounts of a report are reached. */
export interface AccountSources {
  /** The connection with the credentials of the user. */
  readonly own: AwsConnection;
  readonly rates: AwsRates;
  /** Lists the InstanceProfileClasses, which name the roles of other accounts. */
  readonly readClasses: () => Promise<readonly WatchedObject[]>;
}

/** The accounts that the objects live in, as far as their statuses say. */
export function accountsOf(objects: readonly Readonly<Record<string, unknown>>[]): ReadonlySet<string> {
  return new Set(
    objects.flatMap(({ ["status"]: status }) => ((status ?? {}) as InstanceProfileStatus).accountId ?? []),
  );
}

/** Closes the connections, the user's own included. */
export function closeAll(own: AwsConnection, accounts: readonly ReachedAccount[]): void {
  for (const one of new Set([own, ...accounts.flatMap((account) => ("aws" in account ? [account.aws] : []))]))
    one.close();
}

/** A class's account, with the role that reads it. */
interface ClassRole extends ClassAccount {
  readonly roleArn: string;
  readonly className: string;
}

/**
 * Connects to the accounts: to that of the user's credentials with these, and to each other one with the role of a class, as the controller does.
 * The connections refuse writes. Classes are read only if there is another account.
 *
 * Errors: those of GetCallerIdentity for the user's credentials.
 */
export async function reachAccounts(
  accountIds: ReadonlySet<string>,
  { own, rates, readClasses }: AccountSources,
  signal: AbortSignal,
): Promise<readonly ReachedAccount[]> {
  const ownId = await own.accountIdentity.accountId(signal);
  const others = [...accountIds].filter((id) => id !== ownId).sort();
  const roles = others.length === 0 ? [] : await rolesOf(readClasses, signal);
  const reached = await inParallel(others, (id) => throughClasses(id, roles, { own, rates }, signal));
  return [{ accountId: ownId, aws: own }, ...reached];
}

async function rolesOf(
  readClasses: AccountSources["readClasses"],
  signal: AbortSignal,
): Promise<readonly ClassRole[] | string> {
  try {
    return (await readClasses()).flatMap(roleIn);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ControllerError)) throw error;
    return `the classes, which name the role of the account, were not read: ${messageOfError(error)}`;
  }
}

/** A class that the controller could not parse either has no account. */
function roleIn(raw: WatchedObject): readonly ClassRole[] {
  try {
    const { metadata, spec } = parseInstanceProfileClass(raw);
    const { roleArn } = spec.account;
    return roleArn === undefined ? [] : [{ ...spec.account, roleArn, className: metadata.name }];
  } catch (error) {
    if (error instanceof ControllerError) return [];
    throw error;
  }
}

/** Through the first class whose role can be assumed; else, why that of the first class cannot. */
async function throughClasses(
  accountId: string,
  roles: readonly ClassRole[] | string,
  sources: Pick<AccountSources, "own" | "rates">,
  signal: AbortSignal,
): Promise<ReachedAccount> {
  if (typeof roles === "string") return { accountId, why: roles };
  let failed: ReachedAccount | undefined;
  for (const role of roles.filter(({ id }) => id === accountId)) {
    const reached = await throughClass(role, sources, signal);
    if ("aws" in reached) return reached;
    failed ??= reached;
  }
  return failed ?? { accountId, why: "no class has a role of that account" };
}

async function throughClass(
  role: ClassRole,
  { own, rates }: Pick<AccountSources, "own" | "rates">,
  signal: AbortSignal,
): Promise<ReachedAccount> {
  const { id: accountId } = role;
  const aws = connectThrough(role, own, rates);
  try {
    const actual = await aws.accountIdentity.accountId(signal);
    if (actual === accountId) return { accountId, aws };
    throw new TerminalError(`role ${role.roleArn} of class ${role.className} is of account ${actual}`, {
      reason: "AccountMismatch",
    });
  } catch (error) {
    aws.close();
    signal.throwIfAborted();
    if (!(error instanceof ControllerError)) throw error;
    return { accountId, why: messageOfError(error) };
  }
}

function connectThrough(
  { roleArn, externalId, partition, className }: ClassRole,
  own: AwsConnection,
  rates: AwsRates,
): AwsConnection {
  const region = homeRegionOf(partition);
  return connectAws({
    clock: systemClock,
    version: VERSION,
    limiter: new CallLimiter(systemClock, rates),
    credentials: own.assume({
      roleArn,
      sessionName: sessionNameOf(className),
      ...(externalId !== undefined && { externalId }),
    }),
    ...(region !== undefined && { region }),
    assertMayWrite() {
      throw new Error("report sends no write to AWS");
    },
  });
}
