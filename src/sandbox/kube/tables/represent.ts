import type { JsonObject } from "../../../crd/contract.ts";
import { apiVersionOf, type Endpoint } from "../endpoint.ts";
import { metaOf, without } from "../json.ts";
import type { Representation } from "../query/media-type.ts";

/** A list as it was read, before it takes a shape. */
export interface ObjectList {
  readonly items: readonly JsonObject[];
  /** resourceVersion, continue, remainingItemCount. */
  readonly listMeta: JsonObject;
}

/** One object in the agreed shape. */
export function representObject(endpoint: Endpoint, object: JsonObject, as: Representation, nowMs: number): JsonObject {
  if (as.shape === "object") return object;
  if (as.shape === "metadata") return partial(object);
  const { resourceVersion } = metaOf(object);
  return table(endpoint, [object], resourceVersion === undefined ? {} : { resourceVersion }, as, nowMs);
}

/** A list in the agreed shape. */
export function representList(endpoint: Endpoint, list: ObjectList, as: Representation, nowMs: number): JsonObject {
  if (as.shape === "table") return table(endpoint, list.items, list.listMeta, as, nowMs);
  if (as.shape === "metadata") {
    const items = list.items.map(partial);
    return { kind: "PartialObjectMetadataList", apiVersion: "meta.k8s.io/v1", metadata: list.listMeta, items };
  }
  // A list of custom resources says continue even when there is nothing more.
  const metadata = endpoint.rules.typed ? list.listMeta : { continue: "", ...list.listMeta };
  const items = endpoint.rules.typed ? list.items.map((item) => without(item, "apiVersion", "kind")) : [...list.items];
  return { kind: endpoint.listKind, apiVersion: apiVersionOf(endpoint), metadata, items };
}

/** The object of a watch event: tables carry their columns only once per stream. */
export function representEvent(
  endpoint: Endpoint,
  object: JsonObject,
  as: Representation,
  nowMs: number,
  isFirst: boolean,
): JsonObject {
  const told = representObject(endpoint, object, as, nowMs);
  return as.shape === "table" && !isFirst ? { ...told, columnDefinitions: null } : told;
}

function table(
  endpoint: Endpoint,
  objects: readonly JsonObject[],
  listMeta: JsonObject,
  as: Representation,
  nowMs: number,
): JsonObject {
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata: listMeta,
    columnDefinitions: endpoint.columns.map(({ name, type, format, description, priority }) => ({
      name,
      type,
      format,
      description,
      priority,
    })),
    rows: objects.map((object) => ({
      cells: endpoint.columns.map((column) => column.cell(object, nowMs)),
      ...rowObject(object, as),
    })),
  };
}

function rowObject(object: JsonObject, as: Representation): JsonObject {
  if (as.includeObject === "None") return { object: null };
  return { object: as.includeObject === "Object" ? object : partial(object) };
}

function partial(object: JsonObject): JsonObject {
  return { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: metaOf(object) };
}
