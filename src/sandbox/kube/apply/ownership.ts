import type { JsonObject } from "../../../crd/contract.ts";
import type { SchemaNode } from "../../../crd/schema/structural.ts";
import { type Comparison, compare } from "./compare.ts";
import { FieldSet } from "./field-set.ts";
import { identity, type ManagerEntry, type Managers } from "./managed-fields.ts";
import { mergeApplied, removePaths } from "./merge.ts";
import { fieldSetOf, withDeclaredFields } from "./typed-value.ts";

/** What a manager holds and another wants to set otherwise. */
export interface Conflict {
  readonly entry: ManagerEntry;
  readonly fields: FieldSet;
}

const neverOwned = FieldSet.of([
  ["f:apiVersion"],
  ["f:kind"],
  ["f:metadata"],
  ...["name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation"].map((name) => [
    "f:metadata",
    `f:${name}`,
  ]),
  ["f:metadata", "f:managedFields"],
  ["f:metadata", "f:resourceVersion"],
]);

/** The fields that a request to this endpoint cannot change: the server puts back what was there. */
export function resetFields(subresource: string, hasStatus: boolean): FieldSet {
  if (subresource === "status") {
    return FieldSet.of([["f:metadata"], ["f:spec"]]);
  }
  return hasStatus ? FieldSet.of([["f:status"]]) : FieldSet.none;
}

function filtered(comparison: Comparison, reset: FieldSet): Comparison {
  return {
    added: comparison.added.without(reset),
    modified: comparison.modified.without(reset),
    removed: comparison.removed.without(reset),
  };
}

function withFields(managers: Managers, id: string, entry: ManagerEntry): Managers {
  const next = new Map(managers);
  next.delete(id);
  return entry.fields.isEmpty() ? next : next.set(id, entry);
}

function disowned(managers: Managers, except: string, lost: FieldSet): Managers {
  const next = new Map<string, ManagerEntry>();
  for (const [id, entry] of managers) {
    const fields = id === except ? entry.fields : entry.fields.difference(lost);
    if (!fields.isEmpty()) {
      next.set(id, { ...entry, fields });
    }
  }
  return next;
}

/** Everyone else loses what changed or went. */
function afterChange(managers: Managers, actor: string, change: Comparison): Managers {
  return disowned(managers, actor, change.added.union(change.modified).union(change.removed));
}

/** The managers after `actor` replaced one object by another; the actor is new or has what it had. */
export function afterUpdate(
  node: SchemaNode,
  live: JsonObject,
  updated: JsonObject,
  managers: Managers,
  actor: Omit<ManagerEntry, "fields">,
  reset: FieldSet,
): Managers {
  const change = filtered(compare(node, live, updated), reset);
  const id = identity(actor);
  const rest = disowned(managers, "", change.added.union(change.modified).union(change.removed));
  const taken = change.modified.union(change.added).difference(neverOwned);
  if (taken.isEmpty()) {
    return rest;
  }
  const before = rest.get(id)?.fields ?? FieldSet.none;
  return withFields(rest, id, { ...actor, fields: before.union(taken) });
}

/** Without what the manager applied before, does not apply now, and nobody else owns. */
function pruned(node: SchemaNode, merged: JsonObject, last: FieldSet, managers: Managers): JsonObject {
  if (last.isEmpty()) {
    return merged;
  }
  const named = (set: FieldSet): FieldSet => withDeclaredFields(node, set);
  const owned = [...managers.values()].reduce((all, entry) => all.union(entry.fields), FieldSet.none);
  const all = named(fieldSetOf(node, merged));
  const stripped = removePaths(node, merged, named(last));
  const keep = named(fieldSetOf(node, stripped)).union(named(owned));
  const addedBack = removePaths(node, merged, all.difference(keep));
  const gone = all.difference(named(fieldSetOf(node, addedBack))).intersection(named(last));
  return removePaths(node, merged, gone);
}

export interface Application {
  readonly object: JsonObject;
  readonly managers: Managers;
  readonly conflicts: readonly Conflict[];
}

/** The live object and its managers after `actor` applied a configuration; conflicts only when it may not force. */
export function afterApply(
  node: SchemaNode,
  live: JsonObject,
  applied: JsonObject,
  managers: Managers,
  actor: Omit<ManagerEntry, "fields">,
  options: { readonly reset: FieldSet; readonly force: boolean },
): Application {
  const id = identity(actor);
  const merged = mergeApplied(node, live, applied);
  const last = managers.get(id)?.fields ?? FieldSet.none;
  const fields = fieldSetOf(node, applied).without(options.reset);
  const claimed = new Map(managers).set(id, { ...actor, fields });
  const object = pruned(node, merged, last, claimed);
  const change = filtered(compare(node, live, object), options.reset);
  const wanted = change.modified.union(change.added);
  const conflicts = [...claimed].flatMap(([other, entry]) => {
    const contested = entry.fields.intersection(wanted);
    return other === id || contested.isEmpty() ? [] : [{ entry, fields: contested }];
  });
  const next = afterChange(claimed, id, change);
  const mine = { ...actor, fields: fields.difference(neverOwned) };
  return { object, managers: withFields(next, id, mine), conflicts: options.force ? [] : conflicts };
}
