import { type AwsRates, DEFAULT_AWS_RATES } from "../aws/call/call-limiter.ts";
import { DEFAULT_EC2_RATES } from "../aws/call/ec2-limits.ts";
import { isKnownRegion } from "../aws/client/known-region.ts";
import { DEFAULT_INSTANCES_INTERVAL_MS } from "../engine/accounts/aws-account.ts";
import { UsageError } from "./io.ts";
import { durationMs, type GivenOptions, type OptionSpecs, positiveNumber } from "./options.ts";

/** The option that limits the read requests to an AWS account. */
export function readRateOption({ readsPerSecond }: AwsRates): OptionSpecs {
  const help = `maximum IAM read requests per second; default ${readsPerSecond}, lower while AWS throttles`;
  return { "iam-read-qps": { type: "string", value: "N", help } };
}

/** The option for commands that also read EC2. */
export const EC2_READ_RATE_OPTION: OptionSpecs = {
  "ec2-read-qps": {
    type: "string",
    value: "N",
    help: `maximum EC2 read requests per second for each action and region; default ${DEFAULT_EC2_RATES.readsPerSecond}`,
  },
};

/** The options for commands that also write. */
export const AWS_RATE_OPTIONS: OptionSpecs = {
  ...readRateOption(DEFAULT_AWS_RATES),
  ...EC2_READ_RATE_OPTION,
  "iam-write-qps": {
    type: "string",
    value: "N",
    help: `maximum IAM write requests per second; default ${DEFAULT_AWS_RATES.writesPerSecond}, lower while AWS throttles`,
  },
  "ec2-write-qps": {
    type: "string",
    value: "N",
    help: `maximum EC2 write requests per second for each action and region; default ${DEFAULT_EC2_RATES.writesPerSecond}`,
  },
};

/** Reads the rate options. Errors: UsageError for a value that is not a number above 0. */
export function awsRates(given: GivenOptions, defaults: AwsRates = DEFAULT_AWS_RATES): AwsRates {
  const rate = (name: string, fallback: number): number => positiveNumber(name, given.text(name), fallback);
  const { readsPerSecond, writesPerSecond, ec2 = DEFAULT_EC2_RATES } = defaults;
  return {
    readsPerSecond: rate("iam-read-qps", readsPerSecond),
    writesPerSecond: rate("iam-write-qps", writesPerSecond),
    ec2: {
      readsPerSecond: rate("ec2-read-qps", ec2.readsPerSecond),
      writesPerSecond: rate("ec2-write-qps", ec2.writesPerSecond),
    },
  };
}

/** The settings for EC2. */
export interface InstancesSettings {
  /** Interval between two scans of the instances of a region. */
  readonly intervalMs: number;
  /** Regions searched for users of a profile before it is deleted; undefined: those that the account has enabled. */
  readonly regions: readonly string[] | undefined;
}

/** The defaults of the `run` command. */
export const DEFAULT_INSTANCES: InstancesSettings = { intervalMs: DEFAULT_INSTANCES_INTERVAL_MS, regions: undefined };

/** A shorter interval would keep EC2 busy without a pause. */
const MIN_INTERVAL_MS = 5_000;

/** The option for the regions searched for instances. */
export const REGION_OPTION: OptionSpecs = {
  region: {
    type: "string",
    multiple: true,
    value: "REGION",
    help: "search only this region for instances and launch templates before an instance profile is deleted or adopted; repeatable; default: every region that the account has enabled, which must all be reachable",
  },
};

/** The options for EC2 instances. */
export const INSTANCES_OPTIONS: OptionSpecs = {
  "instance-scan-interval": {
    type: "string",
    value: "DURATION",
    help: "interval between scans of the EC2 instances of a region, shared by all objects with instances there; default 1m",
  },
  ...REGION_OPTION,
};

/** Reads {@link INSTANCES_OPTIONS}. Errors: UsageError. */
export function instancesSettings(given: GivenOptions): InstancesSettings {
  const interval = given.text("instance-scan-interval");
  return {
    intervalMs: durationMs("instance-scan-interval", interval, DEFAULT_INSTANCES.intervalMs, MIN_INTERVAL_MS),
    regions: givenRegions(given),
  };
}

/** The regions of `--region`; undefined if it is not set. Errors: UsageError. */
export function givenRegions(given: GivenOptions): readonly string[] | undefined {
  const regions = given.list("region");
  const unknown = regions.find((region) => !isKnownRegion(region));
  if (unknown !== undefined) {
    throw new UsageError(`--region: "${unknown}" is not a region that this version knows; write for example eu-west-1`);
  }
  return regions.length === 0 ? undefined : regions;
}
