import type { AwsConnection } from "../aws/aws-connection.ts";
import { type AccountSnapshot, takeSnapshot, type WantedNames } from "../engine/observe/account-snapshot.ts";
import { dispositionOf } from "../errors.ts";
import { systemClock } from "../runtime/clock.ts";

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
