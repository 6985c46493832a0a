import { type AwsRates, DEFAULT_AWS_RATES } from "../../aws/call/call-limiter.ts";
import { DEFAULT_EC2_RATES } from "../../aws/call/ec2-limits.ts";
import { type GivenOptions, type OptionSpecs, positiveNumber } from "../options.ts";

/** The option that sets the most that an AWS account is asked per second. */
export function readRateOption({ readsPerSecond }: AwsRates): OptionSpecs {
  const help = `most reads per second of AWS; default ${readsPerSecond}, less while it throttles`;
  return { "iam-read-qps": { type: "string", value: "N", help } };
}

/** For commands that read EC2, too. */
export const EC2_READ_RATE_OPTION: OptionSpecs = {
  "ec2-read-qps": {
    type: "string",
    value: "N",
    help: `the same of EC2, for each action in each region; default ${DEFAULT_EC2_RATES.readsPerSecond}`,
  },
};

/** For commands that write, too. */
export const AWS_RATE_OPTIONS: OptionSpecs = {
  ...readRateOption(DEFAULT_AWS_RATES),
  ...EC2_READ_RATE_OPTION,
  "iam-write-qps": {
    type: "string",
    value: "N",
    help: `most writes per second to AWS; default ${DEFAULT_AWS_RATES.writesPerSecond}, less while it throttles`,
  },
  "ec2-write-qps": {
    type: "string",
    value: "N",
    help: `the same to EC2, for each action in each region; default ${DEFAULT_EC2_RATES.writesPerSecond}`,
  },
};

/** The rates as given. Errors: UsageError for what is no number above 0. */
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
