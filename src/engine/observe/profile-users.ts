import { ConflictError, dispositionOf, messageOfError } from "../../errors.ts";
import type { InstanceFacts, ProfileUsers, Unsearched } from "../../model/instances/instance.ts";
import type { ObservedInstanceProfile } from "../../model/observed-state.ts";
import type { AccountInstances } from "../accounts/aws-account.ts";
import { inParallel } from "./in-parallel.ts";

/** What uses a profile, with the instances as EC2 returned them. */
interface FoundUsers extends ProfileUsers {
  readonly users: readonly InstanceFacts[];
}

type Profile = Pick<ObservedInstanceProfile, "arn" | "instanceProfileName">;

/** A search for the users of a profile. */
interface Search {
  readonly profile: Profile;
  readonly instances: SearchedInstances;
  /** Ignore what cannot be read. */
  readonly force: boolean;
  readonly signal: AbortSignal;
}

/** The part of the access to instances that a search needs. */
type SearchedInstances = Pick<AccountInstances, "guardRegions" | "reader" | "usage" | "isEveryRegionGuarded">;

/** A part of the result, or why it is unknown. */
interface Found<T> {
  readonly items: readonly T[];
  readonly unsearched: readonly Unsearched[];
}

/**
 * The instances and launch templates that use the profile. In these regions and in the guarded ones, instances are read
 * now. In the other regions that the account has enabled, an instance is read when the associations of the last minute
 * show one. Launch templates are those of the last minute.
 *
 * Errors: those of the reads, but for a missing permission, and with `force` none; ConflictError while IAM shows no ARN
 * to search by.
 */
export async function usersOf(
  profile: Profile,
  regions: readonly string[],
  instances: SearchedInstances,
  { force }: Pick<Search, "force">,
  signal: AbortSignal,
): Promise<FoundUsers> {
  if (!profile.arn.startsWith("arn:")) {
    const message =
      `IAM does not return the ARN of instance profile ${profile.instanceProfileName} yet, which the search for its users needs. ` +
      "The controller retries.";
    throw new ConflictError(message, { reason: "NotYetVisible" });
  }
  const search = { profile, instances, force, signal };
  const guarded = [...new Set([...regions, ...(await instances.guardRegions())])].sort();
  const others = await otherRegions(guarded, search);
  const searched = [...guarded, ...others.items].sort();
  const [found, templates] = await Promise.all([
    inParallel(searched, (region) => instancesIn(region, guarded.includes(region), search)),
    inParallel(searched, (region) => templatesIn(region, search)),
  ]);
  return {
    users: found.flatMap(({ items }) => items),
    launchTemplates: templates.flatMap(({ items }) => items),
    unsearched: [others, ...found, ...templates].flatMap(({ unsearched }) => unsearched),
  };
}

/** The enabled regions beside the guarded ones. */
async function otherRegions(guarded: readonly string[], search: Search): Promise<Found<string>> {
  const { usage, isEveryRegionGuarded } = search.instances;
  if (!isEveryRegionGuarded) return { items: [], unsearched: [] };
  const [home] = guarded;
  if (home === undefined) {
    const why = "no AWS region is configured: set AWS_REGION, or name the regions with --region";
    return { items: [], unsearched: [{ region: undefined, why }] };
  }
  const enabled = await unlessDenied({ region: undefined }, search, () => usage.enabledRegions(home, search.signal));
  return { ...enabled, items: enabled.items.filter((region) => !guarded.includes(region)) };
}

function instancesIn(region: string, isGuarded: boolean, search: Search): Promise<Found<InstanceFacts>> {
  const { profile, instances, signal } = search;
  return unlessDenied({ region }, search, async () => {
    const mayBeUsed = isGuarded || (await instances.usage.hasInstance(profile.arn, region, signal));
    return mayBeUsed ? instances.reader.findUsers(profile.arn, region, signal) : [];
  });
}

function templatesIn(region: string, search: Search): Promise<Found<ProfileUsers["launchTemplates"][number]>> {
  const { profile, instances, signal } = search;
  const what = { region, isOfTemplates: true } as const;
  return unlessDenied(what, search, () => instances.usage.templatesWith(profile, region, signal));
}

/** A missing permission is reported and blocks nothing: permissions for EC2 are optional. */
async function unlessDenied<T>(
  what: Omit<Unsearched, "why">,
  { force, signal }: Search,
  read: () => Promise<readonly T[]>,
): Promise<Found<T>> {
  try {
    return { items: await read(), unsearched: [] };
  } catch (error) {
    signal.throwIfAborted();
    if (dispositionOf(error) !== "blocked" && !force) throw error;
    return { items: [], unsearched: [{ ...what, why: messageOfError(error) }] };
  }
}
