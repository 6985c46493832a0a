import { type AwsConnection, connectAws } from "../aws/aws-connection.ts";
import { type AwsRates, CallLimiter, DEFAULT_AWS_RATES } from "../aws/call/call-limiter.ts";
import { inParallel } from "../engine/concurrency.ts";
import { type AccountSnapshot, takeSnapshot, type WantedNames } from "../engine/observe/account-snapshot.ts";
import { BlockedError, dispositionOf } from "../errors.ts";
import { policyJson, readPolicy } from "../model/policy/policy-document.ts";
import type { JsonValue } from "../model/policy/policy-json.ts";
import { systemClock } from "../runtime/clock.ts";
import type { CommandIo } from "./io.ts";
import { VERSION } from "./version.ts";

/** A plan is short and a user waits for it: it may use a higher rate than the long-running controller. */
export const PLAN_RATES: AwsRates = { ...DEFAULT_AWS_RATES, readsPerSecond: 20 };

/** Connects a command that a user runs with their own credentials. */
export function connectAsUser(rates: AwsRates, { AWS_PROFILE: profile }: CommandIo["env"]): AwsConnection {
  const named = profile === undefined ? "" : ` --profile ${profile}`;
  const other = profile === undefined ? "set AWS_PROFILE, or" : "name another profile in AWS_PROFILE, or";
  const credentialsAdvice = `Sign in with aws sso login${named}, ${other} set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.`;
  const limiter = new CallLimiter(systemClock, rates);
  return connectAws({ clock: systemClock, version: VERSION, limiter, credentialsAdvice });
}

/**
 * From this number of objects, a command scans the account: three requests for some hundreds of roles instead of five for each
 * object.
 */
export const WHOLE_ACCOUNT_FROM = 10;

/**
 * Scans the account for a command. Returns undefined without the permission to scan: the roles may still be readable one by one.
 *
 * Errors: those of the reads, but for a missing permission.
 */
export async function scanIfPermitted(
  wanted: WantedNames,
  { accountReader }: AwsConnection,
  signal: AbortSignal,
): Promise<AccountSnapshot | undefined> {
  try {
    return await takeSnapshot(wanted, accountReader, () => systemClock.monotonicMs(), signal);
  } catch (error) {
    if (dispositionOf(error) !== "blocked") throw error;
    return undefined;
  }
}

/** Reports a managed policy that was not read, and why. */
export type OnUnread = (policyArn: string, reason: string) => void;

/** Says on standard error which managed policies were not read. */
export function reportUnread({ err }: Pick<CommandIo, "err">): OnUnread {
  return (arn, reason) => err(`${arn} was not read: ${reason}`);
}

/**
 * Reads the documents of managed policies, each once, by ARN. Those that cannot be read are missing: without credentials or permission,
 * or because the policy does not exist.
 *
 * Errors: those of reading that pass by themselves, such as throttling.
 *
 * @param onUnread gets the reason for each policy that is missing
 */
export async function readManagedPolicies(
  policyArns: readonly string[],
  { managedPolicies }: Pick<AwsConnection, "managedPolicies">,
  signal: AbortSignal,
  onUnread: OnUnread = () => {},
): Promise<ReadonlyMap<string, JsonValue>> {
  const documents = new Map<string, JsonValue>();
  await inParallel([...new Set(policyArns)], async (arn) => {
    const found = await read(arn, managedPolicies, signal);
    if ("reason" in found) onUnread(arn, found.reason);
    else documents.set(arn, found.document);
  });
  return documents;
}

async function read(
  arn: string,
  managedPolicies: AwsConnection["managedPolicies"],
  signal: AbortSignal,
): Promise<{ readonly document: JsonValue } | { readonly reason: string }> {
  try {
    const text = await managedPolicies.document(arn, signal);
    if (text === undefined) return { reason: `managed policy ${arn} does not exist` };
    const document = policyJson(readPolicy(text, "permissions"));
    return document === undefined ? { reason: `the document of managed policy ${arn} is not valid` } : { document };
  } catch (error) {
    if (!(error instanceof BlockedError)) throw error;
    return { reason: error.message };
  }
}
