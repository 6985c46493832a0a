import type { ChangeEvent } from "../../engine/drift/change-event.ts";
import type { RegionSnapshot, RegionSnapshots } from "../../engine/observe/region-snapshots.ts";
import { ControllerError, messageOfError } from "../../errors.ts";
import { ASSOCIATED_BY_TAG, formerMarkerOf, markerOf } from "../../model/instances/association-tags.ts";
import type { InstanceFacts, ObservedAssociation } from "../../model/instances/instance.ts";
import { type InstanceClaim, selects } from "../../model/instances/instance-claim.ts";
import type { Tags } from "../../model/ownership.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import type { ObjectChange } from "../../runtime/watch/store.ts";
import type { Logger } from "../../telemetry.ts";
import type { CachedClaims } from "../accounts/instance-claims.ts";
import { failureFields } from "../reconcile/telemetry.ts";

/** The dependencies of {@link InstanceScan}. */
export interface InstanceScanDependencies {
  readonly snapshots: RegionSnapshots;
  readonly claims: CachedClaims;
  readonly clock: Clock;
  /** The interval between two reads of a region. */
  readonly intervalMs: number;
  /** Called with the key of an object whose instances have changed, and whether an event has reported that another client changed them. */
  readonly enqueue: (key: string, isReported: boolean) => void;
  readonly logger: Logger;
}

/** The read interval of all regions while a selected instance is starting, stopping or changing its association. */
const TRANSITION_INTERVAL_MS = 10_000;

/** How long further reported changes of a region are awaited. */
const REFRESH_DELAY_MS = 300;
/** The minimum time between two reads of a region that reported changes cause. */
const REFRESH_INTERVAL_MS = 2_000;

/**
 * Reads the instances of every region that an object selects from, once for all objects, and enqueues the objects whose
 * instances have changed: started, stopped, terminated, re-tagged or associated with another profile.
 */
export class InstanceScan {
  readonly #deps: InstanceScanDependencies;
  readonly #stop = new AbortController();
  readonly #faults = new Map<string, string>();
  /** Regions that are read again soon because of reported changes. */
  readonly #refreshing = new Map<string, Timer>();
  /** The objects that reported changes concern, by region, until a read of the region begins. */
  readonly #reported = new Map<string, ReadonlySet<string>>();
  /** The same, while the region is read. */
  readonly #reading = new Map<string, ReadonlySet<string>>();
  #timer: Timer | undefined;

  constructor(deps: InstanceScanDependencies) {
    this.#deps = deps;
    deps.snapshots.onRefresh = (snapshot, previous) => this.#compare(snapshot, previous);
  }

