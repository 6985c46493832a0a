import { type AwsRates, DEFAULT_AWS_RATES } from "../../aws/call/call-limiter.ts";
import { DEFAULT_EC2_RATES } from "../../aws/call/ec2-limits.ts";
import { type GivenOptions, type OptionSpecs, positiveNumber } from "../options.ts";

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
