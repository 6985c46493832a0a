import type { InstanceProfileStatus } from "../../api/instance-profile.ts";
import type { ChangeEvent } from "../../engine/drift/change-event.ts";
import { EntityIndex } from "../../engine/drift/entity-index.ts";
import type { EventQueue } from "../../engine/drift/event-queue.ts";
import type { KubeObject, ObjectKey } from "../../engine/ports.ts";
import type { ObjectChange } from "../../runtime/watch/store.ts";
import { keyText } from "../object-key.ts";
import { EventQueueLoop, type EventQueueLoopOptions } from "./event-queue-loop.ts";
import { Verifications, type VerificationsOptions } from "./verifications.ts";

/** The dependencies of {@link DriftEvents}. */
export interface DriftEventsOptions
  extends VerificationsOptions,
    Pick<EventQueueLoopOptions, "clock" | "random" | "logger" | "observer"> {
  readonly queues: readonly EventQueue[];
  /** Reads the instances of a region again if the change concerns one that an object selects. True when it does. */
  readonly instancesChanged: (event: ChangeEvent) => boolean;
}

/**
 * Receives the events about changes in AWS, and has the objects verified that the changes concern. Events are hints: account scans find
 * what they do not report, and nothing in them decides about a write.
 */
export class DriftEvents {
  readonly #options: DriftEventsOptions;
  readonly #index = new EntityIndex();
  readonly #verifications: Verifications;
  readonly #loops: readonly EventQueueLoop[];

  constructor(options: DriftEventsOptions) {
    this.#options = options;
    this.#verifications = new Verifications(options);
    const receive = (event: ChangeEvent): "matched" | "own" | "unmatched" => this.receive(event);
    this.#loops = options.queues.map((queue) => new EventQueueLoop({ ...options, queue, receive }));
  }

  /** Receives from the queues from now on. */
  start(): void {
    for (const loop of this.#loops) loop.start();
  }

  /** Resolves when nothing is received any more. */
  async stop(): Promise<void> {
    await Promise.all(this.#loops.map((loop) => loop.stop()));
    // After the loops: one of them may still handle what it has received.
    this.#verifications.stop();
  }

  /** Handles an added, changed or deleted object. */
  objectChanged(change: ObjectChange): void {
    if (this.#loops.length === 0) return;
    if (change.type === "deleted") this.#index.put(keyOf(change.old), undefined);
    else this.#index.put(keyOf(change.new), change.new["status"] as InstanceProfileStatus | undefined);
  }

  /** Has the objects verified that the change concerns. */
  receive(event: ChangeEvent): "matched" | "own" | "unmatched" {
    if (this.#options.isOwn(event.requestId)) return "own";
    let isMatched = event.instanceIds.length > 0 && this.#options.instancesChanged(event);
    for (const touched of event.touched) {
      for (const key of this.#index.objectsOf(event.accountId, touched.entity)) {
        this.#verifications.add(key, { event, touched });
        isMatched = true;
      }
    }
    return isMatched ? "matched" : "unmatched";
  }
}

function keyOf(raw: KubeObject): string {
  return keyText(raw["metadata"] as ObjectKey);
}
