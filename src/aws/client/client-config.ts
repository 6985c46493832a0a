import { type AgentOptions, Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { IAMClientConfig } from "@aws-sdk/client-iam";
import type { Clock } from "../../runtime/clock.ts";
import type { CallLimiter, LimiterWait } from "../call/call-limiter.ts";
import { collectBody } from "./collect-body.ts";
import { noRetryStrategy } from "./no-retry-strategy.ts";

/** One completed request to AWS, for metrics. */
export interface AwsCallReport {
  readonly service: AwsServiceName;
  /** The API action, such as `GetRole`. */
  readonly operation: string;
  /**
   * Unset on success; else AWS's error code (`NoSuchEntity`). Without an AWS error it is `Aborted` for calls that the
   * controller gave up (timeout, shutdown), and else the error's reason.
   */
  readonly code?: string;
  readonly durationMs: number;
}

/** One reply of AWS, for the log; AWS Support needs its request id. */
export interface AwsReply {
  readonly service: AwsServiceName;
  /** The API action, such as `PutRolePolicy`. */
  readonly operation: string;
  /** The AWS request id. */
  readonly requestId: string;
  /** Whether the HTTP status was a success. */
  readonly isSuccess: boolean;
}

/** The AWS services that this adapter calls. */
export type AwsServiceName = "IAM" | "STS" | "EC2" | "SQS";

/** How to connect to AWS. Unset options follow the SDK's resolution: environment, config files, instance metadata. */
export interface AwsClientOptions {
  readonly clock: Clock;
  /** The product version, for the user agent, so that CloudTrail distinguishes this controller from other clients. */
  readonly version: string;
  readonly region?: string;
  /** Endpoint of every service; precedes `AWS_ENDPOINT_URL_<SERVICE>` and `AWS_ENDPOINT_URL`. */
  readonly endpoint?: string;
  readonly credentials?: NonNullable<IAMClientConfig["credentials"]>;
  /** What to do without credentials; default: what the operator of the controller has to do. */
  readonly credentialsAdvice?: string;
  /** Concurrent connections per host, kept alive between calls. Default 50. */
  readonly maxSockets?: number;
  /** Time limit of the TCP connect. Default 3000. */
  readonly connectTimeoutMs?: number;
  /** Time limit of a call: connection, request and reply. Default 10000. */
  readonly callTimeoutMs?: number;
  /** Called for each completed request; must not throw. */
  readonly onCall?: (report: AwsCallReport) => void;
  /** Called for each reply that has a request id; must not throw. */
  readonly onReply?: (reply: AwsReply) => void;
  /** The limiter of the credentials' account; without one, calls are not limited. */
  readonly limiter?: CallLimiter;
  /** Called after each wait for the limiter; must not throw. */
  readonly onLimiterWait?: (report: LimiterWait) => void;
  /** Called right before each write is sent; raises when this process is no longer allowed to write. */
  readonly assertMayWrite?: () => void;
  /** Replaces the network, for tests. */
  readonly requestHandler?: NonNullable<IAMClientConfig["requestHandler"]>;
}

/** The configuration that all AWS clients share, of a type that each SDK client accepts. */
export type CommonClientConfig = Pick<
  IAMClientConfig,
  | "region"
  | "endpoint"
  | "credentials"
  | "requestHandler"
  | "streamCollector"
  | "retryStrategy"
  | "maxAttempts"
  | "customUserAgent"
>;

const DEFAULT_MAX_SOCKETS = 50;
const DEFAULT_CONNECT_TIMEOUT_MS = 3_000;

/** Builds the shared configuration: same connections, same credentials, no retries inside the SDK. */
export function commonClientConfig(options: AwsClientOptions): CommonClientConfig {
  return {
    ...(options.region === undefined ? {} : { region: options.region }),
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
    requestHandler: options.requestHandler ?? networkOptions(options),
    streamCollector: collectBody,
    retryStrategy: noRetryStrategy,
    maxAttempts: 1,
    customUserAgent: [["instance-profile-controller", options.version]],
  };
}

function networkOptions(options: AwsClientOptions): NonNullable<IAMClientConfig["requestHandler"]> {
  const agent = {
    keepAlive: true,
    maxSockets: options.maxSockets ?? DEFAULT_MAX_SOCKETS,
    proxyEnv: proxyEnvironment(process.env),
  };
  return {
    connectionTimeout: options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
    httpAgent: new HttpAgent(agent),
    httpsAgent: new HttpsAgent(agent),
  };
}

/** Hosts that no proxy can reach for this process: itself, and where an instance, a task or a pod gets credentials. */
const NEVER_PROXIED = [
  ...["localhost", "127.0.0.1", "::1"],
  ...["169.254.169.254", "fd00:ec2::254", "169.254.170.2", "169.254.170.23", "fd00:ec2::23"],
];

/** The proxy settings of the environment, in either case, as Node's agents take them. */
function proxyEnvironment(env: NodeJS.ProcessEnv): NonNullable<AgentOptions["proxyEnv"]> {
  const either = (name: string): string | undefined => env[name.toLowerCase()] ?? env[name];
  const [http, https, none] = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"].map(either);
  return {
    ...(http && { HTTP_PROXY: http }),
    ...(https && { HTTPS_PROXY: https }),
    NO_PROXY: [...(none ? [none] : []), ...NEVER_PROXIED].join(),
  };
}
