import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { IAMClientConfig } from "@aws-sdk/client-iam";
import type { Clock } from "../../runtime/clock.ts";
import type { CallLimiter, TurnReport } from "../call/call-limiter.ts";
import { noRetryStrategy } from "./no-retry-strategy.ts";

/** One request to AWS that has ended, for metrics. */
export interface AwsCallReport {
  readonly service: AwsServiceName;
  /** The API action, such as `GetRole`. */
  readonly operation: string;
  /**
   * Unset on success; else AWS's wire code (`NoSuchEntity`); where no AWS error came back, `Aborted` for calls that we
   * gave up (time limit, shutdown) and else the error's reason.
   */
  readonly code?: string;
  readonly durationMs: number;
}

/** One reply of AWS, for the log: what AWS's support needs to find the request. */
export interface AwsReply {
  readonly service: AwsServiceName;
  /** The API action, such as `PutRolePolicy`. */
  readonly operation: string;
  /** AWS's name of the request. */
  readonly requestId: string;
  /** The HTTP status was one of success. */
  readonly isSuccess: boolean;
}

/** The AWS services that this adapter calls. */
export type AwsServiceName = "IAM" | "STS" | "EC2";

/** How to reach AWS. What is left out follows the SDK's own resolution: environment, config files, instance metadata. */
export interface AwsClientOptions {
  readonly clock: Clock;
  /** Of the product; the last part of the user agent, so that CloudTrail tells our calls from others. */
  readonly version: string;
  readonly region?: string;
  /** For every service, before `AWS_ENDPOINT_URL_<SERVICE>` and `AWS_ENDPOINT_URL`. */
  readonly endpoint?: string;
  readonly credentials?: NonNullable<IAMClientConfig["credentials"]>;
  /** Connections open at once per host, kept alive between calls. Default 50. */
  readonly maxSockets?: number;
  /** Until the TCP connection stands. Default 3000. */
  readonly connectTimeoutMs?: number;
  /** For a whole call: credentials, connection, request and reply. Default 10000. */
  readonly callTimeoutMs?: number;
  /** Told of each request once it has ended; must not throw. */
  readonly onCall?: (report: AwsCallReport) => void;
  /** Told of each reply that has a request id; must not throw. */
  readonly onReply?: (reply: AwsReply) => void;
  /** Of the account that the credentials belong to; without one, calls are sent as they come. */
  readonly limiter?: CallLimiter;
  /** Told of each turn that a call waited for; must not throw. */
  readonly onTurn?: (report: TurnReport) => void;
  /** Asked right before each single write is sent; raises when this process may write no longer. */
  readonly assertMayWrite?: () => void;
  /** Takes the place of the network, for tests. */
  readonly requestHandler?: NonNullable<IAMClientConfig["requestHandler"]>;
}

/** What every AWS client of the process is built from; of a type that each SDK client's configuration accepts. */
export type CommonClientConfig = Pick<
  IAMClientConfig,
  "region" | "endpoint" | "credentials" | "requestHandler" | "retryStrategy" | "maxAttempts" | "customUserAgent"
>;

const DEFAULT_MAX_SOCKETS = 50;
const DEFAULT_CONNECT_TIMEOUT_MS = 3_000;

/** Configuration shared by all clients of one process: same connections, same credentials, no retries inside the SDK. */
export function commonClientConfig(options: AwsClientOptions): CommonClientConfig {
  return {
    ...(options.region === undefined ? {} : { region: options.region }),
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
    requestHandler: options.requestHandler ?? networkOptions(options),
    retryStrategy: noRetryStrategy,
    maxAttempts: 1,
    customUserAgent: [["instance-profile-controller", options.version]],
  };
}

function networkOptions(options: AwsClientOptions): NonNullable<IAMClientConfig["requestHandler"]> {
  const agent = { keepAlive: true, maxSockets: options.maxSockets ?? DEFAULT_MAX_SOCKETS };
  return {
    connectionTimeout: options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
    httpAgent: new HttpAgent(agent),
    httpsAgent: new HttpsAgent(agent),
  };
}
