import type { ObjectKey } from "../engine/ports.ts";
import type { LeaseLock, LeaseWrite, SeenLease } from "../runtime/election/leader-election-lock.ts";
import type { Exchange, KubeRequest, KubeResponse } from "./exchange.ts";
import { MalformedStreamError } from "./line-splitter.ts";
import { collectionPath, describe, type KubeResource, objectPath } from "./resource.ts";
import { parseStatus, toStatusError } from "./status-error.ts";

/** What a LeaseClient is made of. */
export interface LeaseClientOptions {
  readonly exchange: Exchange;
  /** The Lease; its namespace must exist, the object need not. */
  readonly key: ObjectKey;
  readonly fieldManager: string;
}

type Answer = Extract<KubeResponse, { readonly kind: "json" }>;

const leases: KubeResource = { group: "coordination.k8s.io", version: "v1", plural: "leases", kind: "Lease" };

/**
 * A Lease object as the lock of an election.
 *
 * Guarantees: an update is a merge patch at a resourceVersion, so that it touches only what it names and fields of newer
 * servers survive. Requests have connections of their own, which are not used again after a request was cut.
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

  /** Without a resourceVersion, which makes the server answer with its newest state rather than a cached one. */
  async read(signal: AbortSignal): Promise<SeenLease | undefined> {
    const answer = await this.#ask({ method: "GET", path: objectPath(leases, this.#key), signal });
    if (isNotFound(answer)) return undefined;
    return this.#seen(answer, "get");
  }

  /** Errors: a ConflictError, too, when the namespace does not exist. */
  async create(write: LeaseWrite, signal: AbortSignal): Promise<SeenLease | undefined> {
    const { namespace, name } = this.#key;
    const answer = await this.#ask({
      method: "POST",
      path: collectionPath(leases, namespace),
      query: this.#query,
      body: { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { namespace, name }, spec: specOf(write) },
      contentType: "application/json",
      signal,
    });
    return answer.statusCode === 409 ? undefined : this.#seen(answer, "create");
  }

  async update(write: LeaseWrite, previous: SeenLease, signal: AbortSignal): Promise<SeenLease | undefined> {
    const answer = await this.#ask({
      method: "PATCH",
      path: objectPath(leases, this.#key),
      query: this.#query,
      body: { metadata: { resourceVersion: previous.version }, spec: specOf(write) },
      contentType: "application/merge-patch+json",
      signal,
    });
    return answer.statusCode === 409 || isNotFound(answer) ? undefined : this.#seen(answer, "patch");
  }

  async #ask(request: Omit<KubeRequest, "lane">): Promise<Answer> {
    const response = await this.#exchange({ ...request, lane: "lease" });
    if (response.kind !== "json") throw new MalformedStreamError("The API server streamed a Lease");
    return response;
  }

  #seen(answer: Answer, verb: string): SeenLease {
    const attempted = `${verb} ${describe(leases, this.#key)}`;
    if (answer.statusCode >= 300) throw toStatusError(answer, attempted);
    const lease = parseLease(answer.body);
    if (lease !== undefined) return lease;
    throw new MalformedStreamError(
      `The API server answered an attempt to ${attempted} with something that is no Lease`,
    );
  }
}

/** A 404 without a Status about an object is a server that does not serve leases. */
function isNotFound({ statusCode, body }: Answer): boolean {
  return statusCode === 404 && parseStatus(404, body).reason === "NotFound";
}

/** https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/lease-v1/; fields left out stay as they are. */
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

/** A Lease may lack any part of its spec, and the spec itself: somebody may have made it by hand, for us to fill. */
function parseLease(body: unknown): SeenLease | undefined {
  const { metadata, spec } = record(body);
  const version = record(metadata)["resourceVersion"];
  if (typeof version !== "string" || version === "") return undefined;
  const { holderIdentity, leaseDurationSeconds, leaseTransitions } = record(spec);
  return {
    holderIdentity: typeof holderIdentity === "string" ? holderIdentity : "",
    leaseDurationMs: typeof leaseDurationSeconds === "number" ? leaseDurationSeconds * 1_000 : undefined,
    leaseTransitions: typeof leaseTransitions === "number" ? leaseTransitions : 0,
    version,
  };
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

/** The server's MicroTime wants six digits after the point and refuses three. */
function microTime(nowMs: number): string {
  return new Date(nowMs).toISOString().replace("Z", "000Z");
}
