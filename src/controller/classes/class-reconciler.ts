import { API_VERSION, type Condition, type ObjectMeta } from "../../api/instance-profile.ts";
import { CLASS_KIND, type InstanceProfileClass } from "../../api/instance-profile-class.ts";
import { parseInstanceProfileClass } from "../../api/parse-instance-profile-class.ts";
import type { EventSink, KubeObject, ObjectClient } from "../../engine/ports.ts";
import { MISSING_MAX_AGE_MS } from "../../engine/reconcile/required-boundary.ts";
import { ControllerError } from "../../errors.ts";
import { PERMISSIONS_BOUNDARY_NOT_FOUND } from "../../plan/plan.ts";
import type { Requeue } from "../../runtime/queue/workers.ts";
import { classEvents } from "../../status/class-events.ts";
import { type ClassFacts, classStatus } from "../../status/class-status.ts";
import { COMPLIANT } from "../../status/compliance.ts";
import { findCondition } from "../../status/conditions.ts";
import type { Logger } from "../../telemetry.ts";
import { addFinalizerPatch, hasFinalizer, removeFinalizerPatch } from "../finalizer.ts";
import { type BoundaryOf, ClassBoundaries } from "./class-boundaries.ts";

/** What the reconciler of classes works with. */
export interface ClassReconcilerDependencies {
  readonly client: ObjectClient;
  readonly cache: { get(key: string): KubeObject | undefined };
  /** The InstanceProfiles of a class, as last seen. */
  readonly objectsOf: (className: string) => readonly KubeObject[];
  /** Asks whose the credentials of the class are. Errors: ControllerErrors, when they are not the account's that the class names. */
  readonly verify: (of: InstanceProfileClass, signal: AbortSignal) => Promise<unknown>;
  readonly boundaryOf: BoundaryOf;
  readonly events: EventSink;
  /** Has the InstanceProfiles of a class reconciled. */
  readonly wakeObjects: (className: string) => void;
  readonly nowMs: () => number;
}

type Reached = Pick<ClassFacts, "fault" | "account" | "boundary">;

const DONE: Requeue = { kind: "done" };
/** Between two looks at whether the account can still be reached. */
const LOOK_AGAIN: Requeue = { kind: "after", delayMs: 300_000 };

/**
 * Tells of each class whether its account can be reached and how it is used, and holds it back while objects are of it.
 *
 * It decides nothing: an object is judged by the class's spec alone.
 */
export class ClassReconciler {
  readonly #deps: ClassReconcilerDependencies;
  readonly #boundaries: ClassBoundaries;

  constructor(deps: ClassReconcilerDependencies) {
    this.#deps = deps;
    this.#boundaries = new ClassBoundaries(deps.boundaryOf);
  }

  /** One class by its key, start to finish; only a bug raises. */
  async reconcile(key: string, signal: AbortSignal, { logger }: { readonly logger: Logger }): Promise<Requeue> {
    const raw = this.#deps.cache.get(key);
    if (raw === undefined) {
      this.#boundaries.forget(key);
      return DONE;
    }
    try {
      return await this.#look(raw, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ControllerError)) throw error;
      const level = error.disposition === "conflict" ? "info" : "warn";
      logger[level]("reconcile of a class postponed", { reason: error.reason, error: error.message });
      return { kind: "backoff" };
    }
  }

  async #look(raw: KubeObject, signal: AbortSignal): Promise<Requeue> {
    const metadata = raw["metadata"] as ObjectMeta;
    const used = this.#deps.objectsOf(metadata.name);
    const isGoing = metadata.deletionTimestamp !== undefined;
    if (isGoing && used.length === 0) {
      if (hasFinalizer({ metadata })) await this.#patch(metadata, removeFinalizerPatch({ metadata }), signal);
      return DONE;
    }
    if (!isGoing && !hasFinalizer({ metadata })) await this.#patch(metadata, addFinalizerPatch({ metadata }), signal);
    const facts = {
      ...(await this.#reach(raw, isGoing, signal)),
      isInDeletion: isGoing,
      objects: used.length,
      violations: used.filter(doesNotFit).length,
    };
    await this.#publish(raw, metadata, facts, signal);
    return requeueOf(facts);
  }

  async #reach(raw: KubeObject, isGoing: boolean, signal: AbortSignal): Promise<Reached> {
    let of: InstanceProfileClass;
    try {
      of = parseInstanceProfileClass(raw);
    } catch (error) {
      if (!(error instanceof ControllerError)) throw error;
      return { fault: error.message, account: undefined };
    }
    if (isGoing) return { fault: undefined, account: undefined };
    try {
      await this.#deps.verify(of, signal);
      const boundary = await this.#boundaries.verify(of, signal);
      return { fault: undefined, account: { id: of.spec.account.id }, boundary };
    } catch (error) {
      signal.throwIfAborted();
      return { fault: undefined, account: { error } };
    }
  }

  async #publish(raw: KubeObject, metadata: ObjectMeta, facts: ClassFacts, signal: AbortSignal): Promise<void> {
    const current = (raw["status"] ?? {}) as { readonly conditions?: readonly Condition[] };
    const now = `${new Date(this.#deps.nowMs()).toISOString().slice(0, 19)}Z`;
    const status = classStatus({ generation: metadata.generation, conditions: current.conditions }, facts, now);
    this.#announce(metadata, current.conditions, status.conditions);
    if (canonical(status) === canonical(current)) return;
    const value = JSON.parse(JSON.stringify(status)) as unknown;
    await this.#deps.client.patchStatus(
      clusterKey(metadata),
      [
        { op: "test", path: "/metadata/uid", value: metadata.uid },
        { op: "add", path: "/status", value },
      ],
      signal,
    );
  }

  /** Events about the class; and its objects are reconciled when a missing boundary has come. */
  #announce(
    { name, uid, resourceVersion }: ObjectMeta,
    before: readonly Condition[] | undefined,
    now: readonly Condition[] | undefined,
  ): void {
    const regarding = { apiVersion: API_VERSION, kind: CLASS_KIND, namespace: "", name, uid, resourceVersion };
    for (const event of classEvents(before, now)) this.#deps.events.emit({ ...event, regarding });
    const wasMissing = findCondition(before, "Ready")?.reason === PERMISSIONS_BOUNDARY_NOT_FOUND;
    if (wasMissing && findCondition(now, "Ready")?.status === "True") this.#deps.wakeObjects(name);
  }

  #patch(
    metadata: ObjectMeta,
    operations: Parameters<ObjectClient["patch"]>[1],
    signal: AbortSignal,
  ): Promise<KubeObject> {
    return this.#deps.client.patch(clusterKey(metadata), operations, signal);
  }
}

/** When to look again: soon at what is missing, later and later at what fails. */
function requeueOf({ isInDeletion, fault, account, boundary }: ClassFacts): Requeue {
  if (isInDeletion || fault !== undefined) return LOOK_AGAIN;
  if (account === undefined || "error" in account) return { kind: "backoff" };
  if (boundary?.kind === "missing") return { kind: "after", delayMs: MISSING_MAX_AGE_MS };
  return boundary?.isRetried === true ? { kind: "backoff" } : LOOK_AGAIN;
}

/** Classes are in no namespace. */
function clusterKey({ name }: ObjectMeta): { readonly namespace: string; readonly name: string } {
  return { namespace: "", name };
}

function doesNotFit(raw: KubeObject): boolean {
  const { conditions } = (raw["status"] ?? {}) as { readonly conditions?: readonly Condition[] };
  return findCondition(conditions, COMPLIANT)?.status === "False";
}

/** Key order is no difference. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
