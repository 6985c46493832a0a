import type { AwsSandbox } from "../../../src/sandbox/aws/server.ts";
import type { ConformanceOptions } from "../../conformance/conformance.ts";
import { directAws } from "../../support/direct-aws.ts";

export const DEVELOPER = { accessKeyId: "AKIADEVELOPER", secretAccessKey: "any" };
export const REGION = "us-west-2";

/** A run on the sandbox in this process, which shows everything at once and throttles no one. */
export function onSandbox(
  aws: AwsSandbox,
  credentials: NonNullable<ConformanceOptions["credentials"]> = DEVELOPER,
): ConformanceOptions {
  return {
    accountId: aws.accountId,
    prefix: "conf",
    region: REGION,
    endpoint: aws.url,
    credentials,
    launchable: { imageId: "ami-03cf127a", instanceType: "t3.micro" },
    requestsPerSecond: 100_000,
    maxRequests: 10_000,
    maxMinutes: 5,
    visibleWithinMs: 0,
    afterWriteMs: [0],
    network: directAws(aws) as never,
  };
}

/** What the account has, but for instances that have ended. */
export function presentIn(aws: AwsSandbox): readonly string[] {
  const { roles, instanceProfiles, policies, instances } = aws.snapshot();
  return [
    ...[roles, instanceProfiles, policies].flatMap((all) => Object.keys(all)),
    ...instances.filter(({ state }) => !/terminated|shutting/.test(state)).map(({ id }) => id),
  ];
}
