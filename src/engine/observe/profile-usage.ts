import type { LaunchTemplateUser } from "../../model/instances/instance.ts";
import { nameKey } from "../../model/naming.ts";
import type { AssociatedInstance, InstanceReader } from "../instance-ports.ts";
import { SharedReads } from "./shared-reads.ts";

/** How long at most the users of a region's instance profiles are cached for all objects of the account. */
const MAX_AGE_MS = 60_000;

/** The dependencies of {@link ProfileUsage}. */
export interface ProfileUsageOptions {
  readonly reader: InstanceReader;
  readonly monotonicMs: () => number;
  /** The interval between two scans of the instances of a region: users are cached no longer than that. */
  readonly intervalMs?: number;
}

/**
 * A cache of what uses instance profiles in the regions of an account, by at most one read of a kind and region in a
 * minute: many profiles are deleted at once.
 */
export class ProfileUsage {
  readonly #reader: InstanceReader;
  readonly #regions: SharedReads<readonly string[]>;
  readonly #associated: SharedReads<ReadonlyMap<string, readonly AssociatedInstance[]>>;
  readonly #templates: SharedReads<ReadonlyMap<string, readonly LaunchTemplateUser[]>>;

  constructor({ reader, monotonicMs, intervalMs = MAX_AGE_MS }: ProfileUsageOptions) {
    this.#reader = reader;
    const options = { maxAgeMs: Math.min(intervalMs, MAX_AGE_MS), monotonicMs };
    this.#regions = new SharedReads(options);
    this.#associated = new SharedReads(options);
    this.#templates = new SharedReads(options);
  }

  /** The regions that the account has enabled, asked for in one of them. Errors: those of the reader. */
  enabledRegions(home: string, signal: AbortSignal): Promise<readonly string[]> {
    return this.#regions.get(home, (own) => this.#reader.listRegions(home, own), signal);
  }

  /** True when an instance of the region was associated with the profile. Errors: those of the reader. */
  async hasInstance(profileArn: string, region: string, signal: AbortSignal): Promise<boolean> {
    const read = async (own: AbortSignal) =>
      Map.groupBy(await this.#reader.listAssociations(region, own), (one) => nameKey(one.profileArn));
    return (await this.#associated.get(region, read, signal)).has(nameKey(profileArn));
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
