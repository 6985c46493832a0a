import { type AwsConnection, connectAws } from "../../aws/aws-connection.ts";
import { type AwsRates, CallLimiter, DEFAULT_AWS_RATES } from "../../aws/call/call-limiter.ts";
import type { AwsClientOptions } from "../../aws/client/client-config.ts";
import { type AwsAccount, openAwsAccount } from "../../engine/accounts/aws-account.ts";
import { BlockedError } from "../../errors.ts";
import { systemClock } from "../../runtime/clock.ts";
import type { Logger } from "../../telemetry.ts";
import { DEFAULT_INSTANCES, type InstancesSettings } from "../instances-options.ts";
import type { ProductMetrics } from "../metrics/product-metrics.ts";
import { VERSION } from "../version.ts";

/** What of an AWS client a controller process is told; the rest is the process's own. */
export type AwsPlace = Pick<AwsClientOptions, "endpoint" | "region" | "credentials">;

/** One account as the process holds it: its connection, and what the controller makes of it. */
export interface OpenAws {
  readonly connection: AwsConnection;
  readonly account: AwsAccount;
  readonly limiter: CallLimiter;
}

/** What an account is joined with. */
export interface OpenAwsOptions {
  /** What metrics call the account. */
  readonly label: string;
  readonly rates: AwsRates | undefined;
  /** Where several connections are to one account. */
  readonly limiter?: CallLimiter;
  readonly propagationWindowMs: number;
  readonly metrics: ProductMetrics;
  readonly logger: Logger;
  /** See {@link AwsClientOptions}. */
  readonly assertMayWrite: () => void;
  readonly instances: InstancesSettings | undefined;
}

/** Joins the AWS adapter, its limiter and its metrics into an account; calls nothing. */
export function openAws(place: AwsPlace, options: OpenAwsOptions): OpenAws {
  const limiter = options.limiter ?? new CallLimiter(systemClock, options.rates ?? DEFAULT_AWS_RATES);
  const { instances = DEFAULT_INSTANCES } = options;
  const connection = connectAws({
    ...place,
    ...options.metrics.watchAws(options.label, limiter),
    clock: systemClock,
    version: VERSION,
    limiter,
    assertMayWrite: options.assertMayWrite,
    onReply: (reply) => options.logger.debug("AWS replied", { ...reply }),
  });
  const account = openAwsAccount({
    change: { reader: connection.iamReader, writer: connection.iamWriter },
    routine: connection.routine,
    reader: connection.accountReader,
    instanceReader: connection.instanceReader,
    instancesIntervalMs: instances.intervalMs,
    guardRegions: async () => instances.regions ?? [await connection.region()].filter((it) => it !== undefined),
    propagationWindowMs: options.propagationWindowMs,
    monotonicMs: () => systemClock.monotonicMs(),
  });
  options.metrics.watchQuotas(options.label, () => account.quotas.current);
  return { connection, account, limiter };
}

/**
 * The wrong credentials would make every object anew in somebody else's account.
 *
 * Errors: BlockedError for credentials of another account than expected; those of asking.
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
    `the AWS credentials are of account ${actual}, --account-id asks for ${expected}. Nothing was written. ` +
      "Give the controller credentials of the right account, or correct --account-id.",
    { reason: "WrongAccount" },
  );
}
