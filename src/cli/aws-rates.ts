import { type AwsRates, DEFAULT_AWS_RATES } from "../aws/call-limiter.ts";
import { type GivenOptions, type OptionSpecs, positiveNumber } from "./options.ts";

/** The option that sets the most that an AWS account is asked per second. */
export function readRateOption({ readsPerSecond }: AwsRates): OptionSpecs {
  const help = `most reads per second of AWS; default ${readsPerSecond}, less while it throttles`;
  return { "aws-read-rate": { type: "string", value: "N", help } };
}

/** For commands that write, too. */
export const AWS_RATE_OPTIONS: OptionSpecs = {
  ...readRateOption(DEFAULT_AWS_RATES),
  "aws-write-rate": {
    type: "string",
    value: "N",
    help: "most writes per second to AWS; default 5, less while it throttles",
  },
};

/** The rates as given. Errors: UsageError for what is no number above 0. */
export function awsRates(given: GivenOptions, defaults: AwsRates = DEFAULT_AWS_RATES): AwsRates {
  const { readsPerSecond, writesPerSecond } = defaults;
  return {
    readsPerSecond: positiveNumber("aws-read-rate", given.text("aws-read-rate"), readsPerSecond),
    writesPerSecond: positiveNumber("aws-write-rate", given.text("aws-write-rate"), writesPerSecond),
  };
}
