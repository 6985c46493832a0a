import { BURST_SECONDS } from "./adaptive-bucket.ts";

/** The most that is asked per second. */
export interface CallRates {
  readonly readsPerSecond: number;
  readonly writesPerSecond: number;
}

/**
 * EC2 has a bucket for each action in each region of an account, and says how fast it is filled: reads in pages 20 per second,
 * associations 5, tags 10. AWS raises them on request:
 * https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
 */
export const DEFAULT_EC2_RATES: CallRates = { readsPerSecond: 20, writesPerSecond: 5 };

/** Half of the 100 that EC2's buckets for associations hold: the rest is for others in the account. */
const WRITE_BURST_SECONDS = 10;

/** Which of EC2's limits a call counts against. */
export function ec2Limit(region: string, operation: string): string {
  return `${region} ${operation}`;
}

/** How many seconds' worth of such calls may be saved up. */
export function burstSecondsOf(call: { readonly service: string; readonly kind: "read" | "write" }): number {
  return call.service === "EC2" && call.kind === "write" ? WRITE_BURST_SECONDS : BURST_SECONDS;
}
