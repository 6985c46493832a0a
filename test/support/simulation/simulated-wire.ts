import { Readable } from "node:stream";
import type { AwsClientOptions } from "../../../src/aws/client/client-config.ts";
import type { Exchange, KubeRequest, KubeResponse } from "../../../src/kube/exchange.ts";
import { RequestTimeoutError, toNetworkError } from "../../../src/kube/network-error.ts";
import { isAwsWrite } from "../aws-write.ts";
import type { FakeClock } from "../fake-clock.ts";
import type { Fate, ProxiedRequest } from "../faults/fault-proxy.ts";
import type { MachineClock } from "../machine-clock.ts";
import { LineStream } from "./line-stream.ts";
import type { SimulatedServers } from "./simulated-servers.ts";

/** So long does a request take to arrive, and an answer to come back. */
const ONE_WAY_MS = 5;
/** As the transport has it (src/kube/transport.ts). */
const KUBE_TIMEOUT_MS = 45_000;
const SERVER = "http://kube";

/** One request on the wire. */
export interface WireCall extends ProxiedRequest {
  readonly server: "kube" | "aws";
  /** `CreateRole`, `PATCH instanceprofiles/status`, `watch instanceprofiles`, … */
  readonly what: string;
  /** What it is about: the object's name, or that of the role or profile. */
  readonly subject: string;
  readonly isWrite: boolean;
  /** Of a call to AWS. */
  readonly accessKeyId?: string | undefined;
  readonly sentAtMs: number;
  /** When the server carried it out, successfully; undefined while it has not. */
  doneAtMs: number | undefined;
}

type Invented = Extract<Fate, { readonly kind: "answer" | "stream" }>;
type Description = Pick<
  WireCall,
  "accessKeyId" | "server" | "what" | "subject" | "isWrite" | "method" | "path" | "query"
> & {
  readonly text: string;
};

/**
 * The way of one process to both servers, in virtual time, on which a test decides what becomes of each exchange, as on a
 * FaultProxy. A process that is blocked or dead hears nothing; what it has sent arrives all the same.
 */
export class SimulatedWire {
  judge: (call: WireCall) => Fate | undefined = () => undefined;
  /** Hears of each request as it is sent. */
  onCall: (call: WireCall) => void = () => {};
  /** Everything that was sent, in order. */
  readonly calls: WireCall[] = [];
  /** Nothing passes any more, in either direction, but what is on its way to a server. */
  isDark = false;
  readonly #world: FakeClock;
  readonly #machine: MachineClock;
  readonly #servers: SimulatedServers;
  readonly #streams = new Set<LineStream>();

  constructor(world: FakeClock, machine: MachineClock, servers: SimulatedServers) {
    this.#world = world;
    this.#machine = machine;
    this.#servers = servers;
  }

