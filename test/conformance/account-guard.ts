import { Readable } from "node:stream";
import { IAMClient } from "@aws-sdk/client-iam";
import { complaintAbout } from "./guard-rules.ts";
import type { RunMarks } from "./run-marks.ts";

/** How many requests a run may send, and how fast. */
export interface RequestLimits {
  readonly perSecond: number;
  readonly total: number;
  /** Between a write and the next request: what IAM wrote is visible after a moment only. */
  readonly afterWriteMs: number;
}

/** A request that a run was about to send and must not: a fault of the run, never of AWS. */
export class GuardError extends Error {
  override readonly name = "GuardError";
}

/** A request as the SDK hands it over. */
interface Exchange {
  readonly body?: unknown;
}

interface Reply {
  readonly response: { readonly statusCode: number; body?: unknown };
}

/** What carries a request to AWS. */
export type Network = { handle(request: Exchange, options?: unknown): Promise<Reply> };

/**
 * The one way of a run to AWS: the request handler of all its clients, those of the controller included. It lets a write through only
 * when everything that the write names is the run's own, spaces the requests out, counts them, and stops when the run ends.
 */
export class AccountGuard {
  readonly #marks: RunMarks;
  readonly #limits: RequestLimits;
  readonly #network: Network;
  readonly #ids = new Set<string>();
  /** Successful calls, for those that count them. */
  readonly actions: string[] = [];
  signal: AbortSignal = new AbortController().signal;
  afterWriteMs: number;
  #sent = 0;
  #freeAtMs = 0;

  constructor(marks: RunMarks, limits: RequestLimits, network: Network = networkHandler()) {
    this.#marks = marks;
    this.#limits = limits;
    this.#network = network;
    this.afterWriteMs = limits.afterWriteMs;
  }

  /** How many requests were sent. */
  get sent(): number {
    return this.#sent;
  }

  /** Takes an instance or launch template for one of a run: its tags have proved it. */
  trust(id: string): void {
    this.#ids.add(id);
  }

  /** As the clients of the SDK want it. */
  readonly handler: never = {
    handle: (request: Exchange, options: unknown) => this.#handle(request, options),
  } as never;

  async #handle(request: Exchange, options: unknown): Promise<Reply> {
    const params = new URLSearchParams(textOf(request.body));
    const action = params.get("Action") ?? "";
    const complaint = complaintAbout(params, { marks: this.#marks, ids: this.#ids });
    if (complaint !== undefined) throw new GuardError(`${action} was not sent: ${complaint}`);
    await this.#takeTurn(action);
    const reply = await this.#network.handle(request, options);
    if (!isRead(action)) this.#freeAtMs = Math.max(this.#freeAtMs, performance.now() + this.afterWriteMs);
    if (reply.response.statusCode < 300) {
      this.actions.push(action);
      if (/Instances|IamInstanceProfile|LaunchTemplate/.test(action)) await this.#learn(action, reply);
    }
    return reply;
  }

  async #takeTurn(action: string): Promise<void> {
    if (this.#sent >= this.#limits.total) {
      throw new GuardError(`${action} was not sent: the run has sent its ${this.#limits.total} requests`);
    }
    this.#sent += 1;
    const nowMs = performance.now();
    const turnMs = Math.max(nowMs, this.#freeAtMs);
    this.#freeAtMs = turnMs + 1_000 / this.#limits.perSecond;
    await pause(turnMs - nowMs, this.signal);
  }

  /** Takes the ids of what the run has just started or made, and of the associations of its instances. */
  async #learn(action: string, { response }: Reply): Promise<void> {
    const text = await readAll(response.body);
    response.body = Readable.from([Buffer.from(text)]);
    if (action === "RunInstances") this.#trustAll(text, /<instanceId>(i-\w+)<\/instanceId>/g);
    if (action === "CreateLaunchTemplate") this.#trustAll(text, /<launchTemplateId>(lt-\w+)<\/launchTemplateId>/g);
    for (const [, element = ""] of text.matchAll(ASSOCIATION_ELEMENTS)) {
      const instanceId = /<instanceId>(i-\w+)<\/instanceId>/.exec(element)?.[1] ?? "";
      if (this.#ids.has(instanceId)) this.#trustAll(element, /<associationId>(iip-assoc-\w+)<\/associationId>/g);
    }
  }

  #trustAll(text: string, pattern: RegExp): void {
    for (const [, id = ""] of text.matchAll(pattern)) this.#ids.add(id);
  }
}

const ASSOCIATION_ELEMENTS =
  /<(?:item|iamInstanceProfileAssociation)>([\s\S]*?)<\/(?:item|iamInstanceProfileAssociation)>/g;

const isRead = (action: string): boolean => /^(Get|List|Describe|Simulate)/.test(action);

function textOf(body: unknown): string {
  if (typeof body === "string") return body;
  return body instanceof Uint8Array ? Buffer.from(body).toString("utf8") : "";
}

async function readAll(body: unknown): Promise<string> {
  if (!(body instanceof Readable)) return textOf(body);
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}

/** Waits; raises the reason of the signal when it aborts, or has aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (ms <= 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal.addEventListener("abort", onAbort, { once: true });
  });
}

/** The SDK's own way to the network. */
function networkHandler(): Network {
  return new IAMClient({}).config.requestHandler as unknown as Network;
}
