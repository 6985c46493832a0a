import type { KubeObject, ObjectClient, ObjectKey, PatchOperation } from "../engine/ports.ts";
import { ConflictError } from "../errors.ts";
import type { Exchange, KubeRequest, KubeResponse } from "./exchange.ts";
import { MalformedStreamError } from "./line-splitter.ts";
import { collectionPath, describe, type KubeResource, objectPath } from "./resource.ts";
import { KubeStatusError, parseStatus, toStatusError } from "./status-error.ts";

/** Dependencies of a KubeObjectClient. */
export interface ObjectClientOptions {
  readonly exchange: Exchange;
  readonly resource: KubeResource;
  /** Field manager of the writes; status writes append `-status`. */
  readonly fieldManager: string;
  /** Maps each received object to what is kept of it. Default: everything. */
  readonly kept?: (object: KubeObject) => KubeObject;
}

type Answer = Extract<KubeResponse, { readonly kind: "json" }>;

/**
 * Reads and writes objects of one resource as untyped JSON, so that unknown fields are preserved.
 *
 * Errors: ControllerErrors with a `statusOf`, if the API server sent one; the signal's reason when it aborts.
 */
export class KubeObjectClient implements ObjectClient {
  readonly #exchange: Exchange;
  readonly #resource: KubeResource;
  readonly #fieldManager: string;
  readonly #kept: (object: KubeObject) => KubeObject;

  constructor(options: ObjectClientOptions) {
    this.#exchange = options.exchange;
    this.#resource = options.resource;
    this.#fieldManager = options.fieldManager;
    this.#kept = options.kept ?? ((object) => object);
  }

  /** Reads the current object; undefined if it does not exist. */
  async get(key: ObjectKey, signal: AbortSignal): Promise<KubeObject | undefined> {
    const attempted = `get ${describe(this.#resource, key)}`;
    const answer = await this.#request({ method: "GET", path: objectPath(this.#resource, key), signal });
    // A 404 that is not a Status of the object comes from a server without the CRD.
    if (answer.statusCode === 404 && parseStatus(404, answer.body).reason === "NotFound") return undefined;
    return this.#kept(objectOf(answer, attempted));
  }

  /** Patches the object except its status. A failed `test` or a missing object is a ConflictError. */
  patch(key: ObjectKey, operations: readonly PatchOperation[], signal: AbortSignal): Promise<KubeObject> {
    return this.#patch(key, operations, undefined, signal);
  }

  /** Patches only the status. A failed `test` or a missing object is a ConflictError. */
  patchStatus(key: ObjectKey, operations: readonly PatchOperation[], signal: AbortSignal): Promise<KubeObject> {
    return this.#patch(key, operations, "status", signal);
  }

  /** Creates the object; an existing object of that name is a ConflictError. */
  async create(namespace: string | undefined, object: KubeObject, signal: AbortSignal): Promise<KubeObject> {
    const answer = await this.#request({
      method: "POST",
      path: collectionPath(this.#resource, namespace),
      query: { fieldManager: this.#fieldManager, fieldValidation: "Strict" },
      body: object,
      contentType: "application/json",
      signal,
    });
    return this.#kept(objectOf(answer, `create ${this.#resource.kind} in ${namespace ?? "the cluster"}`));
  }

  async #patch(
    key: ObjectKey,
    operations: readonly PatchOperation[],
    subresource: "status" | undefined,
    signal: AbortSignal,
  ): Promise<KubeObject> {
    const what = subresource === undefined ? "" : "the status of ";
    const attempted = `patch ${what}${describe(this.#resource, key)}`;
    const answer = await this.#request({
      method: "PATCH",
      path: objectPath(this.#resource, key, subresource),
      query: {
        fieldManager: subresource === undefined ? this.#fieldManager : `${this.#fieldManager}-${subresource}`,
        fieldValidation: "Strict",
      },
      body: operations,
      contentType: "application/json-patch+json",
      signal,
    });
    if (isFailedTest(answer, operations)) throw failedTest(answer, attempted);
    return this.#kept(objectOf(answer, attempted));
  }

  async #request(request: Omit<KubeRequest, "lane">): Promise<Answer> {
    const response = await this.#exchange({ ...request, lane: "api" });
    if (response.kind !== "json")
      throw new MalformedStreamError("The API server streamed the response to a plain request");
    return response;
  }
}

function objectOf(answer: Answer, attempted: string): KubeObject {
  if (answer.statusCode >= 300) throw toStatusError(answer, attempted);
  if (typeof answer.body === "object" && answer.body !== null) return answer.body as KubeObject;
  throw new MalformedStreamError(
    `The API server responded to an attempt to ${attempted} with something that is not an object`,
  );
}

/**
 * Detects a failed `test`: the API server rejects a JSON patch that does not apply with 422 and no causes, and an object that
 * is invalid after the patch with 422 and a cause per field.
 */
function isFailedTest(answer: Answer, operations: readonly PatchOperation[]): boolean {
  if (answer.statusCode !== 422 || !operations.some((operation) => operation.op === "test")) return false;
  return parseStatus(422, answer.body).causes.length === 0;
}

function failedTest(answer: Answer, attempted: string): ConflictError {
  const status = parseStatus(answer.statusCode, answer.body);
  return new ConflictError(`Another client changed the object before the attempt to ${attempted}`, {
    reason: "PatchTestFailed",
    cause: new KubeStatusError(status),
  });
}
