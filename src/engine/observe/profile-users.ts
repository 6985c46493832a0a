import { ConflictError, dispositionOf, messageOfError } from "../../errors.ts";
import type { InstanceFacts, ProfileUsers } from "../../model/instances/instance.ts";
import type { ObservedInstanceProfile } from "../../model/observed-state.ts";
import type { AccountInstances } from "../accounts/aws-account.ts";
import type { InstanceReader } from "../instance-ports.ts";

/** The instances that use a profile, as EC2 returned them. */
interface FoundUsers extends ProfileUsers {
  readonly users: readonly InstanceFacts[];
}

/** A search for the users of a profile. */
interface Search {
  readonly arn: string;
  readonly reader: InstanceReader;
  /** Ignore what cannot be read. */
  readonly force: boolean;
}

/** A missing permission is reported and blocks nothing: permissions for EC2 are optional. */
async function searchIn(region: string, { arn, reader, force }: Search, signal: AbortSignal): Promise<FoundUsers> {
  try {
    return { users: await reader.findUsers(arn, region, signal), unsearched: [] };
  } catch (error) {
    signal.throwIfAborted();
    if (dispositionOf(error) !== "blocked" && !force) throw error;
    return { users: [], unsearched: [{ region, why: messageOfError(error) }] };
  }
}

/**
 * The instances that use the profile, in these regions and in the guarded regions that the operator configured.
 *
 * Errors: those of the reads, but for a missing permission, and with `force` none; ConflictError while IAM shows no ARN
 * to search by.
 */
export async function usersOf(
  { arn, instanceProfileName }: Pick<ObservedInstanceProfile, "arn" | "instanceProfileName">,
  regions: readonly string[],
  { guardRegions, reader }: Pick<AccountInstances, "guardRegions" | "reader">,
  search: Pick<Search, "force">,
  signal: AbortSignal,
): Promise<FoundUsers> {
  if (!arn.startsWith("arn:")) {
    const message =
      `IAM does not return the ARN of instance profile ${instanceProfileName} yet, which the search for its users needs. ` +
      "The controller retries.";
    throw new ConflictError(message, { reason: "NotYetVisible" });
  }
  const searched = [...new Set([...regions, ...(await guardRegions())])].sort();
  const found = await Promise.all(searched.map((region) => searchIn(region, { ...search, arn, reader }, signal)));
  return { users: found.flatMap(({ users }) => users), unsearched: found.flatMap(({ unsearched }) => unsearched) };
}
