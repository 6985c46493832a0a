import type { JsonObject } from "../../../crd/contract.ts";
import { stringMember } from "../../../crd/json.ts";
import { trackUpdate } from "../apply/track-update.ts";
import { keyOf } from "../endpoint.ts";
import { metaOf, without } from "../json.ts";
import { alreadyExists, badRequest, generatedNameTaken, invalid, StatusError } from "../status-error.ts";
import { timestamp } from "../time.ts";
import { metaCauses } from "./object-meta.ts";
import { type Address, admitToNamespace, placeInNamespace, type WriteContext } from "./write-context.ts";

/** How a new object is written. */
export interface CreateOptions {
  readonly dryRun: boolean;
  readonly manager: string;
  /** Server-side apply has recorded the owners of the fields itself. */
  readonly ownersRecorded: boolean;
}

/**
 * Stores a decoded object and returns it as served. `address.name` is empty for a POST, which takes the name from the object
 * or makes one. Raises 400, 403, 404 (no such namespace), 409 and 422.
 */
export function createObject(
  context: WriteContext,
  address: Address,
  decoded: JsonObject,
  options: CreateOptions,
): JsonObject {
  const { endpoint, namespace } = address;
  if (stringMember(metaOf(decoded), "resourceVersion") !== "") {
    throw new StatusError(500, "", "resourceVersion should not be set on objects to be created");
  }
  const initial = initialObject(context, address, decoded, options);
  const name = stringMember(metaOf(initial), "name");
  admitToNamespace(context, { ...address, name });
  const causes = [
    ...metaCauses(initial, { namespaced: endpoint.namespaced, nameIsLabel: endpoint.rules.nameIsLabel }),
    ...endpoint.objectSchema.validate(initial),
    ...(endpoint.rules.validate?.(initial) ?? []),
  ];
  if (causes.length > 0) throw invalid(endpoint.rules.invalidGroup ?? endpoint.group, endpoint.kind, name, causes);
  refuseTakenName(context, address, name, decoded);
  const stored = endpoint.toStored(initial);
  if (options.dryRun) return initial;
  return endpoint.fromStored(context.store.put(endpoint.storage, keyOf(namespace, name), stored));
}

function initialObject(
  context: WriteContext,
  address: Address,
  decoded: JsonObject,
  options: CreateOptions,
): JsonObject {
  const { endpoint } = address;
  const given = without(metaOf(decoded), "deletionTimestamp", "deletionGracePeriodSeconds", "generation");
  const meta: JsonObject = {
    ...placeInNamespace(given, address),
    ...nameFor(context, address, decoded),
    uid: context.identity.uid(),
    creationTimestamp: timestamp(context.clock.nowMs()),
    ...(endpoint.rules.hasGeneration ? { generation: 1 } : {}),
  };
  const object = { ...decoded, metadata: meta };
  const updated = endpoint.subresources.includes("status") ? without(object, "status") : object;
  const { manager, ownersRecorded } = options;
  const now = timestamp(context.clock.nowMs());
  // Nobody owns what the server fills in afterwards.
  const recorded = ownersRecorded
    ? updated
    : trackUpdate({ updated, manager, subresource: "", version: endpoint, now });
  return endpoint.rules.prepareCreate?.(recorded) ?? recorded;
}

function nameFor(context: WriteContext, address: Address, decoded: JsonObject): JsonObject {
  const meta = metaOf(decoded);
  const given = stringMember(meta, "name");
  if (address.name !== "") {
    if (given !== "" && given !== address.name) {
      throw badRequest(`the name of the object (${given}) does not match the name on the URL (${address.name})`);
    }
    return { name: address.name };
  }
  const prefix = stringMember(meta, "generateName");
  if (given !== "" || prefix === "") return given === "" ? {} : { name: given };
  const candidates = Array.from({ length: 8 }, () => `${prefix.slice(0, 58)}${context.identity.suffix()}`);
  const isFree = (name: string) =>
    context.store.get(address.endpoint.storage, keyOf(address.namespace, name)) === undefined;
  return { name: candidates.find(isFree) ?? candidates[0] ?? "" };
}

function refuseTakenName(context: WriteContext, address: Address, name: string, decoded: JsonObject): void {
  if (context.store.get(address.endpoint.storage, keyOf(address.namespace, name)) === undefined) return;
  const generated = stringMember(metaOf(decoded), "name") === "" && address.name === "";
  throw generated ? generatedNameTaken(address.endpoint, name) : alreadyExists(address.endpoint, name);
}
