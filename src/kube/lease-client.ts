import type { ObjectKey } from "../engine/ports.ts";
import type { LeaseLock, LeaseWrite, ObservedLease } from "../runtime/election/leader-election-lock.ts";
import type { Exchange, KubeRequest, KubeResponse } from "./exchange.ts";
import { MalformedStreamError } from "./line-splitter.ts";
import { collectionPath, describe, type KubeResource, objectPath } from "./resource.ts";
import { parseStatus, toStatusError } from "./status-error.ts";

/** Dependencies of a LeaseClient. */
export interface LeaseClientOptions {
  readonly exchange: Exchange;
  /** Key of the Lease; its namespace must exist, the Lease need not. */
  readonly key: ObjectKey;
  readonly fieldManager: string;
}

type Answer = Extract<KubeResponse, { readonly kind: "json" }>;

const leases: KubeResource = { group: "coordination.k8s.io", version: "v1", plural: "leases", kind: "Lease" };

/**
 * The Lease object behind leader election.
 *
 * Guarantees: an update is a merge patch at a resourceVersion, so that it changes only the fields that it names. Requests use
 * their own connections, which are not reused after a request was cut off.
 * Errors: ControllerErrors; the signal's reason when it aborts.
 */
export class LeaseClient implements LeaseLock {
  readonly name: string;
  readonly #exchange: Exchange;
  readonly #key: ObjectKey;
  readonly #query: Readonly<Record<string, string>>;

  constructor(options: LeaseClientOptions) {
    this.#exchange = options.exchange;
    this.#key = options.key;
    this.#query = { fieldManager: options.fieldManager, fieldValidation: "Strict" };
    this.name = `${options.key.namespace}/${options.key.name}`;
  }

  /** Reads without a resourceVersion, so that the server returns its latest state and not a cached one. */
  async read(signal: AbortSignal): Promise<ObservedLease | undefined> {
    const answer = await this.#request({ method: "GET", path: objectPath(leases, this.#key), signal });
    if (isNotFound(answer)) return undefined;
    return this.#parse(answer, "get");
  }

  /** Returns undefined if the Lease exists. Errors: a ConflictError, too, when the namespace does not exist. */
  async create(write: LeaseWrite, signal: AbortSignal): Promise<ObservedLease | undefined> {
    const { namespace, name } = this.#key;
    const answer = await this.#request({
      method: "POST",
      path: collectionPath(leases, namespace),
      query: this.#query,
      body: {
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        metadata: { namespace, name, ...annotationsOf(write) },
        spec: specOf(write),
      },
      contentType: "application/json",
      signal,
    });
    return answer.statusCode === 409 ? undefined : this.#parse(answer, "create");
  }

  async update(write: LeaseWrite, previous: ObservedLease, signal: AbortSignal): Promise<ObservedLease | undefined> {
    const answer = await this.#request({
      method: "PATCH",
      path: objectPath(leases, this.#key),
      query: this.#query,
      body: { metadata: { resourceVersion: previous.version, ...annotationsOf(write) }, spec: specOf(write) },
      contentType: "application/merge-patch+json",
      signal,
    });
    return answer.statusCode === 409 || isNotFound(answer) ? undefined : this.#parse(answer, "patch");
  }

  async #request(request: Omit<KubeRequest, "lane">): Promise<Answer> {
    const response = await this.#exchange({ ...request, lane: "lease" });
    if (response.kind !== "json")
      throw new MalformedStreamError("The API server streamed the response to a Lease request");
    return response;
  }

  #parse(answer: Answer, verb: string): ObservedLease {
    const attempted = `${verb} ${describe(leases, this.#key)}`;
    if (answer.statusCode >= 300) throw toStatusError(answer, attempted);
    const lease = parseLease(answer.body);
    if (lease !== undefined) return lease;
    throw new MalformedStreamError(
      `The API server responded to an attempt to ${attempted} with an object that is not a Lease`,
    );
  }
}

/** A 404 that is not a Status of the object comes from a server that does not serve Leases. */
function isNotFound({ statusCode, body }: Answer): boolean {
  return statusCode === 404 && parseStatus(404, body).reason === "NotFound";
}

/** Builds the spec; omitted fields stay unchanged. https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/lease-v1/ */
function specOf(write: LeaseWrite): Readonly<Record<string, unknown>> {
  const { acquireTimeMs, leaseTransitions } = write;
  return {
    holderIdentity: write.holderIdentity,
    leaseDurationSeconds: write.leaseDurationMs / 1_000,
    renewTime: microTime(write.renewTimeMs),
    ...(acquireTimeMs !== undefined && { acquireTime: microTime(acquireTimeMs) }),
    ...(leaseTransitions !== undefined && { leaseTransitions }),
  };
}

function annotationsOf({ annotations }: LeaseWrite): Readonly<Record<string, unknown>> {
  return annotations === undefined ? {} : { annotations };
}

/** Parses a Lease. Any part of its spec can be missing, because an operator can create it by hand. */
function parseLease(body: unknown): ObservedLease | undefined {
  const { metadata, spec } = record(body);
  const version = record(metadata)["resourceVersion"];
  if (typeof version !== "string" || version === "") return undefined;
  const { holderIdentity, leaseDurationSeconds, leaseTransitions } = record(spec);
  const annotations = Object.entries(record(record(metadata)["annotations"])).flatMap(([key, value]) =>
    typeof value === "string" ? [[key, value] as const] : [],
  );
  return {
    holderIdentity: typeof holderIdentity === "string" ? holderIdentity : "",
    leaseDurationMs: typeof leaseDurationSeconds === "number" ? leaseDurationSeconds * 1_000 : undefined,
    leaseTransitions: typeof leaseTransitions === "number" ? leaseTransitions : 0,
    version,
    ...(annotations.length > 0 && { annotations: Object.fromEntries(annotations) }),
  };
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

/** Formats a MicroTime: the API server requires six decimal places and rejects three. */
function microTime(nowMs: number): string {
  return new Date(nowMs).toISOString().replace("Z", "000Z");
}
