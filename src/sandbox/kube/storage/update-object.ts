import type { JsonObject } from "../../../crd/contract.ts";
import { invalid as invalidCause } from "../../../crd/field-cause.ts";
import { isObject, listMember, sameJson, stringMember } from "../../../crd/json.ts";
import { trackUpdate } from "../apply/track-update.ts";
import { type Endpoint, keyOf } from "../endpoint.ts";
import { metaOf, withMeta, without } from "../json.ts";
import { badRequest, conflict, invalid, modifiedMeanwhile, notFound } from "../status-error.ts";
import { timestamp } from "../time.ts";
import { createObject } from "./create-object.ts";
import { metaCauses, metaUpdateCauses } from "./object-meta.ts";
import { type Address, findObject, placeInNamespace, type WriteContext } from "./write-context.ts";

/** What a PUT or PATCH makes of the stored object. */
export interface UpdateRequest {
  /** Empty for the object itself. */
  readonly subresource: string;
  /** Whether an object that is not there is created. */
  readonly mayCreate: boolean;
  readonly manager: string;
  readonly dryRun: boolean;
  /** Server-side apply has recorded the owners of the fields itself. */
  readonly ownersRecorded: boolean;
  /** Whether another uid is a conflict (PUT) and not an attempt to change it (PATCH). */
  readonly uidIsCondition: boolean;
  /** The wanted object, decoded; `live` is absent when there is none, and the result is then created. */
  change(live: JsonObject | undefined): JsonObject;
}

/** The object as served after the write. */
export interface UpdateOutcome {
  readonly object: JsonObject;
  readonly created: boolean;
}

/**
 * Replaces an object by what `request.change` makes of it. A change of nothing writes nothing; the last finalizer of a deleted
 * object takes the object with it. Raises 400, 404, 409 and 422.
 */
export function updateObject(context: WriteContext, address: Address, request: UpdateRequest): UpdateOutcome {
  const live = findObject(context, address);
  if (live === undefined) return createInstead(context, address, request);
  const { endpoint, namespace, name } = address;
  const wanted = request.change(live);
  checkIdentity(address, wanted);
  if (request.uidIsCondition) checkUid(address, wanted, live);
  checkResourceVersion(address, wanted, live);
  const prepared = prepare(address, wanted, live, request.subresource);
  const metaProblems = [
    ...metaCauses(prepared, { namespaced: endpoint.namespaced, nameIsLabel: endpoint.rules.nameIsLabel }),
    ...metaUpdateCauses(prepared, live),
  ];
  const causes = [
    ...metaProblems,
    // The API server judges the metadata of a custom resource twice, and says so twice.
    ...(endpoint.rules.typed ? [] : metaProblems),
    ...endpoint.objectSchema.validate(prepared, live),
    ...(endpoint.rules.validate?.(prepared, live) ?? []),
  ];
  if (causes.length > 0) throw invalid(endpoint.rules.invalidGroup ?? endpoint.group, endpoint.kind, name, causes);
  const recorded = recordOwners(context, endpoint, prepared, live, request);
  if (request.dryRun) return { object: recorded, created: false };
  const key = keyOf(namespace, name);
  if (isReleased(endpoint, recorded)) {
    const last = context.store.remove(endpoint.storage, key, endpoint.toStored(recorded));
    return { object: last === undefined ? recorded : endpoint.fromStored(last), created: false };
  }
  if (sameJson(recorded, live)) return { object: live, created: false };
  const stored = context.store.put(endpoint.storage, key, endpoint.toStored(recorded));
  return { object: endpoint.fromStored(stored), created: false };
}

/** Whether an object that is being deleted has nothing left that holds it. */
export function isReleased(endpoint: Endpoint, object: JsonObject): boolean {
  const meta = metaOf(object);
  if (meta["deletionTimestamp"] === undefined || listMember(meta, "finalizers").length > 0) return false;
  return endpoint.rules.holdsDeletion?.(object) !== true;
}

