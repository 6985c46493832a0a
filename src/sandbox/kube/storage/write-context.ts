import type { JsonObject } from "../../../crd/contract.ts";
import { stringMember } from "../../../crd/json.ts";
import type { Endpoint } from "../endpoint.ts";
import { keyOf } from "../endpoint.ts";
import type { Identity } from "../identity.ts";
import { metaOf, objectAt } from "../json.ts";
import { badRequest, forbidden, notFound } from "../status-error.ts";
import type { KubeClock } from "../time.ts";
import type { ObjectStore } from "./object-store.ts";

/** What every write needs. */
export interface WriteContext {
  readonly store: ObjectStore;
  readonly clock: KubeClock;
  readonly identity: Identity;
}

/** Where an object lives; the namespace is empty for a cluster-scoped one. */
export interface Address {
  readonly endpoint: Endpoint;
  readonly namespace: string;
  readonly name: string;
}

/** Where an object lives by its own metadata. */
export function addressOf(endpoint: Endpoint, object: JsonObject): Address {
  const meta = metaOf(object);
  return { endpoint, namespace: stringMember(meta, "namespace"), name: stringMember(meta, "name") };
}

/** The object in the shape that the endpoint serves; undefined when it is not there. */
export function findObject(context: WriteContext, address: Address): JsonObject | undefined {
  const stored = context.store.get(address.endpoint.storage, keyOf(address.namespace, address.name));
  return stored === undefined ? undefined : address.endpoint.fromStored(stored);
}

/** The object in the shape that the endpoint serves; raises 404. */
export function readObject(context: WriteContext, address: Address): JsonObject {
  const object = findObject(context, address);
  if (object === undefined) throw notFound(address.endpoint, address.name);
  return object;
}

/** Sets the request's namespace on the metadata; raises 400 when the object names another one. */
export function placeInNamespace(meta: JsonObject, address: Address): JsonObject {
  if (!address.endpoint.namespaced) {
    const { namespace: _, ...rest } = meta;
    return rest;
  }
  const given = stringMember(meta, "namespace");
  if (given !== "" && given !== address.namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  return { ...meta, namespace: address.namespace };
}

/** Raises 404 for a namespace that does not exist and 403 for one that is on its way out. */
export function admitToNamespace(context: WriteContext, address: Address): void {
  if (!address.endpoint.namespaced) return;
  const namespace = context.store.get("/namespaces", address.namespace);
  if (namespace === undefined) throw notFound({ group: "", plural: "namespaces" }, address.namespace);
  if (stringMember(objectAt(namespace, "status"), "phase") !== "Terminating") return;
  const why = `unable to create new content in namespace ${address.namespace} because it is being terminated`;
  throw forbidden(address.endpoint, address.name, why, [
    {
      reason: "NamespaceTerminating",
      message: `namespace ${address.namespace} is being terminated`,
      field: "metadata.namespace",
    },
  ]);
}
