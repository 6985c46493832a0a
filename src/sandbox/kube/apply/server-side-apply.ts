import type { JsonObject, WithSchema } from "../../../crd/contract.ts";
import { sameJson, stringMember } from "../../../crd/json.ts";
import type { SchemaNode } from "../../../crd/schema/structural.ts";
import { printedPath } from "./field-set.ts";
import { lastAppliedFields, syncLastApplied } from "./last-applied.ts";
import {
  emptyLike,
  identity,
  type ManagerEntry,
  type Managers,
  readManagers,
  withoutManagedFields,
  writeManagers,
} from "./managed-fields.ts";
import { type Application, afterApply, afterUpdate, type Conflict, resetFields } from "./ownership.ts";
import { ownershipNode } from "./ownership-node.ts";

/** What a manager applies, and to what. */
export interface ApplyRequest {
  /** The stored object, with its managedFields; absent when apply creates. */
  readonly live?: JsonObject;
  /** The applied configuration as it was sent; it may not carry managedFields. */
  readonly applied: JsonObject;
  /** The `fieldManager` query parameter. */
  readonly manager: string;
  readonly force: boolean;
  /** Empty for the main resource. */
  readonly subresource: string;
  readonly version: WithSchema;
  /** The time for managedFields, as `2026-01-02T03:04:05Z`. */
  readonly now: string;
}

/** The object as it is to be stored, or what other managers own of it. */
export type ApplyOutcome =
  | { readonly kind: "applied"; readonly object: JsonObject }
  | { readonly kind: "conflict"; readonly message: string; readonly causes: readonly ConflictCause[] };

/** One entry of `status.details.causes` of a 409 answer to an apply. */
export interface ConflictCause {
  readonly reason: "FieldManagerConflict";
  /** With a leading dot: `.spec.roleName`. */
  readonly field: string;
  /** `conflict with "kubectl-client-side-apply" using v1`. */
  readonly message: string;
}

/** kubectl's default manager for server-side apply; only it may take over its own client-side fields. */
const kubectl = "kubectl";

function printedManager(entry: ManagerEntry): string {
  const subresource = entry.subresource === "" ? "" : ` with subresource ${JSON.stringify(entry.subresource)}`;
  const version = entry.operation === "Update" ? ` using ${entry.apiVersion}` : "";
  return `${JSON.stringify(entry.manager)}${subresource}${version}`;
}

function conflictCauses(conflicts: readonly Conflict[]): readonly ConflictCause[] {
  return conflicts.flatMap(({ entry, fields }) =>
    fields.paths().map((path) => ({
      reason: "FieldManagerConflict" as const,
      field: printedPath(path),
      message: `conflict with ${printedManager(entry)}`,
    })),
  );
}

function conflictMessage(conflicts: readonly Conflict[], causes: readonly ConflictCause[]): string {
  const [only] = causes;
  if (causes.length === 1 && only !== undefined) {
    return `Apply failed with 1 conflict: ${only.message}: ${only.field}`;
  }
  const sorted = [...conflicts].sort((a, b) => (printedManager(a.entry) < printedManager(b.entry) ? -1 : 1));
  const lines = sorted.flatMap(({ entry, fields }) => [
    `conflicts with ${printedManager(entry)}:`,
    ...fields.paths().map((path) => `- ${printedPath(path)}`),
  ]);
  return `Apply failed with ${causes.length} conflicts: ${lines.join("\n")}`;
}

/** An object that nobody was ever recorded for: all it has belongs to who came before. */
function managersOf(request: ApplyRequest, live: JsonObject, node: SchemaNode): Managers {
  const managers = readManagers(request.live);
  if (managers.size > 0 || request.live === undefined) {
    return managers;
  }
  const actor = {
    manager: "before-first-apply",
    operation: "Update" as const,
    apiVersion: stringMember(request.applied, "apiVersion"),
    subresource: request.subresource,
    time: request.now,
  };
  return afterUpdate(
    node,
    emptyLike(live),
    live,
    managers,
    actor,
    resetFields(request.subresource, request.version.hasStatus),
  );
}

function attempt(request: ApplyRequest, live: JsonObject, node: SchemaNode, force: boolean): Application {
  const actor = {
    manager: request.manager,
    operation: "Apply" as const,
    apiVersion: stringMember(request.applied, "apiVersion"),
    subresource: request.subresource,
    time: request.now,
  };
  const managers = managersOf(request, live, node);
  const options = { reset: resetFields(request.subresource, request.version.hasStatus), force };
  const application = afterApply(node, live, request.applied, managers, actor, options);
  if (!sameJson(application.object, live)) {
    return application;
  }
  const id = identity(actor);
  const mine = application.managers.get(id);
  const time = managers.get(id)?.time ?? "";
  const next = mine === undefined ? application.managers : new Map(application.managers).set(id, { ...mine, time });
  return { ...application, object: live, managers: next };
}

function applied(request: ApplyRequest, application: Application): ApplyOutcome {
  const { object } = application;
  const synced = request.manager === kubectl ? syncLastApplied(object, request.applied) : object;
  return { kind: "applied", object: writeManagers(synced, application.managers) };
}

/**
 * Merges an applied configuration into the live object: the manager owns what it sends, loses what it no longer sends,
 * and may not change what others own unless it forces.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/
 */
export function serverSideApply(request: ApplyRequest): ApplyOutcome {
  const node = ownershipNode(request.version.schema);
  const live = request.live === undefined ? emptyLike(request.applied) : withoutManagedFields(request.live);
  const application = attempt(request, live, node, request.force);
  if (application.conflicts.length === 0) {
    return applied(request, application);
  }
  const mayTake = request.manager === kubectl ? lastAppliedFields(node, live) : undefined;
  const conflicts = application.conflicts
    .map(({ entry, fields }) => ({ entry, fields: mayTake === undefined ? fields : fields.difference(mayTake) }))
    .filter(({ fields }) => !fields.isEmpty());
  if (conflicts.length === 0) {
    return applied(request, attempt(request, live, node, true));
  }
  const causes = conflictCauses(conflicts);
  return { kind: "conflict", message: conflictMessage(conflicts, causes), causes };
}
