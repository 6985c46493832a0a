import type { JsonObject, WithSchema } from "../../../crd/contract.ts";
import { stringMember } from "../../../crd/json.ts";
import {
  asksForReset,
  emptyLike,
  type Managers,
  readManagers,
  withoutManagedFields,
  writeManagers,
} from "./managed-fields.ts";
import { afterUpdate, resetFields } from "./ownership.ts";
import { ownershipNode } from "./ownership-node.ts";

/** A write that is no apply. */
interface UpdateRequest {
  /** The stored object, with its managedFields; absent on create. */
  readonly live?: JsonObject;
  /** The object as it will be stored. Its managedFields, if any, replace the live ones (an empty list clears them). */
  readonly updated: JsonObject;
  readonly manager: string;
  /** Empty for the main resource. */
  readonly subresource: string;
  readonly version: WithSchema;
  readonly now: string;
}

/** The managers to go on from; undefined when ownership is not tracked for this object. */
function startingManagers(request: UpdateRequest): Managers | undefined {
  const live = readManagers(request.live);
  if (request.subresource === "" && asksForReset(request.updated)) {
    return request.live === undefined ? new Map() : undefined;
  }
  const sent = request.subresource === "" ? readManagers(request.updated) : new Map();
  const managers = sent.size > 0 ? sent : live;
  return managers.size === 0 && request.live !== undefined ? undefined : managers;
}

/**
 * Records who set what by a create, update or patch. An object that lost its record is not tracked again before
 * someone applies to it.
 */
export function trackUpdate(request: UpdateRequest): JsonObject {
  const updated = withoutManagedFields(request.updated);
  const managers = startingManagers(request);
  if (managers === undefined) {
    return updated;
  }
  const apiVersion = stringMember(updated, "apiVersion");
  const live = request.live === undefined ? emptyLike(updated) : withoutManagedFields(request.live);
  const actor = {
    manager: request.manager === "" ? "unknown" : request.manager,
    operation: "Update" as const,
    apiVersion,
    subresource: request.subresource,
    time: request.now,
  };
  const node = ownershipNode(request.version.schema);
  const reset = resetFields(request.subresource, request.version.hasStatus);
  return writeManagers(updated, afterUpdate(node, live, updated, managers, actor, reset));
}
