import { ControllerError, messageOfError } from "../../errors.ts";
import { type LaunchTemplateUser, NO_REGION, type Unsearched } from "../../model/instances/instance.ts";
import { nameKey } from "../../model/naming.ts";
import { inParallel } from "../concurrency.ts";
import type { InstanceReader } from "../instance-ports.ts";

/** What uses the instance profiles of an account, in the regions that could be searched. */
export interface ProfileUses {
  /** The ids of the instances that the profile is associated with. */
  instancesOf(profile: UsedProfile): readonly string[];
  /** The launch templates of which the default or the latest version names the profile. */
  templatesOf(profile: UsedProfile): readonly LaunchTemplateUser[];
  readonly unsearched: readonly Unsearched[];
}

/** An instance profile by what EC2 names it by. */
export interface UsedProfile {
  readonly arn: string;
  readonly instanceProfileName: string;
}

/** Where to search. */
export interface SearchedPlaces {
  /** Undefined: those that the account has enabled. */
  readonly regions: readonly string[] | undefined;
  /** The region of the environment, whose endpoint lists the others. */
  readonly home: string | undefined;
}

interface Found<T> {
  readonly items: readonly T[];
  readonly unsearched: readonly Unsearched[];
}

/**
 * Reads what uses the instance profiles of an account: two requests for each region and some hundred instances or templates. What cannot be
 * read is named, with the reason.
 *
 * Errors: the signal's reason.
 */
export async function readProfileUses(
  reader: InstanceReader,
  places: SearchedPlaces,
  signal: AbortSignal,
): Promise<ProfileUses> {
  const found = await searchedRegions(reader, places, signal);
  const instances = await inParallel(found.items, (region) =>
    unlessFailed({ region }, signal, () => reader.listAssociations(region, signal)),
  );
  const templates = await inParallel(found.items, (region) =>
    unlessFailed({ region, isOfTemplates: true }, signal, () => reader.listLaunchTemplates(region, signal)),
  );
  const byArn = Map.groupBy(
    instances.flatMap(({ items }) => items),
    ({ profileArn }) => nameKey(profileArn),
  );
  const byProfile = Map.groupBy(
    templates.flatMap(({ items }) => items),
    ({ profile }) => nameKey(profile),
  );
  return {
    instancesOf: ({ arn }) => (byArn.get(nameKey(arn)) ?? []).map(({ instanceId }) => instanceId),
    templatesOf: ({ arn, instanceProfileName }) =>
      [arn, instanceProfileName].flatMap((name) => byProfile.get(nameKey(name)) ?? []),
    unsearched: [found, ...instances, ...templates].flatMap(({ unsearched }) => unsearched),
  };
}

async function searchedRegions(
  reader: InstanceReader,
  { regions, home }: SearchedPlaces,
  signal: AbortSignal,
): Promise<Found<string>> {
  if (regions !== undefined) return { items: regions, unsearched: [] };
  if (home === undefined) return { items: [], unsearched: [NO_REGION] };
  const { items, unsearched } = await unlessFailed({ region: undefined }, signal, () =>
    reader.listRegions(home, signal),
  );
  return { items: [...new Set([home, ...items])].sort(), unsearched };
}

async function unlessFailed<T>(
  what: Omit<Unsearched, "why">,
  signal: AbortSignal,
  read: () => Promise<readonly T[]>,
): Promise<Found<T>> {
  try {
    return { items: await read(), unsearched: [] };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ControllerError)) throw error;
    return { items: [], unsearched: [{ ...what, why: messageOfError(error) }] };
  }
}