  /** Breaks every stream off. */
  reset(): void {
    for (const stream of this.#streams) stream.fail(toNetworkError(connectionReset(), SERVER));
  }

  /** In the place of the transport to the API server. */
  readonly exchange: Exchange = async (request) => {
    request.signal.throwIfAborted();
    const call = this.#call(describeKube(request));
    const answered = Promise.withResolvers<never>();
    const timeout = this.#machine.schedule(KUBE_TIMEOUT_MS, () =>
      answered.reject(toNetworkError(new RequestTimeoutError(KUBE_TIMEOUT_MS), SERVER)),
    );
    const onAbort = (): void => answered.reject(request.signal.reason);
    request.signal.addEventListener("abort", onAbort, { once: true });
    const travel = this.#travel(
      call,
      (fate) => this.#serveKube(call, request, fate),
      (fate) => this.#inventKube(request, fate),
    ).catch((error: unknown) => {
      throw toNetworkError(error, SERVER);
    });
    return Promise.race([travel, answered.promise]).finally(() => {
      timeout.cancel();
      request.signal.removeEventListener("abort", onAbort);
    });
  };

  /** In the place of the network to AWS. */
  readonly awsHandler: NonNullable<AwsClientOptions["requestHandler"]> = {
    handle: async (request: { readonly headers: Readonly<Record<string, string>>; readonly body: string }) => {
      const { authorization = "", "x-amz-security-token": token } = request.headers;
      const [, accessKeyId] = /Credential=([^/]+)/.exec(authorization) ?? [];
      const call = this.#call({ ...describeAws(request.body), accessKeyId });
      const signed = { authorization, ...(token && { "x-amz-security-token": token }) };
      const { status, headers, body } = await this.#travel(
        call,
        async () => {
          const answer = this.#served(call, await this.#servers.askAws(signed, request.body));
          return { ...answer, headers: { "x-amzn-requestid": answer.requestId } };
        },
        (fate) => (fate.kind === "answer" ? { headers: {}, ...fate } : { status: 500, headers: {}, body: "" }),
      );
      return { response: { statusCode: status, headers, body: Readable.from([Buffer.from(body)]) } };
    },
  } as never;

  /**
   * Carries one request of another kind, named `what`, to the API server: `serve` is what that does. It is cheaper than
   * `exchange`, for what happens every other second.
   *
   * Errors: a connection that was reset; the signal's reason.
   */
  async ask<T>(what: string, isWrite: boolean, signal: AbortSignal, serve: () => T): Promise<T> {
    signal.throwIfAborted();
    const query = new URLSearchParams();
    const call = this.#call({ server: "kube", what, subject: "", isWrite, method: "", path: "", query, text: "" });
    const cut = Promise.withResolvers<never>();
    const onAbort = (): void => cut.reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    const served = (): T => {
      call.doneAtMs = this.#world.monotonicMs();
      return serve();
    };
    const travel = this.#travel(call, served, () => {
      throw connectionReset();
    });
    return Promise.race([travel, cut.promise]).finally(() => signal.removeEventListener("abort", onAbort));
  }

  #call({ text, ...description }: Description): WireCall {
    const number = this.calls.length + 1;
    const sentAtMs = this.#world.monotonicMs();
    const call: WireCall = { ...description, number, sentAtMs, doneAtMs: undefined, body: Buffer.from(text) };
    this.calls.push(call);
    this.onCall(call);
    return call;
  }

  /** Resolves when the answer has reached a process that is awake; never, where none does. */
  async #travel<T>(
    call: WireCall,
    serve: (fate: Fate | undefined) => T | Promise<T>,
    invent: (fate: Invented) => T,
  ): Promise<T> {
    const fate = this.isDark ? ({ kind: "hang" } as const) : this.judge(call);
    if (fate?.kind === "hang") return never();
    if (fate?.kind === "refuse") {
      await this.#back(ONE_WAY_MS);
      throw connectionReset();
    }
    if (fate?.kind === "answer" || fate?.kind === "stream") {
      await this.#back(ONE_WAY_MS);
      return invent(fate);
    }
    const { requestMs = 0, replyMs = 0 } = fate?.kind === "delay" ? fate : {};
    await this.#world.sleep(ONE_WAY_MS + requestMs);
    const answer = await serve(fate);
    if (fate?.kind === "hang-reply") return never();
    await this.#back(replyMs);
    if (fate?.kind === "lose-reply" || fate?.kind === "cut-body") throw connectionReset();
    return answer;
  }

  #back(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#world.schedule(ONE_WAY_MS + delayMs, () => {
        if (!this.isDark) this.#machine.whenAwake(resolve);
      });
    });
  }

  #served<A extends { readonly status: number }>(call: WireCall, answer: A): A {
    if (answer.status < 300) call.doneAtMs = this.#world.monotonicMs();
    return answer;
  }

  #serveKube(call: WireCall, request: KubeRequest, fate: Fate | undefined): KubeResponse {
    const { method, path, query } = call;
    const contentType = request.contentType ?? "application/json";
    const said = this.#servers.askKube({ method, path, query, contentType, body: call.body.toString() });
    if (said.kind === "whole") return wholeResponse(this.#served(call, said), undefined);
    const edit = fate?.kind === "lines" ? fate.edit : (line: string): readonly string[] => [line];
    let onClose = (): void => {};
    const stream = this.#openStream(request.signal, () => onClose());
    said.open({
      write: (text) => {
        for (const line of edit(text.trimEnd())) this.#stream(stream, () => stream.push(`${line}\n`));
      },
      end: () => this.#stream(stream, () => stream.end()),
      backlogBytes: () => 0,
      onClose: (callback) => {
        onClose = callback;
      },
    });
    return { kind: "stream", statusCode: 200, chunks: stream };
  }

  #inventKube(request: KubeRequest, fate: Invented): KubeResponse {
    if (fate.kind === "answer") {
      const retryAfter = fate.headers?.["retry-after"];
      return wholeResponse({ status: fate.status, body: parsed(fate.body) }, retryAfter && Number(retryAfter) * 1_000);
    }
    const stream = this.#openStream(request.signal, () => {});
    for (const line of fate.lines) stream.push(`${line}\n`);
    return { kind: "stream", statusCode: 200, chunks: stream };
  }

  #openStream(signal: AbortSignal, onClose: () => void): LineStream {
    const stream = new LineStream(() => {
      this.#streams.delete(stream);
      onClose();
    });
    this.#streams.add(stream);
    signal.addEventListener("abort", () => stream.fail(signal.reason), { once: true });
    return stream;
  }

  /** A line that the dark has swallowed is missing for good: TCP would not deliver what comes after it. */
  #stream(stream: LineStream, deliver: () => void): void {
    this.#world.schedule(ONE_WAY_MS, () => {
      if (this.isDark) stream.isDead = true;
      else this.#machine.whenAwake(deliver);
    });
  }
}

function never(): Promise<never> {
  return new Promise(() => {});
}

function connectionReset(): Error {
  return Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
}

function wholeResponse(
  { status, body }: { readonly status: number; readonly body: unknown },
  retryAfterMs: number | "" | undefined,
): KubeResponse {
  return { kind: "json", statusCode: status, body, retryAfterMs: retryAfterMs || undefined };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function describeKube({ method, path, query, body }: KubeRequest): Description {
  const [, , , , ...rest] = path.split("/");
  const parts = rest[0] === "namespaces" ? rest.slice(2) : rest;
  const [resource = "", name = "", subresource = ""] = parts;
  const verb = method === "GET" ? (query?.["watch"] === "true" ? "watch" : name === "" ? "list" : "get") : method;
  return {
    server: "kube",
    what: `${verb} ${subresource === "" ? resource : `${resource}/${subresource}`}`,
    subject: name,
    isWrite: method !== "GET",
    method,
    path,
    query: new URLSearchParams(query),
    text: body === undefined ? "" : JSON.stringify(body),
  };
}

function describeAws(text: string): Description {
  const form = new URLSearchParams(text);
  const what = form.get("Action") ?? "";
  return {
    server: "aws",
    what,
    subject: form.get("RoleName") ?? form.get("InstanceProfileName") ?? "",
    isWrite: isAwsWrite(what),
    method: "POST",
    path: "/",
    query: new URLSearchParams(),
    text,
  };
}
