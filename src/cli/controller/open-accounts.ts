import { sessionNameOf } from "../../aws/assumed-role.ts";
import type { AwsConnection } from "../../aws/aws-connection.ts";
import { type AwsRates, CallLimiter, DEFAULT_AWS_RATES } from "../../aws/call/call-limiter.ts";
import { OWN_ACCOUNT } from "../../controller/classes/class-binding.ts";
import { AccountRegistry } from "../../engine/accounts/account-registry.ts";
import { OwnRequests } from "../../engine/drift/own-requests.ts";
import { homeRegionOf } from "../../model/place.ts";
import { systemClock } from "../../runtime/clock.ts";
import type { Logger } from "../../telemetry.ts";
import type { InstancesSettings } from "../aws-options.ts";
import type { ProductMetrics } from "../metrics/product-metrics.ts";
import { assertEnforcing } from "./dry-run.ts";
import { type AwsPlace, type OpenAwsOptions, openAws } from "./open-aws.ts";

/** The settings of a controller process that concern AWS. */
interface AwsSettings {
  readonly aws: AwsPlace;
  readonly awsRates?: AwsRates | undefined;
  readonly settings: { readonly propagationWindowMs: number; readonly isDryRun?: boolean };
  readonly instances?: InstancesSettings;
  readonly logger: Logger;
}

/** All AWS accounts of the process. */
export interface OpenAccounts {
  readonly accounts: AccountRegistry;
  /** The connection with the controller's own credentials. */
  readonly own: AwsConnection;
  /** The writes of all connections. */
  readonly ownRequests: OwnRequests;
  close(): void;
}

/**
 * Creates the account registry for all classes, with one limiter per account. Sends no request.
 *
 * @param assertMayWrite called with the key of the account before each write
 * @param hasAccount true for the accounts, by their keys, whose gauges these are and not those of another shard's accounts
 */
export function openAccounts(
  process: AwsSettings,
  metrics: ProductMetrics,
  assertMayWrite: (accountKey: string) => void,
  hasAccount: (accountKey: string) => boolean = () => true,
): OpenAccounts {
  const { aws: place, awsRates: rates, settings, instances, logger } = process;
  const ownRequests = new OwnRequests();
  const optionsOf = (accountKey: string): OpenAwsOptions => ({
    label: hasAccount(accountKey) ? accountKey : undefined,
    rates,
    propagationWindowMs: settings.propagationWindowMs,
    metrics,
    assertMayWrite() {
      assertEnforcing(settings.isDryRun);
      assertMayWrite(accountKey);
    },
    ownRequests,
    instances,
    logger,
  });
  const own = openAws(place, optionsOf(OWN_ACCOUNT));
  const open = [own];
  const limiters = new Map<string, CallLimiter>();
  const limiterOf = (accountId: string, isOwn: boolean): CallLimiter => {
    if (isOwn) return own.limiter;
    const known = limiters.get(accountId) ?? new CallLimiter(systemClock, rates ?? DEFAULT_AWS_RATES);
    limiters.set(accountId, known);
    return known;
  };
  const accounts = new AccountRegistry({
    own: { account: own.account, identity: own.connection.accountIdentity },
    open({ id, isOwn, partition, roleArn, externalId }, className) {
      const role = { roleArn, sessionName: sessionNameOf(className), ...(externalId !== undefined && { externalId }) };
      const credentials = own.connection.assume(role);
      const region = homeRegionOf(partition);
      const opened = openAws(
        { ...place, credentials, ...(region !== undefined && { region }) },
        { ...optionsOf(isOwn ? OWN_ACCOUNT : id), limiter: limiterOf(id, isOwn) },
      );
      open.push(opened);
      return { account: opened.account, identity: opened.connection.accountIdentity };
    },
    monotonicMs: () => systemClock.monotonicMs(),
  });
  return {
    accounts,
    own: own.connection,
    ownRequests,
    close() {
      for (const one of open) one.close();
    },
  };
}
