import type { Json, JsonObject } from "../../../crd/contract.ts";
import { canonicalJson, isObject, listMember, member, objectMember, stringMember } from "../../../crd/json.ts";
import { FieldSet } from "./field-set.ts";

/** One entry of metadata.managedFields. */
export interface ManagerEntry {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  /** Empty for the main resource. */
  readonly subresource: string;
  /** Empty when none was recorded. */
  readonly time: string;
  readonly fields: FieldSet;
}

/** Who owns what, by the identity of the manager. */
export type Managers = ReadonlyMap<string, ManagerEntry>;

/** A manager is the same whatever version it applies; an updater is another one in each version. */
export function identity(entry: Pick<ManagerEntry, "manager" | "operation" | "apiVersion" | "subresource">): string {
  const version = entry.operation === "Apply" ? "" : entry.apiVersion;
  return canonicalJson([entry.manager, entry.operation, version, entry.subresource]);
}

function readEntry(source: Json): ManagerEntry | undefined {
  const operation = stringMember(source, "operation");
  const apiVersion = stringMember(source, "apiVersion");
  const known = (operation === "Apply" || operation === "Update") && apiVersion !== "";
  if (!known || stringMember(source, "fieldsType") !== "FieldsV1") {
    return undefined;
  }
  return {
    manager: stringMember(source, "manager"),
    operation,
    apiVersion,
    subresource: stringMember(source, "subresource"),
    time: stringMember(source, "time"),
    fields: FieldSet.parse(member(source, "fieldsV1")),
  };
}

/** The managers that an object records; none when a single entry is malformed, as the API server does on updates. */
export function readManagers(object: JsonObject | undefined): Managers {
  const entries = listMember(objectMember(object, "metadata"), "managedFields").map(readEntry);
  return entries.includes(undefined)
    ? new Map()
    : new Map(entries.flatMap((entry) => (entry === undefined ? [] : [[identity(entry), entry] as const])));
}

/** An empty list, or a list of one empty entry, asks to forget all managers. */
export function asksForReset(object: JsonObject): boolean {
  const fields = member(objectMember(object, "metadata"), "managedFields");
  if (!Array.isArray(fields)) {
    return false;
  }
  const [only] = fields;
  return fields.length === 0 || (fields.length === 1 && isObject(only) && Object.keys(only).length === 0);
}

function order(left: ManagerEntry, right: ManagerEntry): number {
  const keys: readonly (keyof ManagerEntry)[] = ["operation", "time", "manager", "apiVersion", "subresource"];
  for (const key of keys) {
    if (left[key] !== right[key]) {
      return String(left[key]) < String(right[key]) ? -1 : 1;
    }
  }
  return 0;
}

function writeEntry(entry: ManagerEntry): JsonObject {
  return {
    apiVersion: entry.apiVersion,
    fieldsType: "FieldsV1",
    fieldsV1: entry.fields.toJson(),
    manager: entry.manager,
    operation: entry.operation,
    ...(entry.subresource === "" ? {} : { subresource: entry.subresource }),
    ...(entry.time === "" ? {} : { time: entry.time }),
  };
}

/** A copy of the object that records the managers, in the API server's order. */
export function writeManagers(object: JsonObject, managers: Managers): JsonObject {
  const { managedFields: _, ...metadata } = objectMember(object, "metadata") ?? {};
  const entries = [...managers.values()].filter((entry) => !entry.fields.isEmpty()).sort(order);
  return {
    ...object,
    metadata: entries.length === 0 ? metadata : { ...metadata, managedFields: entries.map(writeEntry) },
  };
}

/** An object of the same kind that has nothing yet. */
export function emptyLike(object: JsonObject): JsonObject {
  return { apiVersion: stringMember(object, "apiVersion"), kind: stringMember(object, "kind") };
}

export function withoutManagedFields(object: JsonObject): JsonObject {
  return writeManagers(object, new Map());
}
