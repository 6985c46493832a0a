import type { InstanceProfileStatus } from "../../api/instance-profile.ts";
import type { ChangeEvent } from "../../engine/drift/change-event.ts";
import { EntityIndex } from "../../engine/drift/entity-index.ts";
import type { EventQueue } from "../../engine/drift/event-queue.ts";
import type { KubeObject, ObjectKey } from "../../engine/ports.ts";
import { TokenBucket } from "../../runtime/queue/token-bucket.ts";
import type { ObjectChange } from "../../runtime/watch/store.ts";
import { keyText } from "../object-key.ts";
import type { ClassQueue } from "./class-queues.ts";
import { EventQueueLoop, type EventQueueLoopOptions, type EventResult } from "./event-queue-loop.ts";
import { Verifications, type VerificationsOptions } from "./verifications.ts";

/** The dependencies of {@link DriftEvents}. */
export interface DriftEventsOptions
  extends VerificationsOptions,
    Pick<EventQueueLoopOptions, "clock" | "random" | "logger" | "observer"> {
  /** The operator's, whose events can concern objects of every account. */
  readonly queues: readonly EventQueue[];
  /** Those that classes name now, by their names. */
  readonly classQueues: () => ReadonlyMap<string, ClassQueue>;
  /** The objects in the cache that this controller reconciles. */
  readonly objects: () => readonly KubeObject[];
  /** The key of the account that the object is in; undefined when it is unknown. */
  readonly accountKeyOf: (key: string) => string | undefined;
  /** Reads the instances of a region again if the change concerns one that an object selects. True when it does. */
  readonly instancesChanged: (event: ChangeEvent) => boolean;
}

interface PolledQueue {
  readonly queue: EventQueue | ClassQueue;
  readonly loop: EventQueueLoop;
}

/** Bounds the CPU that backlogs and floods of all queues can take: 10 messages each, so 30,000 a minute. */
const BATCHES = { perSecond: 50, burst: 50 };
/** Batches that must wait go on together: one by one, every 20 ms, they take half as much CPU again, because the processor rests in between. */
const BURST_INTERVAL_MS = 1_000;

/**
 * Receives the events about changes in AWS, and has the objects verified that the changes concern. Events are hints: account scans find
 * what they do not report, and nothing in them decides about a write.
 */
export class DriftEvents {
  readonly #options: DriftEventsOptions;
  /** Undefined while no queue is polled. */
  #index: EntityIndex | undefined;
  readonly #verifications: Verifications;
  readonly #batches: TokenBucket;
  /** By the name of the queue. */
  readonly #polled = new Map<string, PolledQueue>();
  /** Loops that end, by the name of the queue. */
  readonly #ending = new Map<string, Promise<void>>();
  #phase: "waiting" | "working" | "stopped" = "waiting";

  constructor(options: DriftEventsOptions) {
    this.#options = options;
    this.#verifications = new Verifications(options);
    this.#batches = new TokenBucket(options.clock, BATCHES);
  }

  /** Receives from the queues from now on. Does nothing after `stop`. */
  start(): void {
    if (this.#phase === "stopped") return;
    this.#phase = "working";
    for (const queue of this.#options.queues) this.#poll(queue);
    this.classesChanged();
  }

  /** Resolves when nothing is received any more. */
  async stop(): Promise<void> {
    this.#phase = "stopped";
    for (const name of this.#polled.keys()) this.#leave(name);
    await Promise.all(this.#ending.values());
    // After the loops: one of them may still handle what it has received.
    this.#verifications.stop();
  }

  /** Receives from the queues that classes name now, and from the operator's. */
  classesChanged(): void {
    if (this.#phase !== "working") return;
    const { queues, classQueues } = this.#options;
    const named = classQueues();
    const operators = new Set(queues.map(({ name }) => name));
    for (const name of this.#polled.keys()) if (!operators.has(name) && !named.has(name)) this.#leave(name);
    // The operator's queue of the same name has events of every account.
    for (const [name, queue] of named) if (!this.#polled.has(name)) this.#poll(queue);
    if (this.#polled.size === 0) this.#index = undefined;
  }

  /** Handles an added, changed or deleted object. */
  objectChanged(change: ObjectChange): void {
    if (change.type === "deleted") this.#index?.put(keyOf(change.old), undefined);
    else this.#index?.put(keyOf(change.new), statusOf(change.new));
  }

  /**
   * Has the objects verified that the change concerns.
   *
   * @param accountId the account of the queue; undefined: the event can concern objects of every account
   */
  receive(event: ChangeEvent, accountId?: string): EventResult {
    const { isOwn, instancesChanged } = this.#options;
    if (accountId !== undefined && accountId !== event.accountId) return "misdirected";
    if (isOwn(event.requestId)) return "own";
    let isMatched = event.instanceIds.length > 0 && instancesChanged(event);
    for (const touched of event.touched) {
      for (const key of this.#objectsOf(event, touched.entity, accountId)) {
        this.#verifications.add(key, { event, touched });
        isMatched = true;
      }
    }
    return isMatched ? "matched" : "unmatched";
  }

  #objectsOf(event: ChangeEvent, entity: string, accountId: string | undefined): readonly string[] {
    const found = [...(this.#index?.objectsOf(event.accountId, entity) ?? [])];
    // The ARNs in a status do not prove the account of the object.
    return accountId === undefined ? found : found.filter((key) => this.#options.accountKeyOf(key) === accountId);
  }

  #poll(queue: EventQueue | ClassQueue): void {
    const accountId = "accountId" in queue ? queue.accountId : undefined;
    this.#index ??= this.#indexed();
    const loop = new EventQueueLoop({
      ...this.#options,
      queue,
      receive: (event) => this.receive(event, accountId),
      nextBatchMs: () => this.#nextBatchMs(),
    });
    this.#polled.set(queue.name, { queue, loop });
    this.#options.observer?.joined?.(queue.name);
    // What was opened for the former loop is closed first: it can be the same connection.
    const former = this.#ending.get(queue.name);
    if (former === undefined) loop.start();
    else void former.then(() => loop.start());
  }

  /** Reserves the next batch. Returns the time until then. */
  #nextBatchMs(): number {
    const waitMs = this.#batches.reserveMs();
    if (waitMs === 0) return 0;
    const nowMs = this.#options.clock.monotonicMs();
    return Math.ceil((nowMs + waitMs) / BURST_INTERVAL_MS) * BURST_INTERVAL_MS - nowMs;
  }

  #leave(name: string): void {
    const polled = this.#polled.get(name);
    this.#polled.delete(name);
    if (polled === undefined) return;
    const { queue, loop } = polled;
    const ending = Promise.all([this.#ending.get(name), loop.stop()]).then(() => {
      if (this.#ending.get(name) === ending) this.#ending.delete(name);
      queue.close?.();
      // A class may have named the queue again meanwhile.
      if (this.#polled.has(name)) return;
      this.#options.observer?.left?.(name);
      if ("left" in queue) queue.left();
    });
    this.#ending.set(name, ending);
  }

  #indexed(): EntityIndex {
    const index = new EntityIndex();
    for (const raw of this.#options.objects()) index.put(keyOf(raw), statusOf(raw));
    return index;
  }
}

function statusOf(raw: KubeObject): InstanceProfileStatus | undefined {
  return raw["status"] as InstanceProfileStatus | undefined;
}

function keyOf(raw: KubeObject): string {
  return keyText(raw["metadata"] as ObjectKey);
}
