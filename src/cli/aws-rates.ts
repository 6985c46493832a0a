import { type AwsRates, DEFAULT_AWS_RATES } from "../aws/call-limiter.ts";
import { type GivenOptions, type OptionSpecs, positiveNumber } from "./options.ts";

/** The options that set the most that an AWS account is asked per second. */
export const AWS_READ_RATE_OPTION: OptionSpecs = {
  "aws-read-rate": {
    type: "string",
    value: "N",
    help: "most reads per second of AWS; default 10, less while it throttles",
  },
};

/** For commands that write, too. */
export const AWS_RATE_OPTIONS: OptionSpecs = {
  ...AWS_READ_RATE_OPTION,
  "aws-write-rate": {
    type: "string",
    value: "N",
    help: "most writes per second to AWS; default 5, less while it throttles",
  },
};

/** The rates as given. Errors: UsageError for what is no number above 0. */
export function awsRates(given: GivenOptions): AwsRates {
  const { readsPerSecond, writesPerSecond } = DEFAULT_AWS_RATES;
  return {
    readsPerSecond: positiveNumber("aws-read-rate", given.text("aws-read-rate"), readsPerSecond),
    writesPerSecond: positiveNumber("aws-write-rate", given.text("aws-write-rate"), writesPerSecond),
  };
}
