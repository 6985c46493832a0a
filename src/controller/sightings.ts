import type { ObjectMeta } from "../api/instance-profile.ts";
import type { Sighting } from "../engine/sighting.ts";
import { isUserWaiting, type Urgency } from "./urgency.ts";

/** What makes an object the one that a sweep has looked for. */
type Identity = Pick<ObjectMeta, "uid" | "generation">;

/** A sighting older than this proves nothing any more: whose a role is may have changed since. */
const FRESH_MS = 30_000;

/**
 * What passes and sweeps have shown of each object of late, by key: so that a pass need not read what a sweep has just read,
 * and an object that was seen to be well is not looked at again one by one.
 */
export class Sightings {
  readonly #monotonicMs: () => number;
  readonly #wellAtMs = new Map<string, number>();
  readonly #sightings = new Map<string, Sighting & Identity & { readonly atMs: number }>();
  #sparesMs = 0;
  #isFirstSweepAhead = false;
  #expectedSinceMs = 0;

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /** A sweep is about to show all objects at once: whoever is in no hurry waits for it. */
  get isFirstSweepAhead(): boolean {
    return this.#isFirstSweepAhead;
  }

  /** As `isFirstSweepAhead`, for whoever waits no longer than so long. */
  isFirstSweepAheadFor(patienceMs: number): boolean {
    return this.#isFirstSweepAhead && this.#monotonicMs() - this.#expectedSinceMs < patienceMs;
  }

  expectSweep(): void {
    if (this.#isFirstSweepAhead) return;
    this.#expectedSinceMs = this.#monotonicMs();
    this.#isFirstSweepAhead = true;
  }

  /** Sweeps work, and will come again: what was well within the last `sparesMs` needs no look of its own. 0: they do not. */
  sweepEnded(sparesMs: number): void {
    this.#isFirstSweepAhead = false;
    this.#sparesMs = sparesMs;
  }

  /** The object was seen to be as it should. */
  isWell(key: string, atMs: number = this.#monotonicMs()): void {
    this.#wellAtMs.set(key, atMs);
    this.#sightings.delete(key);
  }

  /** The object was not seen to be as it should. */
  isInDoubt(key: string): void {
    this.#wellAtMs.delete(key);
  }

  /** A sweep has seen something that the object's status does not say. */
  isNews(key: string, { uid, generation }: Identity, sighting: Sighting, atMs: number): void {
    this.#wellAtMs.delete(key);
    this.#sightings.set(key, { ...sighting, uid, generation, atMs });
  }

  /** A reconcile has ended; it has verified the object, or not. */
  ended(key: string, isVerified: boolean): void {
    if (isVerified) this.isWell(key);
    else this.isInDoubt(key);
  }

  /**
   * The sighting of this very object, once, while it is fresh; none for a pass that a person waits for, unless the sweep was
   * waited for.
   */
  take(key: string, { uid, generation }: Identity, urgency: Urgency): Sighting | undefined {
    const known = this.#sightings.get(key);
    this.#sightings.delete(key);
    if (known === undefined || (isUserWaiting(urgency) && known.isOfBegun !== true)) return undefined;
    if (known.uid !== uid || known.generation !== generation) return undefined;
    return this.#monotonicMs() - known.atMs < FRESH_MS ? known : undefined;
  }

  /** True when the object was well not long ago and a sweep will look at it again. */
  spares(key: string): boolean {
    const atMs = this.#wellAtMs.get(key);
    return atMs !== undefined && this.#monotonicMs() - atMs < this.#sparesMs;
  }

  forget(key: string): void {
    this.#wellAtMs.delete(key);
    this.#sightings.delete(key);
  }
}
