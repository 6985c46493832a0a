import { DEFAULT_INSTANCES_INTERVAL_MS } from "../engine/accounts/aws-account.ts";
import { UsageError } from "./io.ts";
import { durationMs, type GivenOptions, type OptionSpecs } from "./options.ts";

/** What an operator may choose about EC2. */
export interface InstancesSettings {
  /** Between two readings of the instances of a region. */
  readonly intervalMs: number;
  /** Searched for instances before a profile goes; undefined: the region of the environment. */
  readonly regions: readonly string[] | undefined;
}

/** The defaults of the `run` command. */
export const DEFAULT_INSTANCES: InstancesSettings = { intervalMs: DEFAULT_INSTANCES_INTERVAL_MS, regions: undefined };

/** EC2 would be asked without a pause. */
const MIN_INTERVAL_MS = 5_000;

/** Where instances are searched for. */
export const REGION_OPTION: OptionSpecs = {
  region: {
    type: "string",
    multiple: true,
    value: "REGION",
    help: "look here for instances before a profile goes or is adopted; repeatable; default: AWS_REGION",
  },
};

/** The options about EC2 instances. */
export const INSTANCES_OPTIONS: OptionSpecs = {
  "instance-scan-interval": {
    type: "string",
    value: "DURATION",
    help: "between readings of the instances of a region; default 1m",
  },
  ...REGION_OPTION,
};

/** What was given of them. Errors: UsageError. */
export function instancesSettings(given: GivenOptions): InstancesSettings {
  const interval = given.text("instance-scan-interval");
  return {
    intervalMs: durationMs("instance-scan-interval", interval, DEFAULT_INSTANCES.intervalMs, MIN_INTERVAL_MS),
    regions: givenRegions(given),
  };
}

/** The regions that `--region` names; undefined where it is not given. Errors: UsageError. */
export function givenRegions(given: GivenOptions): readonly string[] | undefined {
  const regions = given.list("region");
  const unknown = regions.find((region) => !/^[a-z]+(-[a-z]+)+-[0-9]+$/.test(region));
  if (unknown !== undefined) throw new UsageError(`--region: "${unknown}" is not a region; write one as in eu-west-1`);
  return regions.length === 0 ? undefined : regions;
}
