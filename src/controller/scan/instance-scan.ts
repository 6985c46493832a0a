import type { RegionSnapshot, RegionSnapshots } from "../../engine/observe/region-snapshots.ts";
import { ControllerError } from "../../errors.ts";
import type { InstanceFacts, ObservedAssociation } from "../../model/instances/instance.ts";
import { type InstanceClaim, selects } from "../../model/instances/instance-claim.ts";
import { ASSOCIATED_BY_TAG, formerMarkerOf, markerOf } from "../../model/instances/instance-marker.ts";
import type { Tags } from "../../model/ownership.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import type { ObjectChange } from "../../runtime/watch/store.ts";
import type { Logger } from "../../telemetry.ts";
import type { CachedClaims } from "../accounts/cached-claims.ts";
import { failureFields } from "../reconcile/failure-fields.ts";

/** What a scan works with. */
export interface InstanceScanDependencies {
  readonly snapshots: RegionSnapshots;
  readonly claims: CachedClaims;
  readonly clock: Clock;
  /** Between two readings of a region. */
  readonly intervalMs: number;
  /** Called with the key of an object whose instances have changed. */
  readonly wake: (key: string) => void;
  readonly logger: Logger;
}

/** While an instance that is asked for is about to start or stop, its region is read this often. */
const MOTION_INTERVAL_MS = 10_000;

/**
 * Reads the instances of every region that some object asks for, once for all objects, and wakes those whose instances have
 * changed: started, ended, re-tagged, given another profile. Objects whose instances are as they were cost nothing.
 */
export class InstanceScan {
  readonly #deps: InstanceScanDependencies;
  readonly #stop = new AbortController();
  readonly #faults = new Map<string, string>();
  #timer: Timer | undefined;

  constructor(deps: InstanceScanDependencies) {
    this.#deps = deps;
    deps.snapshots.onRefresh = (snapshot, previous) => this.#compare(snapshot, previous);
  }

  /** Begins; does nothing after `stop`. */
  start(): void {
    if (!this.#stop.signal.aborted && this.#timer === undefined) this.#schedule();
  }

  stop(): void {
    this.#stop.abort();
    this.#timer?.cancel();
  }

  /** An object has changed: those that select the same instances may win or lose them by it. */
  onChange(change: ObjectChange): void {
    if (change.type === "added" && change.isInInitialList) return;
    const { claims, snapshots, wake } = this.#deps;
    const before = "old" in change ? claims.of(change.old) : [];
    const after = "new" in change ? claims.of(change.new) : [];
    const versions = [...before, ...after];
    if (versions.length === 0 || versions[0] === versions[1]) return;
    for (const { instances, key } of versions) {
      const found = [...(snapshots.peek(instances.region)?.instances.values() ?? [])];
      const asked = found.filter((facts) => selects(instances, facts));
      const rivals = claims.in(instances.region).filter((claim) => claim.key !== key && isForAny(claim, asked));
      for (const rival of rivals) wake(rival.key);
    }
  }

  #schedule(): void {
    const { clock, intervalMs } = this.#deps;
    const delayMs = this.#isInMotion() ? Math.min(MOTION_INTERVAL_MS, intervalMs) : intervalMs;
    this.#timer = clock.schedule(delayMs, () => {
      void this.#scan(delayMs).finally(() => {
        if (!this.#stop.signal.aborted) this.#schedule();
      });
    });
  }

  async #scan(intervalMs: number): Promise<void> {
    const { claims, snapshots } = this.#deps;
    const regions = new Set(claims.all().map(({ instances }) => instances.region));
    // What an object had read in between need not be read again.
    const maxAgeMs = intervalMs / 2;
    await Promise.all(
      [...regions].map((region) =>
        snapshots.get(region, maxAgeMs, this.#stop.signal).then(
          () => void this.#faults.delete(region),
          (error: unknown) => this.#told(region, error),
        ),
      ),
    );
  }

  /** The objects tell their users; the log says it once. */
  #told(region: string, error: unknown): void {
    const words = error instanceof Error ? error.message : String(error);
    if (this.#stop.signal.aborted || this.#faults.get(region) === words) return;
    this.#faults.set(region, words);
    const facts = error instanceof ControllerError ? failureFields(error) : { error: words };
    this.#deps.logger.warn("instances not read", { region, ...facts });
  }

  #compare(snapshot: RegionSnapshot, previous: RegionSnapshot | undefined): void {
    if (previous === undefined) {
      this.#wakeForFormerMarkers(snapshot);
      return;
    }
    const changed = changesBetween(previous, snapshot);
    if (changed.length === 0) return;
    for (const claim of this.#deps.claims.in(snapshot.region)) {
      if (changed.some((versions) => versions.some((facts) => concerns(claim, facts)))) this.#deps.wake(claim.key);
    }
  }

  /** Markers of an earlier version count until their objects have written new ones, so the controller does that at its start. */
  #wakeForFormerMarkers(snapshot: RegionSnapshot): void {
    const markers = new Set([...snapshot.instances.values()].map(({ tags }) => tags[ASSOCIATED_BY_TAG]));
    for (const { owner, key } of this.#deps.claims.in(snapshot.region)) {
      if (markers.has(formerMarkerOf(owner))) this.#deps.wake(key);
    }
  }

  #isInMotion(): boolean {
    const { claims, snapshots } = this.#deps;
    return claims.all().some(({ instances }) => {
      const found = snapshots.peek(instances.region)?.instances;
      return found !== undefined && [...found.values()].some((facts) => isMoving(facts) && selects(instances, facts));
    });
  }
}

/** Both versions of each instance that is not as it was; one of an instance that has come or gone. */
function changesBetween(before: RegionSnapshot, after: RegionSnapshot): readonly (readonly InstanceFacts[])[] {
  const changed: (readonly InstanceFacts[])[] = [];
  for (const [id, now] of after.instances) {
    const then = before.instances.get(id);
    if (then === undefined) changed.push([now]);
    else if (!isSame(then, now)) changed.push([then, now]);
  }
  for (const [id, then] of before.instances) if (!after.instances.has(id)) changed.push([then]);
  return changed;
}

function isSame(then: InstanceFacts, now: InstanceFacts): boolean {
  if (then === now) return true;
  return then.state === now.state && sameTags(then.tags, now.tags) && sameTie(then.association, now.association);
}

function sameTags(one: Tags, other: Tags): boolean {
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => one[key] === other[key]);
}

/** The id of the profile is not known of an association that we have just made. */
function sameTie(then: ObservedAssociation | undefined, now: ObservedAssociation | undefined): boolean {
  if (then === undefined || now === undefined) return then === now;
  const isSameProfile = then.profileId === now.profileId || then.profileId === "";
  return then.associationId === now.associationId && then.state === now.state && isSameProfile;
}

function isForAny({ instances }: InstanceClaim, found: readonly InstanceFacts[]): boolean {
  return found.some((facts) => selects(instances, facts));
}

function concerns(claim: InstanceClaim, facts: InstanceFacts): boolean {
  return selects(claim.instances, facts) || facts.tags[ASSOCIATED_BY_TAG] === markerOf(claim.owner, facts.instanceId);
}

function isMoving({ state, association }: InstanceFacts): boolean {
  return (
    state === "pending" || state === "stopping" || (association !== undefined && association.state !== "associated")
  );
}
