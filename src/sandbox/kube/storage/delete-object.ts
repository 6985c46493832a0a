import type { FieldCause, JsonObject } from "../../../crd/contract.ts";
import { invalid as invalidCause, notSupported } from "../../../crd/field-cause.ts";
import { listMember, sameJson, stringMember, stringsMember } from "../../../crd/json.ts";
import { dryRunCauses, isDryRun } from "../decoding/request-options.ts";
import { keyOf } from "../endpoint.ts";
import { metaOf, objectAt, withMeta, without } from "../json.ts";
import { conflict, forbidden, invalidOptions } from "../status-error.ts";
import { timestamp } from "../time.ts";
import { isReleased } from "./update-object.ts";
import { type Address, readObject, type WriteContext } from "./write-context.ts";

/** What happens to the objects that name this one as their owner; undefined follows the finalizers that are there. */
type PropagationPolicy = "Background" | "Foreground" | "Orphan" | undefined;

/** The options of a deletion. */
export interface DeleteOptions {
  readonly policy: PropagationPolicy;
  readonly dryRun: boolean;
  /** Empty means any. */
  readonly uid: string;
  /** Empty means any. */
  readonly resourceVersion: string;
  /** Whether the deprecated `orphanDependents: false` was asked, which turns 200 into 202 when the object stays for now. */
  readonly acceptsLater: boolean;
}

/** Either the object is gone, or it waits for finalizers; `object` is its state as served. */
export interface DeleteOutcome {
  readonly kind: "removed" | "pending";
  readonly object: JsonObject;
}

/** A deletion without conditions. */
export const plainDeletion: DeleteOptions = {
  policy: "Background",
  dryRun: false,
  uid: "",
  resourceVersion: "",
  acceptsLater: false,
};

/** Reads DeleteOptions from a body or, when there is none, from the query; raises 422 for bad ones. */
export function deleteOptions(body: JsonObject | undefined, query: URLSearchParams): DeleteOptions {
  const policy = body === undefined ? (query.get("propagationPolicy") ?? "") : stringMember(body, "propagationPolicy");
  const orphan = body === undefined ? (query.get("orphanDependents") ?? undefined) : body["orphanDependents"];
  const bodyDryRun = new URLSearchParams();
  if (body !== undefined) for (const value of stringsMember(body, "dryRun")) bodyDryRun.append("dryRun", value);
  const causes = [...policyCauses(policy, orphan !== undefined), ...dryRunCauses(query), ...dryRunCauses(bodyDryRun)];
  if (causes.length > 0) throw invalidOptions("DeleteOptions", causes);
  const preconditions = body === undefined ? {} : objectAt(body, "preconditions");
  return {
    policy: policyOf(policy, orphan),
    dryRun: isDryRun(query) || isDryRun(bodyDryRun),
    uid: stringMember(preconditions, "uid"),
    resourceVersion: stringMember(preconditions, "resourceVersion"),
    acceptsLater: String(orphan) === "false",
  };
}

/** Deletes the object, or marks it when finalizers hold it. Raises 403, 404 and 409. */
export function deleteObject(context: WriteContext, address: Address, options: DeleteOptions): DeleteOutcome {
  const { endpoint, name, namespace } = address;
  const refusal = endpoint.rules.deletionRefusal?.(name);
  if (refusal !== undefined) throw forbidden(endpoint, name, refusal);
  const live = readObject(context, address);
  checkPreconditions(address, live, options);
  const marked = mark(context, address, live, options.policy);
  const key = keyOf(namespace, name);
  if (isReleased(endpoint, marked)) {
    if (options.dryRun) return { kind: "removed", object: live };
    const last = context.store.remove(endpoint.storage, key) ?? endpoint.toStored(live);
    return { kind: "removed", object: endpoint.fromStored(last) };
  }
  if (options.dryRun || sameJson(marked, live)) return { kind: "pending", object: marked };
  const stored = context.store.put(endpoint.storage, key, endpoint.toStored(marked));
  return { kind: "pending", object: endpoint.fromStored(stored) };
}

function policyCauses(policy: string, hasOrphan: boolean): readonly FieldCause[] {
  if (policy === "") return [];
  if (hasOrphan) {
    return [invalidCause("propagationPolicy", policy, "orphanDependents and deletionPropagation cannot be both set")];
  }
  const known = ["Foreground", "Background", "Orphan"];
  return known.includes(policy) ? [] : [notSupported("propagationPolicy", policy, [...known, "nil"])];
}

function policyOf(policy: string, orphan: unknown): PropagationPolicy {
  if (policy === "Foreground" || policy === "Background" || policy === "Orphan") return policy;
  if (orphan === undefined || orphan === null) return undefined;
  return String(orphan) === "true" ? "Orphan" : "Background";
}

function checkPreconditions(address: Address, live: JsonObject, options: DeleteOptions): void {
  const subject = { group: address.endpoint.group, plural: address.endpoint.kind };
  const uid = stringMember(metaOf(live), "uid");
  if (options.uid !== "" && options.uid !== uid) {
    const why = `the UID in the precondition (${options.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`;
    throw conflict(subject, address.name, why);
  }
  const revision = stringMember(metaOf(live), "resourceVersion");
  if (options.resourceVersion !== "" && options.resourceVersion !== revision) {
    const why = `the ResourceVersion in the precondition (${options.resourceVersion}) does not match the ResourceVersion in record (${revision}). The object might have been modified`;
    throw conflict(subject, address.name, why);
  }
}

/** The object as a deletion leaves it while something still holds it. */
function mark(context: WriteContext, address: Address, live: JsonObject, policy: PropagationPolicy): JsonObject {
  const meta = metaOf(live);
  const finalizers = finalizersFor(stringsMember(meta, "finalizers"), policy);
  const counted = Number(meta["generation"] ?? 0);
  const isNew = meta["deletionTimestamp"] === undefined;
  const now = timestamp(context.clock.nowMs());
  const change: JsonObject = isNew
    ? {
        deletionTimestamp: now,
        deletionGracePeriodSeconds: 0,
        ...(counted > 0 ? { generation: counted + 1 } : {}),
      }
    : {};
  const hadFinalizers = listMember(meta, "finalizers").length > 0;
  const base = withMeta(live, {
    ...change,
    ...(finalizers.length > 0 || hadFinalizers ? { finalizers: [...finalizers] } : {}),
  });
  const tidy = finalizers.length > 0 ? base : { ...base, metadata: without(metaOf(base), "finalizers") };
  return isNew ? (address.endpoint.rules.prepareDelete?.(tidy) ?? tidy) : tidy;
}

function finalizersFor(present: readonly string[], policy: PropagationPolicy): readonly string[] {
  if (policy === undefined) return present;
  const others = present.filter((finalizer) => finalizer !== "orphan" && finalizer !== "foregroundDeletion");
  if (policy === "Background") return others;
  return [...others, policy === "Orphan" ? "orphan" : "foregroundDeletion"];
}
