import type { LaunchTemplateUser } from "../../model/instances/instance.ts";
import { nameKey } from "../../model/naming.ts";
import { SharedReads } from "../concurrency.ts";
import type { InstanceReader } from "../instance-ports.ts";

/** How long at most the users of a region's instance profiles are cached for all objects of the account. */
const MAX_AGE_MS = 60_000;
/** The maximum age of what decides about a write, or what a user waits for. */
export const FRESH_MS = 2_000;
/** As many associations as one request returns. */
const ONE_PAGE = 1_000;

/** The associations of a region. */
interface Associations {
  /** The ARNs of the profiles with an instance, by name key. */
  readonly arns: ReadonlySet<string>;
  readonly count: number;
}

/** The dependencies of {@link ProfileUsage}. */
export interface ProfileUsageOptions {
  readonly reader: InstanceReader;
  readonly monotonicMs: () => number;
  /** The interval between two scans of the instances of a region: users are cached no longer than that. */
  readonly intervalMs?: number;
}

/**
 * A cache of what uses instance profiles in the regions of an account, by at most one read of a kind and region in a
 * minute, or in two seconds where it must be fresh: many profiles are deleted at once.
 */
export class ProfileUsage {
  readonly #reader: InstanceReader;
  readonly #maxAgeMs: number;
  readonly #regions: SharedReads<readonly string[]>;
  readonly #associated: SharedReads<Associations>;
  readonly #templates: SharedReads<ReadonlyMap<string, readonly LaunchTemplateUser[]>>;

  constructor({ reader, monotonicMs, intervalMs = MAX_AGE_MS }: ProfileUsageOptions) {
    this.#reader = reader;
    this.#maxAgeMs = Math.min(intervalMs, MAX_AGE_MS);
    const options = { maxAgeMs: this.#maxAgeMs, monotonicMs };
    this.#regions = new SharedReads(options);
    this.#associated = new SharedReads(options);
    this.#templates = new SharedReads(options);
  }

  /** The regions that the account has enabled, by a request to one of them. Errors: those of the reader. */
  enabledRegions(home: string, signal: AbortSignal): Promise<readonly string[]> {
    return this.#regions.get(home, (own) => this.#reader.listRegions(home, own), signal);
  }

  /** True when an instance of the region was associated with the profile. Errors: those of the reader. */
  async hasInstance(profileArn: string, region: string, signal: AbortSignal): Promise<boolean> {
    return (await this.#associationsIn(region, this.#maxAgeMs, signal)).arns.has(nameKey(profileArn));
  }

  /**
   * As {@link hasInstance}, as of {@link FRESH_MS} ago at most. Also true where the list takes several requests, or cannot be read: a
   * search for the instances of one profile then takes fewer.
   */
  async mayHaveInstance(profileArn: string, region: string, signal: AbortSignal): Promise<boolean> {
    const hasOrIsLong = ({ arns, count }: Associations): boolean => count > ONE_PAGE || arns.has(nameKey(profileArn));
    try {
      if (hasOrIsLong(await this.#associationsIn(region, this.#maxAgeMs, signal))) return true;
      return hasOrIsLong(await this.#associationsIn(region, Math.min(FRESH_MS, this.#maxAgeMs), signal));
    } catch {
      signal.throwIfAborted();
      return true;
    }
  }

  #associationsIn(region: string, maxAgeMs: number, signal: AbortSignal): Promise<Associations> {
    const read = async (own: AbortSignal): Promise<Associations> => {
      const found = await this.#reader.listAssociations(region, own);
      return { arns: new Set(found.map(({ profileArn }) => nameKey(profileArn))), count: found.length };
    };
    return this.#associated.get(region, read, signal, maxAgeMs);
  }

  /** The launch templates of the region that name the profile, by ARN or by name. Errors: those of the reader. */
  async templatesWith(
    profile: { readonly arn: string; readonly instanceProfileName: string },
    region: string,
    signal: AbortSignal,
  ): Promise<readonly LaunchTemplateUser[]> {
    const read = async (own: AbortSignal) => {
      const templates = await this.#reader.listLaunchTemplates(region, own);
      return Map.groupBy(templates, (template) => nameKey(template.profile));
    };
    const byProfile = await this.#templates.get(region, read, signal);
    return [profile.arn, profile.instanceProfileName].flatMap((name) => byProfile.get(nameKey(name)) ?? []);
  }
}
