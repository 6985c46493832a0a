import { ConflictError, ControllerError, messageOfError, reasonOfError } from "../../errors.ts";
import { type InstanceFacts, NO_REGION, type ProfileUsers, type Unsearched } from "../../model/instances/instance.ts";
import type { ObservedInstanceProfile } from "../../model/observed-state.ts";
import { placesOf } from "../../plan/instances/guard-instances.ts";
import type { AccountInstances } from "../accounts/aws-account.ts";
import { inParallel } from "../concurrency.ts";

/** What uses a profile, with the instances as EC2 returned them. */
interface FoundUsers extends ProfileUsers {
  readonly users: readonly InstanceFacts[];
}

type Profile = Pick<ObservedInstanceProfile, "arn" | "instanceProfileName">;

/** What a search is for. */
interface SearchPurpose {
  /** What waits for the search, as messages name it. */
  readonly of: "deletion" | "adoption";
  /** Ignore what cannot be read. */
  readonly force: boolean;
}

/** A search for the users of a profile. */
interface Search {
  readonly profile: Profile;
  readonly instances: SearchedInstances;
  readonly purpose: SearchPurpose;
  readonly signal: AbortSignal;
}

/** The part of the access to instances that a search needs. */
type SearchedInstances = Pick<AccountInstances, "guardRegions" | "reader" | "usage" | "isEveryRegionGuarded">;

/** A part of the result, or why it is unknown. */
interface Found<T> {
  readonly items: readonly T[];
  readonly unsearched: readonly Unsearched[];
  /** The reads whose failure stops the search. */
  readonly failed: readonly FailedRead[];
}

interface FailedRead {
  readonly region: string;
  readonly error: unknown;
}

/** One read of a search. */
interface SearchRead {
  /** The region that gets the request. */
  readonly endpoint: string;
  /** What stays unsearched without it. */
  readonly what: Omit<Unsearched, "why">;
  /** True for a region that EC2 lists as enabled. */
  readonly isListed: boolean;
}

/**
 * The instances and launch templates that use the profile. An instance is read when the associations of its region show
 * one: those of the last two seconds in these regions and in the guarded ones, those of the last minute in the other regions
 * that the account has enabled. Before an adoption, whose announcement has read them, instances of the guarded regions are
 * always read. Launch templates are those of the last minute.
 *
 * Errors: one for all reads that failed, with the disposition of the first, but for a missing permission, and with
 * `force` none; ConflictError while IAM shows no ARN to search by.
 */
export async function usersOf(
  profile: Profile,
  regions: readonly string[],
  instances: SearchedInstances,
  purpose: SearchPurpose,
  signal: AbortSignal,
): Promise<FoundUsers> {
  if (!profile.arn.startsWith("arn:")) {
    const message =
      `IAM does not return the ARN of instance profile ${profile.instanceProfileName} yet, which the search for its users needs. ` +
      "The controller retries.";
    throw new ConflictError(message, { reason: "NotYetVisible" });
  }
  const search = { profile, instances, purpose, signal };
  const guarded = [...new Set([...regions, ...(await instances.guardRegions())])].sort();
  const enabled = await enabledRegions(guarded, search);
  stopAt(enabled.failed, search);
  const searched = [...new Set([...guarded, ...enabled.items])].sort().map((region) => ({
    region,
    isGuarded: guarded.includes(region),
    isListed: enabled.items.includes(region),
  }));
  const [found, templates] = await Promise.all([
    inParallel(searched, (region) => instancesIn(region, search)),
    inParallel(searched, (region) => templatesIn(region, search)),
  ]);
  stopAt(
    [...found, ...templates].flatMap(({ failed }) => failed),
    search,
  );
  return {
    users: found.flatMap(({ items }) => items),
    launchTemplates: templates.flatMap(({ items }) => items),
    unsearched: [enabled, ...found, ...templates].flatMap(({ unsearched }) => unsearched),
  };
}

