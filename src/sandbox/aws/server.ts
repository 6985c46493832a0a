import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { Account } from "./account/account.ts";
import { type AccountSnapshot, type SnapshotOptions, snapshotOf } from "./account/snapshot.ts";
import { type Awkwardness, AwkwardnessSwitches } from "./awkwardness.ts";
import { CallLog } from "./call-log.ts";
import { type Dispatcher, dispatch } from "./dispatch.ts";
import { defaultQuotas, type Quotas } from "./iam/quotas.ts";
import type { RequestHook } from "./interception.ts";
import { parseRequest } from "./protocol/request.ts";
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
}

/** A running AWS: one account behind one endpoint on 127.0.0.1. It keeps nothing when it closes. */
export interface AwsSandbox {
  /** `http://127.0.0.1:<port>`: an AWS_ENDPOINT_URL for IAM, STS and EC2. */
  readonly url: string;
  readonly accountId: string;
  /** Every call so far. */
  readonly calls: CallLog;
  /** Permissions that callers lack, such as `iam:CreateRole` or `iam:*`; may be changed at any time. */
  readonly denyActions: Set<string>;
  /** The truth now, for assertions. */
  snapshot(options?: SnapshotOptions): AccountSnapshot;
  /** Replaces all awkwardness from the next call on. */
  setAwkwardness(awkwardness: Awkwardness): void;
  /** Replaces the hook from the next call on. */
  onRequest(hook: RequestHook | undefined): void;
  /** An empty account and log, nothing denied, no hook; awkwardness, seed and time stay. */
  reset(): void;
  close(): Promise<void>;
}

/** Larger than any policy that IAM would take, percent-encoded. */
const maxBodyBytes = 1_000_000;

/** Starts an AWS on a free port of 127.0.0.1. */
export async function startAwsSandbox(options: AwsSandboxOptions = {}): Promise<AwsSandbox> {
  const now = options.now ?? Date.now;
  const switches = new AwkwardnessSwitches(options.awkwardness ?? {});
  const account = new Account({
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
    account,
    calls: new CallLog(),
    denyActions,
    buckets: new TokenBuckets(now),
    requestIds: seededRandom((options.seed ?? 1) + 1),
    hook: () => hook,
  };
  const server = createServer((request, response) => {
    respond(dispatcher, request, response).catch((error: unknown) => response.destroy(asError(error)));
  });
  const port = await listen(server, options.port ?? 0);
  return {
    url: `http://127.0.0.1:${port}`,
    accountId: account.settings.accountId,
    calls: dispatcher.calls,
    denyActions,
    snapshot: (snapshotOptions) => snapshotOf(account, snapshotOptions),
    setAwkwardness: (awkwardness) => switches.set(awkwardness),
    onRequest(next) {
      hook = next;
    },
    reset() {
      account.clear();
      dispatcher.calls.reset();
      dispatcher.buckets.clear();
      denyActions.clear();
      hook = undefined;
    },
    close: () => close(server),
  };
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

async function respond(dispatcher: Dispatcher, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readBody(request);
  const outcome = await dispatch(
    dispatcher,
    parseRequest({ method: request.method ?? "GET", url: request.url ?? "/", headers: request.headers, body }),
  );
  if (outcome.kind === "cut") {
    request.socket.destroy();
    return;
  }
  if (outcome.delayMs > 0) {
    await wait(outcome.delayMs, undefined, { ref: false });
  }
  response.writeHead(outcome.status, {
    "content-type": "text/xml;charset=utf-8",
    "x-amzn-requestid": outcome.requestId,
  });
  response.end(outcome.body);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > maxBodyBytes) {
      throw new Error(`A request to the sandbox AWS is longer than ${maxBodyBytes} bytes`);
    }
  }
  return Buffer.concat(chunks).toString("utf8");
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const address: AddressInfo | string | null = server.address();
      resolve(address !== null && typeof address === "object" ? address.port : port);
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error === undefined ? resolve() : reject(error)));
    server.closeAllConnections();
  });
}