  /** Starts the loop; does nothing after `stop`. */
  start(): void {
    if (!this.#stop.signal.aborted && this.#timer === undefined) this.#schedule();
  }

  stop(): void {
    this.#stop.abort();
    this.#timer?.cancel();
    for (const timer of this.#refreshing.values()) timer.cancel();
  }

  /** Handles a changed object: enqueues the objects that select the same instances, which may win or lose them. */
  onChange(change: ObjectChange): void {
    if (change.type === "added" && change.isInInitialList) return;
    const { claims, snapshots, enqueue } = this.#deps;
    const before = "old" in change ? claims.of(change.old) : [];
    const after = "new" in change ? claims.of(change.new) : [];
    const versions = [...before, ...after];
    if (versions.length === 0 || versions[0] === versions[1]) return;
    for (const { instances, key } of versions) {
      const found = [...(snapshots.peek(instances.region)?.instances.values() ?? [])];
      const selected = found.filter((facts) => selects(instances, facts));
      const rivals = claims.in(instances.region).filter((claim) => claim.key !== key && isForAny(claim, selected));
      for (const rival of rivals) enqueue(rival.key, false);
    }
  }

  /**
   * Handles a reported change of instances: reads the region again soon if an object selects one of them, or has marked it. True when
   * one does.
   */
  reported({ region, instanceIds }: Pick<ChangeEvent, "region" | "instanceIds">): boolean {
    const { claims, snapshots } = this.#deps;
    const inRegion = claims.in(region);
    const known = inRegion.length === 0 ? undefined : snapshots.peek(region)?.instances;
    if (known === undefined) return false;
    const ids = new Set(instanceIds);
    const changed = [...known.values()].filter(
      ({ instanceId, association }) => ids.has(instanceId) || ids.has(association?.associationId ?? ""),
    );
    const concerned = inRegion.filter((claim) => changed.some((facts) => concerns(claim, facts)));
    if (concerned.length === 0) return false;
    const keys = this.#reported.get(region) ?? new Set();
    this.#reported.set(region, new Set([...keys, ...concerned.map(({ key }) => key)]));
    this.#refreshSoon(region);
    return true;
  }

  #refreshSoon(region: string): void {
    if (this.#refreshing.has(region) || this.#stop.signal.aborted) return;
    const { clock, snapshots } = this.#deps;
    const reportedMs = clock.monotonicMs();
    const sinceMs = reportedMs - (snapshots.peek(region)?.readAtMs ?? 0);
    const timer = clock.schedule(Math.max(REFRESH_DELAY_MS, REFRESH_INTERVAL_MS - sinceMs), () => {
      this.#refreshing.delete(region);
      const maxAgeMs = clock.monotonicMs() - reportedMs;
      const reading = new Set([...(this.#reading.get(region) ?? []), ...(this.#reported.get(region) ?? [])]);
      this.#reading.set(region, reading);
      // What is reported from now on, this read may not see.
      this.#reported.delete(region);
      void snapshots
        .get(region, maxAgeMs, this.#stop.signal)
        .catch((error: unknown) => this.#logFault(region, error))
        .then(() => this.#reading.get(region) === reading && this.#reading.delete(region));
    });
    this.#refreshing.set(region, timer);
  }

  #schedule(): void {
    const { clock, intervalMs } = this.#deps;
    const delayMs = this.#isInTransition() ? Math.min(TRANSITION_INTERVAL_MS, intervalMs) : intervalMs;
    this.#timer = clock.schedule(delayMs, () => {
      void this.#scan(delayMs).finally(() => {
        if (!this.#stop.signal.aborted) this.#schedule();
      });
    });
  }

  async #scan(intervalMs: number): Promise<void> {
    const { claims, snapshots } = this.#deps;
    const regions = new Set(claims.all().map(({ instances }) => instances.region));
    // A region that a reconcile has read in between need not be read again.
    const maxAgeMs = intervalMs / 2;
    await Promise.all(
      [...regions].map((region) =>
        snapshots.get(region, maxAgeMs, this.#stop.signal).then(
          () => void this.#faults.delete(region),
          (error: unknown) => this.#logFault(region, error),
        ),
      ),
    );
  }

  /** Logs a fault once. The objects report it in their status. */
  #logFault(region: string, error: unknown): void {
    const message = messageOfError(error);
    if (this.#stop.signal.aborted || this.#faults.get(region) === message) return;
    this.#faults.set(region, message);
    const facts = error instanceof ControllerError ? failureFields(error) : { err: { message } };
    this.#deps.logger.warn("could not read instances; the controller retries", { region, ...facts });
  }

  #compare(snapshot: RegionSnapshot, previous: RegionSnapshot | undefined): void {
    if (previous === undefined) {
      this.#enqueueFormerlyMarked(snapshot);
      return;
    }
    const changed = changesBetween(previous, snapshot);
    if (changed.length === 0) return;
    const { region } = snapshot;
    const isReported = (key: string): boolean =>
      [this.#reading, this.#reported].some((keys) => keys.get(region)?.has(key) === true);
    for (const claim of this.#deps.claims.in(region)) {
      if (changed.some((versions) => versions.some((facts) => concerns(claim, facts))))
        this.#deps.enqueue(claim.key, isReported(claim.key));
    }
  }

  /** Enqueues objects with markers of an earlier version, which the controller migrates at startup. */
  #enqueueFormerlyMarked(snapshot: RegionSnapshot): void {
    const markers = new Set([...snapshot.instances.values()].map(({ tags }) => tags[ASSOCIATED_BY_TAG]));
    for (const { owner, key } of this.#deps.claims.in(snapshot.region)) {
      if (markers.has(formerMarkerOf(owner))) this.#deps.enqueue(key, false);
    }
  }

  #isInTransition(): boolean {
    const { claims, snapshots } = this.#deps;
    return claims.all().some(({ instances }) => {
      const found = snapshots.peek(instances.region)?.instances;
      return found !== undefined && [...found.values()].some((facts) => isChanging(facts) && selects(instances, facts));
    });
  }
}

/** Both versions of each changed instance; one version of a new or removed instance. */
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
  return (
    then.state === now.state && sameTags(then.tags, now.tags) && sameAssociation(then.association, now.association)
  );
}

function sameTags(one: Tags, other: Tags): boolean {
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => one[key] === other[key]);
}

/** The profile id of an association that the controller has just created is unknown (empty). */
function sameAssociation(then: ObservedAssociation | undefined, now: ObservedAssociation | undefined): boolean {
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

function isChanging({ state, association }: InstanceFacts): boolean {
  return (
    state === "pending" || state === "stopping" || (association !== undefined && association.state !== "associated")
  );
}
