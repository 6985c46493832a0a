import { API_VERSION, type Condition, type ObjectMeta } from "../../api/instance-profile.ts";
import { CLASS_KIND, type InstanceProfileClass } from "../../api/instance-profile-class.ts";
import { parseInstanceProfileClass } from "../../api/parse-instance-profile-class.ts";
import { MISSING_MAX_AGE_MS } from "../../engine/observe/policy-existence.ts";
import type { EventSink, KubeObject, ObjectClient } from "../../engine/ports.ts";
import { ControllerError } from "../../errors.ts";
import { PERMISSIONS_BOUNDARY_NOT_FOUND } from "../../plan/plan.ts";
import type { Requeue } from "../../runtime/queue/workers.ts";
import { type ClassFacts, classEvents, classStatus } from "../../status/class-status.ts";
import { COMPLIANT } from "../../status/compliance.ts";
import { findCondition } from "../../status/conditions.ts";
import { sameStatus } from "../../status/status-change.ts";
import type { Logger } from "../../telemetry.ts";
import { rfc3339 } from "../../text/rfc3339.ts";
import { addFinalizerPatch, hasFinalizer, removeFinalizerPatch } from "../finalizer.ts";
import { keyText } from "../object-key.ts";
import { failureFields } from "../reconcile/telemetry.ts";
import { type BoundaryOf, ClassBoundaries } from "./class-boundaries.ts";
import type { ClassTenure } from "./class-tenure.ts";

/** The dependencies of {@link ClassReconciler}. */
export interface ClassReconcilerDependencies {
  readonly client: ObjectClient;
  readonly cache: { get(key: string): KubeObject | undefined };
  /** The InstanceProfiles of a class in the cache. */
  readonly objectsOf: (className: string) => readonly KubeObject[];
  /** Verifies that the credentials of the class belong to its account. Errors: ControllerErrors, if they do not. */
  readonly verify: (of: InstanceProfileClass, signal: AbortSignal) => Promise<unknown>;
  readonly boundaryOf: BoundaryOf;
  readonly events: EventSink;
  /** Enqueues the InstanceProfiles of a class. */
  readonly enqueueObjects: (className: string) => void;
  readonly nowMs: () => number;
  readonly tenure: ClassTenure;
}

type Reached = Pick<ClassFacts, "fault" | "account" | "boundary">;

const DONE: Requeue = { kind: "done" };
/** The interval at which access to the account is verified again. */
const RESYNC: Requeue = { kind: "after", delayMs: 300_000 };

/**
 * Reports for each class whether its account is accessible and how the class is used, and keeps its finalizer while
 * objects use it.
 *
 * Its status is informational: objects are checked against the class's spec alone.
 */
export class ClassReconciler {
  readonly #deps: ClassReconcilerDependencies;
  readonly #boundaries: ClassBoundaries;

  constructor(deps: ClassReconcilerDependencies) {
    this.#deps = deps;
    this.#boundaries = new ClassBoundaries(deps.boundaryOf);
  }

  /** Reconciles one class by its key. Raises only for a bug. */
  async reconcile(key: string, signal: AbortSignal, { logger }: { readonly logger: Logger }): Promise<Requeue> {
    const raw = this.#deps.cache.get(key);
    if (raw === undefined) {
      this.#boundaries.forget(key);
      return DONE;
    }
    try {
      return await this.#reconcileClass(raw, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ControllerError)) throw error;
      const level = error.disposition === "conflict" ? "info" : "warn";
      logger[level]("Reconciler error", { disposition: error.disposition, ...failureFields(error) });
      return { kind: "backoff" };
    }
  }

  async #reconcileClass(raw: KubeObject, signal: AbortSignal): Promise<Requeue> {
    const metadata = raw["metadata"] as ObjectMeta;
    const used = this.#deps.objectsOf(metadata.name);
    const isInDeletion = metadata.deletionTimestamp !== undefined;
    const { finalizer, holdsAll, reports } = this.#deps.tenure;
    const isHeld = hasFinalizer({ metadata }, finalizer);
    if (isInDeletion && used.length === 0) {
      if (isHeld)
        await this.#patch(
          metadata,
          removeFinalizerPatch({ metadata }, (one) => one === finalizer),
          signal,
        );
      return DONE;
    }
    if (!isInDeletion && !isHeld && (holdsAll || used.length > 0))
      await this.#patch(metadata, addFinalizerPatch({ metadata }, finalizer), signal);
    if (!reports) return DONE;
    const facts = {
      ...(await this.#reach(raw, isInDeletion, signal)),
      isInDeletion,
      objects: used.length,
      ...(isInDeletion && { usedBy: used.map((object) => keyText(object["metadata"] as ObjectMeta)) }),
      violations: used.filter(isNonCompliant).length,
    };
    await this.#publish(raw, metadata, facts, signal);
    return requeueOf(facts);
  }

  async #reach(raw: KubeObject, isInDeletion: boolean, signal: AbortSignal): Promise<Reached> {
    let of: InstanceProfileClass;
    try {
      of = parseInstanceProfileClass(raw);
    } catch (error) {
      if (!(error instanceof ControllerError)) throw error;
      return { fault: error.message, account: undefined };
    }
    if (isInDeletion) return { fault: undefined, account: undefined };
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
    const now = rfc3339(this.#deps.nowMs());
    const status = classStatus({ generation: metadata.generation, conditions: current.conditions }, facts, now);
    this.#announce(metadata, current.conditions, status.conditions);
    if (sameStatus(current, status)) return;
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

  /** Emits the Events about the class, and enqueues its objects when a missing boundary was created. */
  #announce(
    { name, uid, resourceVersion }: ObjectMeta,
    before: readonly Condition[] | undefined,
    now: readonly Condition[] | undefined,
  ): void {
    const regarding = { apiVersion: API_VERSION, kind: CLASS_KIND, namespace: "", name, uid, resourceVersion };
    for (const event of classEvents(before, now)) this.#deps.events.emit({ ...event, regarding });
    const wasMissing = findCondition(before, "Ready")?.reason === PERMISSIONS_BOUNDARY_NOT_FOUND;
    if (wasMissing && findCondition(now, "Ready")?.status === "True") this.#deps.enqueueObjects(name);
  }

  #patch(
    metadata: ObjectMeta,
    operations: Parameters<ObjectClient["patch"]>[1],
    signal: AbortSignal,
  ): Promise<KubeObject> {
    return this.#deps.client.patch(clusterKey(metadata), operations, signal);
  }
}

/** The requeue of a class: soon for a missing boundary, with backoff for a transient error. */
function requeueOf({ isInDeletion, fault, account, boundary }: ClassFacts): Requeue {
  if (isInDeletion || fault !== undefined) return RESYNC;
  if (account === undefined || "error" in account) return { kind: "backoff" };
  if (boundary?.kind === "missing") return { kind: "after", delayMs: MISSING_MAX_AGE_MS };
  return boundary?.isRetried === true ? { kind: "backoff" } : RESYNC;
}

/** The key of a class, which is cluster-scoped. */
function clusterKey({ name }: ObjectMeta): { readonly namespace: string; readonly name: string } {
  return { namespace: "", name };
}

function isNonCompliant(raw: KubeObject): boolean {
  const { conditions } = (raw["status"] ?? {}) as { readonly conditions?: readonly Condition[] };
  return findCondition(conditions, COMPLIANT)?.status === "False";
}