/** A region to search. */
interface SearchedRegion extends Pick<SearchRead, "isListed"> {
  readonly region: string;
  readonly isGuarded: boolean;
}

/** The regions that the account has enabled; none when only the guarded ones are searched. */
async function enabledRegions(guarded: readonly string[], search: Search): Promise<Found<string>> {
  const { usage, isEveryRegionGuarded } = search.instances;
  if (!isEveryRegionGuarded) return { items: [], unsearched: [], failed: [] };
  const [home] = guarded;
  if (home === undefined) return { items: [], unsearched: [NO_REGION], failed: [] };
  const list = { endpoint: home, what: { region: undefined }, isListed: false };
  return unlessDenied(list, search, () => usage.enabledRegions(home, search.signal));
}

function instancesIn({ region, isGuarded, isListed }: SearchedRegion, search: Search): Promise<Found<InstanceFacts>> {
  const { profile, instances, purpose, signal } = search;
  return unlessDenied({ endpoint: region, what: { region }, isListed }, search, async () => {
    const { usage } = instances;
    const mayBeUsed = await (isGuarded
      ? purpose.of === "adoption" || usage.mayHaveInstance(profile.arn, region, signal)
      : usage.hasInstance(profile.arn, region, signal));
    return mayBeUsed ? instances.reader.findUsers(profile.arn, region, signal) : [];
  });
}

function templatesIn(
  { region, isListed }: SearchedRegion,
  search: Search,
): Promise<Found<ProfileUsers["launchTemplates"][number]>> {
  const { profile, instances, signal } = search;
  const what = { region, isOfTemplates: true } as const;
  return unlessDenied({ endpoint: region, what, isListed }, search, () =>
    instances.usage.templatesWith(profile, region, signal),
  );
}

/** A missing permission is reported and blocks nothing: permissions for EC2 are optional. */
async function unlessDenied<T>(
  { endpoint, what, isListed }: SearchRead,
  { purpose, signal }: Search,
  read: () => Promise<readonly T[]>,
): Promise<Found<T>> {
  try {
    return { items: await read(), unsearched: [], failed: [] };
  } catch (error) {
    signal.throwIfAborted();
    if (!purpose.force && !isDenied(error, isListed)) {
      return { items: [], unsearched: [], failed: [{ region: endpoint, error }] };
    }
    return { items: [], unsearched: [{ ...what, why: messageOfError(error) }], failed: [] };
  }
}

/**
 * True when AWS says that the controller must not look. Any other error that needs manual intervention, such as expired
 * credentials, says nothing about the permission, and instances may be there.
 */
function isDenied(error: unknown, isListed: boolean): boolean {
  if (!(error instanceof ControllerError)) return false;
  return error.reason === "AccessDenied" || (isListed && error.reason === "OptInRequired");
}

/** The reasons of errors that come from the network between the controller and AWS. */
const UNREACHABLE: ReadonlySet<string> = new Set(["EndpointUnreachable", "UnexpectedReply"]);

/**
 * Throws when a read failed. The message names all regions, so that it is the same for each attempt, whichever region fails
 * first.
 */
function stopAt(failed: readonly FailedRead[], { profile, purpose }: Search): void {
  const [first] = failed;
  if (first === undefined) return;
  const { error } = first;
  if (!(error instanceof ControllerError)) throw error;
  const regions = [...new Set(failed.map(({ region }) => region))].map((region) => ({ region }));
  const isUnreachable = failed.some(({ error }) => UNREACHABLE.has(reasonOfError(error)));
  const advice =
    " Let the controller reach EC2 there, or run it with --region for each region in use; it then searches only those.";
  throw error.withMessage(
    `${error.message.replace(/\.?$/, ".")} The ${purpose.of} of instance profile ${profile.instanceProfileName} waits: ` +
      `${placesOf(regions)} not searched, and instances or launch templates there may use it.${isUnreachable ? advice : ""}`,
  );
}
