import type { ObjectMeta } from "../../api/instance-profile.ts";
import { LruMap } from "../../model/lru-map.ts";
import type { ObservedState } from "../../model/observed-state.ts";
import type { IndexQuery, StartingPoint } from "../observe/snapshot-index.ts";
import { isCovered, type Part, type PartsToReread, type StaleObservation } from "../observe/stale-observation.ts";
import type { ChangeEvent } from "./change-event.ts";
import { mergedParts } from "./touched-entities.ts";

type Identity = Pick<ObjectMeta, "uid" | "generation">;

interface Known extends Identity {
  readonly observed: ObservedState;
}

/** The reported changes of one object. */
interface Changes {
  /** Those that no write has repaired, the oldest first. */
  readonly open: readonly ChangeEvent[];
  readonly last: ChangeEvent;
}

/** The number of open changes that are known of an object. */
const MAX_OPEN = 20;
/** Of more parts, such as inline policies of names that others choose, everything is read. */
const MAX_PARTS = 50;
/** The number of objects whose reported changes are known. */
const MAX_OBJECTS = 5_000;

/**
 * What makes the verification of a reported change cheap, for the objects of one account: the state that was observed last, and the parts
 * of it that changes have touched since. The reconcile reads only those.
 *
 * It proves nothing: what is written is read again and proved in the same reconcile, and what no event reports is found by the next scan.
 */
export class DriftMemory {
  /** The sources of events, by their names. */
  readonly #sources = new Set<string>();
  readonly #states = new Map<string, Known>();
  readonly #touched = new Map<string, PartsToReread>();
  readonly #changes = new LruMap<Changes>(MAX_OBJECTS);

  /** Keeps observed states while there is a source of events. Without events, nothing uses them. */
  keepFor(source: string): void {
    this.#sources.add(source);
  }

  /** The source has no more events. After the last one, nothing is kept. */
  endFor(source: string): void {
    this.#sources.delete(source);
    if (this.#sources.size === 0) this.#states.clear();
  }

  /** Records the observed state of an object, with the controller's writes since. */
  recordState(key: string, { uid, generation }: Identity, observed: ObservedState): void {
    if (this.#sources.size === 0) return;
    const { role, instanceProfile, managedPolicies } = observed;
    const state = { role, instanceProfile, ...(managedPolicies !== undefined && { managedPolicies }) };
    this.#states.set(key, { uid, generation, observed: state });
  }

  /** Forgets the state of an object that was not observed as a whole. */
  forgetState(key: string): void {
    this.#states.delete(key);
  }

  /** Records that a change has touched these parts of an object. */
  touch(key: string, parts: PartsToReread): void {
    const touched = mergedParts(this.#touched.get(key) ?? new Set(), parts);
    this.#touched.set(key, touched === "everything" || touched.size <= MAX_PARTS ? touched : "everything");
  }

  /**
   * Where a reconcile starts. A scan may have read a part before it was touched, so the touched parts are read again in any case.
   *
   * @param start where it starts by the last scan
   */
  startingPoint({ key, uid, generation, isUserWaiting }: IndexQuery, start: StartingPoint): StartingPoint {
    const touched = this.#touched.get(key);
    this.#touched.delete(key);
    if (touched === undefined || isUserWaiting) return start;
    if (start.kind === "observed") return { ...start, observation: withParts(start.observation, touched) };
    const known = this.#states.get(key);
    const isCurrent = known?.uid === uid && known.generation === generation;
    if (start.kind !== "unknown" || !isCurrent || touched === "everything") return start;
    return { kind: "observed", observation: { observed: known.observed, toReread: touched } };
  }

  /** Records a reported change of an object. */
  report(key: string, event: ChangeEvent): void {
    const open = this.#changes.get(key)?.open ?? [];
    this.#changes.set(key, { open: [...open, event].slice(-MAX_OPEN), last: event });
  }

  /** The reported changes of an object that no write has repaired, the oldest first. */
  openChanges(key: string): readonly ChangeEvent[] {
    return this.#changes.get(key)?.open ?? [];
  }

  /** The last reported change of an object. */
  lastChange(key: string): ChangeEvent | undefined {
    return this.#changes.get(key)?.last;
  }

  /**
   * Closes the reported changes that writes to these parts have repaired, and returns them, the oldest first. A change of another part
   * may not be visible yet.
   */
  repaired(key: string, parts: ReadonlySet<Part>): readonly ChangeEvent[] {
    const isRepaired = ({ touched }: ChangeEvent): boolean => touched.every((one) => isCovered(one.parts, parts));
    const found = this.openChanges(key).filter(isRepaired);
    this.close(key, found);
    return found;
  }

  /** Closes reported changes that are neither repaired nor visible: most changed nothing that the spec is about. */
  close(key: string, events: readonly ChangeEvent[]): void {
    const known = this.#changes.get(key);
    if (known === undefined) return;
    this.#changes.set(key, { ...known, open: known.open.filter((event) => !events.includes(event)) });
  }

  /** Removes everything of a deleted object. */
  forget(key: string): void {
    this.#states.delete(key);
    this.#touched.delete(key);
    this.#changes.delete(key);
  }
}

function withParts(observation: StaleObservation, touched: PartsToReread): StaleObservation {
  return { ...observation, toReread: mergedParts(observation.toReread, touched) };
}

/** Who changed what, and when, as CloudTrail says. */
export function describeChange({ action, principal, time }: ChangeEvent): string {
  return `${action} by ${principal} at ${time}`;
}