function createInstead(context: WriteContext, address: Address, request: UpdateRequest): UpdateOutcome {
  const { endpoint, name } = address;
  if (!request.mayCreate || request.subresource !== "") throw notFound(endpoint, name);
  const wanted = request.change(undefined);
  const uid = stringMember(metaOf(wanted), "uid");
  if (uid !== "") {
    const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`;
    throw conflict(endpoint, name, why);
  }
  const created = createObject(context, address, wanted, request);
  return { object: created, created: true };
}

function checkIdentity(address: Address, wanted: JsonObject): void {
  const given = stringMember(metaOf(wanted), "name");
  if (given === "") throw badRequest("the name of the object (based on URL) was undeterminable: name must be provided");
  if (given !== address.name) {
    throw badRequest(`the name of the object (${given}) does not match the name on the URL (${address.name})`);
  }
}

function checkUid(address: Address, wanted: JsonObject, live: JsonObject): void {
  const { endpoint, name, namespace } = address;
  const [uid, liveUid] = [stringMember(metaOf(wanted), "uid"), stringMember(metaOf(live), "uid")];
  if (uid === "" || uid === liveUid) return;
  const key = `/registry/${endpoint.storage.replace(/^\//, "")}/${keyOf(namespace, name)}`;
  const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${liveUid}`;
  const message = `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${why}`;
  throw conflict(endpoint, name, message);
}

function checkResourceVersion(address: Address, wanted: JsonObject, live: JsonObject): void {
  const { endpoint, name } = address;
  const asked = stringMember(metaOf(wanted), "resourceVersion");
  if (asked === "" || asked === "0") {
    if (endpoint.rules.unconditionalUpdate) return;
    const cause = invalidCause("metadata.resourceVersion", 0, "must be specified for an update");
    throw invalid(endpoint.group, endpoint.plural, name, [cause]);
  }
  if (asked !== stringMember(metaOf(live), "resourceVersion")) throw modifiedMeanwhile(endpoint, name);
}

function prepare(address: Address, wanted: JsonObject, live: JsonObject, subresource: string): JsonObject {
  const { endpoint } = address;
  const kept = subresource === "status" ? onlyStatus(wanted, live) : allButStatus(address, wanted, live);
  const prepared = endpoint.rules.prepareUpdate?.(kept, live, subresource) ?? kept;
  if (!endpoint.rules.hasGeneration || sameJson(specOf(endpoint, prepared), specOf(endpoint, live))) return prepared;
  return withMeta(prepared, { generation: Number(metaOf(live)["generation"] ?? 0) + 1 });
}

function onlyStatus(wanted: JsonObject, live: JsonObject): JsonObject {
  const { managedFields } = metaOf(wanted);
  const base = without(withMeta(live, managedFields === undefined ? {} : { managedFields }), "status");
  return wanted["status"] === undefined ? base : { ...base, status: wanted["status"] };
}

function allButStatus(address: Address, wanted: JsonObject, live: JsonObject): JsonObject {
  const liveMeta = metaOf(live);
  const kept: JsonObject = {};
  // A uid that was sent stays, so that a wrong one is refused.
  const uid = stringMember(metaOf(wanted), "uid") === "" ? ["uid"] : [];
  const fixed = [
    ...uid,
    "creationTimestamp",
    "generation",
    "resourceVersion",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
  ];
  for (const key of fixed) {
    const value = liveMeta[key];
    if (value !== undefined) kept[key] = value;
  }
  const meta = placeInNamespace(without(metaOf(wanted), "generation"), address);
  const object = { ...wanted, metadata: { ...meta, ...kept } };
  if (!address.endpoint.subresources.includes("status")) return object;
  const base = without(object, "status");
  return live["status"] === undefined ? base : { ...base, status: live["status"] };
}

/** What metadata.generation counts the changes of. */
function specOf(endpoint: Endpoint, object: JsonObject): JsonObject {
  return without(object, "metadata", ...(endpoint.subresources.includes("status") ? ["status"] : []));
}

function recordOwners(
  context: WriteContext,
  endpoint: Endpoint,
  updated: JsonObject,
  live: JsonObject,
  request: UpdateRequest,
): JsonObject {
  const { manager, subresource, ownersRecorded } = request;
  const now = timestamp(context.clock.nowMs());
  const recorded = ownersRecorded
    ? updated
    : trackUpdate({ live, updated, manager, subresource, version: endpoint, now });
  return sameJson(withoutTimes(recorded), withoutTimes(live)) ? live : recorded;
}

/** A write that would only renew the times in managedFields is no change. */
function withoutTimes(object: JsonObject): JsonObject {
  const entries = listMember(metaOf(object), "managedFields");
  return withMeta(object, {
    managedFields: entries.map((entry) => (isObject(entry) ? without(entry, "time") : entry)),
  });
}
