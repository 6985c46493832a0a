import type { CrdReader, CrdState } from "../engine/ports.ts";
import type { Exchange, KubeRequest, KubeResponse } from "./exchange.ts";
import { MalformedStreamError } from "./line-splitter.ts";
import { collectionPath, describe, type KubeResource, objectPath } from "./resource.ts";
import { toStatusError } from "./status-error.ts";

type Answer = Extract<KubeResponse, { readonly kind: "json" }>;

const crds: KubeResource = {
  group: "apiextensions.k8s.io",
  version: "v1",
  plural: "customresourcedefinitions",
  kind: "CustomResourceDefinition",
};

/** The metadata alone: a CRD with its schema is large. */
const METADATA_ONLY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";

/**
 * Reads whether a CRD is being deleted. Without the permission to read it, asks discovery, which every account may read: the API server
 * no longer offers to create objects of a CRD that is being deleted.
 *
 * A CRD that does not exist counts as being deleted: its objects are gone, or go with it.
 */
export class KubeCrdReader implements CrdReader {
  readonly name: string;
  readonly #exchange: Exchange;
  readonly #resource: KubeResource;

  constructor(exchange: Exchange, resource: KubeResource) {
    this.name = `${resource.plural}.${resource.group}`;
    this.#exchange = exchange;
    this.#resource = resource;
  }

  async read(signal: AbortSignal): Promise<CrdState> {
    const key = { namespace: "", name: this.name };
    const answer = await this.#get(objectPath(crds, key), signal, METADATA_ONLY);
    if (answer.statusCode === 404) return { isBeingDeleted: true, isConfirmed: true };
    if (answer.statusCode === 403) return { isBeingDeleted: await this.#isWithdrawn(signal), isConfirmed: false };
    if (answer.statusCode >= 300) throw toStatusError(answer, `get ${describe(crds, key)}`);
    const { metadata } = answer.body as { readonly metadata?: { readonly deletionTimestamp?: string } };
    return { isBeingDeleted: metadata?.deletionTimestamp !== undefined, isConfirmed: true };
  }

  async #isWithdrawn(signal: AbortSignal): Promise<boolean> {
    const { group, version, plural } = this.#resource;
    const answer = await this.#get(collectionPath(this.#resource).slice(0, -plural.length - 1), signal);
    if (answer.statusCode === 404) return true;
    if (answer.statusCode >= 300) throw toStatusError(answer, `discover ${group}/${version}`);
    const { resources = [] } = answer.body as {
      readonly resources?: readonly { readonly name: string; readonly verbs: readonly string[] }[];
    };
    return resources.find(({ name }) => name === plural)?.verbs.includes("create") !== true;
  }

  async #get(path: string, signal: AbortSignal, accept?: string): Promise<Answer> {
    const request: KubeRequest = { method: "GET", path, lane: "api", signal, ...(accept !== undefined && { accept }) };
    const response = await this.#exchange(request);
    if (response.kind === "json") return response;
    throw new MalformedStreamError("The API server streamed the response to a plain request");
  }
}
