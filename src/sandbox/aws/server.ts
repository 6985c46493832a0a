import { createServer } from "node:http";
import { close, listen } from "../http-listener.ts";
import { type AccountSnapshot, type SnapshotOptions, snapshotOf } from "./account/snapshot.ts";
import { type Awkwardness, AwkwardnessSwitches } from "./awkwardness.ts";
import { CallLog } from "./call-log.ts";
import { Cloud } from "./cloud.ts";
import { type Dispatcher, dispatch, type Outcome } from "./dispatch.ts";
import { respond } from "./endpoint.ts";
import { defaultQuotas, type Quotas } from "./iam/quotas.ts";
import { MetadataEndpoints } from "./imds/endpoints.ts";
import { type CredentialTimes, credentialTimes, INSTANCE_CREDENTIALS_MS } from "./imds/role-credentials.ts";
import type { RequestHook } from "./interception.ts";
import { type HttpParts, parseRequest } from "./protocol/request.ts";
import { seededRandom } from "./random.ts";
import { TokenBuckets } from "./throttle.ts";

/** How a sandbox AWS is set up; everything has a default. */
export interface AwsSandboxOptions {
  /** 0, the default, takes any free port. */
  readonly port?: number;
  readonly accountId?: string;
  /** `aws` (default), `aws-cn` or `aws-us-gov`. */
  readonly partition?: string;
  /** ms since the epoch; delays, throttling and dates follow it. */
  readonly now?: () => number;
  /** Ids, shuffling and drawn delays follow from it. */
  readonly seed?: number;
  readonly quotas?: Partial<Quotas>;
  readonly awkwardness?: Awkwardness;
  readonly onRequest?: RequestHook;
  readonly denyActions?: Iterable<string>;
  /** Of the credentials that instances get; see {@link credentialTimes} for 6 hours. */
  readonly instanceCredentials?: Partial<CredentialTimes>;
}

/**
 * A running AWS behind one endpoint on 127.0.0.1. Callers are of one account; an access key of twelve digits is of the
 * account with that id, which is there once it is asked for. It keeps nothing when it closes.
 */
export interface AwsSandbox {
  /** `http://127.0.0.1:<port>`: an AWS_ENDPOINT_URL for IAM, STS, EC2 and S3. */
  readonly url: string;
  readonly accountId: string;
  /** Every call so far. */
  readonly calls: CallLog;
  /** Permissions that callers lack, such as `iam:CreateRole` or `iam:*`; may be changed at any time. */
  readonly denyActions: Set<string>;
  /** The truth now, for assertions; of the home account unless another is named. */
  snapshot(options?: SnapshotOptions & { readonly accountId?: string }): AccountSnapshot;
  /** Carries out a call of IAM, STS or EC2 as if it had come over the network. */
  call(request: HttpParts): Promise<Outcome>;
  /** The AWS_EC2_METADATA_SERVICE_ENDPOINT of an instance. Errors: there is no such instance. */
  metadataUrl(instanceId: string): Promise<string>;
  /** How long the credentials last that instances get from now on. */
  setCredentialLifetime(lifetimeMs: number): void;
  /** Replaces all awkwardness from the next call on. */
  setAwkwardness(awkwardness: Awkwardness): void;
  /** Replaces the hook from the next call on. */
  onRequest(hook: RequestHook | undefined): void;
  /** An empty account and log, nothing denied, no hook; awkwardness, seed and time stay. */
  reset(): void;
  close(): Promise<void>;
}

/** Starts an AWS on a free port of 127.0.0.1. */
export async function startAwsSandbox(options: AwsSandboxOptions = {}): Promise<AwsSandbox> {
  const now = options.now ?? Date.now;
  const switches = new AwkwardnessSwitches(options.awkwardness ?? {});
  const cloud = new Cloud({
    accountId: options.accountId ?? "123456789012",
    partition: options.partition ?? "aws",
    now,
    quotas: { ...defaultQuotas, ...options.quotas },
    random: seededRandom(options.seed ?? 1),
    switches,
  });
  let hook = options.onRequest;
  const denyActions = new Set(options.denyActions);
  const dispatcher: Dispatcher = {
    cloud,
    calls: new CallLog(),
    denyActions,
    buckets: new TokenBuckets(now),
    requestIds: seededRandom((options.seed ?? 1) + 1),
    hook: () => hook,
  };
  const times = { ...credentialTimes(INSTANCE_CREDENTIALS_MS), ...options.instanceCredentials };
  const metadata = new MetadataEndpoints(cloud, times);
  const server = createServer((request, response) => respond({ dispatcher, metadata }, request, response));
  const port = await listen(server, options.port ?? 0);
  return {
    url: `http://127.0.0.1:${port}`,
    accountId: cloud.home.settings.accountId,
    calls: dispatcher.calls,
    denyActions,
    snapshot: (of = {}) => snapshotOf(of.accountId === undefined ? cloud.home : cloud.account(of.accountId), of),
    call: (request) => dispatch(dispatcher, parseRequest(request)),
    metadataUrl: (instanceId) => metadata.url(instanceId),
    setCredentialLifetime: (lifetimeMs) => void Object.assign(times, credentialTimes(lifetimeMs)),
    setAwkwardness: (awkwardness) => switches.set(awkwardness),
    onRequest(next) {
      hook = next;
    },
    reset() {
      cloud.clear();
      dispatcher.calls.reset();
      dispatcher.buckets.clear();
      denyActions.clear();
      hook = undefined;
    },
    async close() {
      await Promise.all([close(server), metadata.close()]);
    },
  };
}
