import { type AwsConnection, connectAws } from "../../aws/aws-connection.ts";
import { type AwsRates, CallLimiter, DEFAULT_AWS_RATES } from "../../aws/call/call-limiter.ts";
import type { AwsClientOptions, AwsReply } from "../../aws/client/client-config.ts";
import { partitionOf } from "../../aws/client/known-region.ts";
import { type AwsAccount, openAwsAccount } from "../../engine/accounts/aws-account.ts";
import type { OwnRequests } from "../../engine/drift/own-requests.ts";
import { BlockedError } from "../../errors.ts";
import type { Place } from "../../model/place.ts";
import { systemClock } from "../../runtime/clock.ts";
import type { Logger } from "../../telemetry.ts";
import { DEFAULT_INSTANCES, type InstancesSettings } from "../aws-options.ts";
import type { Manifest } from "../manifests/manifests.ts";
import type { ProductMetrics } from "../metrics/product-metrics.ts";
import { VERSION } from "../version.ts";

/** The AWS client options that the caller chooses; the process supplies the rest. */
export type AwsPlace = Pick<AwsClientOptions, "endpoint" | "region" | "credentials">;

/** One open account: its connection, the controller's view of it, and its limiter. */
export interface OpenAws {
  readonly connection: AwsConnection;
  readonly account: AwsAccount;
  readonly limiter: CallLimiter;
  /** Closes the connection, and removes its metrics. */
  close(): void;
}

/** What opening an account needs. */
export interface OpenAwsOptions {
  /** The value of the metric label `account`; undefined: the account has no gauges. */
  readonly label: string | undefined;
  readonly rates: AwsRates | undefined;
  /** Set when several connections share an account. */
  readonly limiter?: CallLimiter;
  readonly propagationWindowMs: number;
  readonly metrics: ProductMetrics;
  readonly logger: Logger;
  /** See {@link AwsClientOptions}. */
  readonly assertMayWrite: () => void;
  /** Receives the ids of the requests that write. */
  readonly ownRequests: OwnRequests;
  readonly instances: InstancesSettings | undefined;
}

/** Combines the AWS adapter, its limiter and its metrics into an account. Sends no request. */
export function openAws(place: AwsPlace, options: OpenAwsOptions): OpenAws {
  const limiter = options.limiter ?? new CallLimiter(systemClock, options.rates ?? DEFAULT_AWS_RATES);
  const { instances = DEFAULT_INSTANCES } = options;
  const { remove, ...observers } = options.metrics.watchAws(options.label, limiter);
  const connection = connectAws({
    ...place,
    ...observers,
    clock: systemClock,
    version: VERSION,
    limiter,
    assertMayWrite: options.assertMayWrite,
    onReply(reply) {
      options.logger.debug("AWS replied", { ...reply });
      if (reply.isSuccess && isWrite(reply)) options.ownRequests.add(reply.requestId);
    },
  });
  const account = openAwsAccount({
    change: { reader: connection.iamReader, writer: connection.iamWriter },
    iam: connection.iam,
    reader: connection.accountReader,
    instanceReader: connection.instanceReader,
    instancesIntervalMs: instances.intervalMs,
    guardRegions: async () => instances.regions ?? [await connection.region()].filter((it) => it !== undefined),
    isEveryRegionGuarded: instances.regions === undefined,
    eventQueue: (url) => connection.eventQueue(url),
    propagationWindowMs: options.propagationWindowMs,
    monotonicMs: () => systemClock.monotonicMs(),
  });
  const removeQuotas = options.metrics.watchQuotas(options.label, () => account.quotas.current);
  return {
    connection,
    account,
    limiter,
    close() {
      connection.close();
      remove();
      removeQuotas();
    },
  };
}

/** Reads are most of the requests, and CloudTrail reports none of them. */
function isWrite({ service, operation }: AwsReply): boolean {
  return (service === "IAM" || service === "EC2") && !/^(?:Get|List|Describe)/.test(operation);
}

/**
 * Checks the account of the credentials: with wrong ones the controller would create every object again in another account.
 *
 * Errors: BlockedError for credentials of another account than expected; those of the request.
 */
export async function checkAccount(
  expected: string | undefined,
  aws: AwsConnection,
  signal: AbortSignal,
): Promise<void> {
  if (expected === undefined) return;
  const actual = await aws.accountIdentity.accountId(signal);
  if (actual === expected) return;
  throw new BlockedError(
    `the AWS credentials are for account ${actual}, but --account-id is ${expected}. Nothing was written. ` +
      "Give the controller credentials of the right account, or correct --account-id.",
    { reason: "WrongAccount" },
  );
}

/** The region and partition of the credentials, as far as the environment says; sends no request. */
export async function placeOf({ region }: Pick<AwsConnection, "region">): Promise<Pick<Place, "region" | "partition">> {
  const name = await region();
  return name === undefined ? {} : { region: name, partition: partitionOf(name) };
}

/** Where the credentials of a user are. Asks STS only when a manifest uses the account. Errors: those of GetCallerIdentity. */
export async function userPlace(
  aws: Pick<AwsConnection, "region" | "accountIdentity">,
  manifests: readonly Manifest[],
  signal: AbortSignal,
): Promise<Place> {
  const place = await placeOf(aws);
  const usesAccount = manifests.some(({ value }) => JSON.stringify(value["spec"] ?? {}).includes("{account}"));
  return usesAccount ? { ...place, accountId: await aws.accountIdentity.accountId(signal) } : place;
}
