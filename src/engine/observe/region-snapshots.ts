import { ControllerError, dispositionOf, isPropagating } from "../../errors.ts";
import type { InstanceFacts } from "../../model/instances/instance.ts";
import { type InstanceAction, isInstanceAction } from "../../plan/instances/instance-action.ts";
import type { AppliedAction, ExecutionReport } from "../execute/execute.ts";
import type { InstanceReader } from "../instance-ports.ts";
import { type InstanceWrite, replayOn } from "./instance-replay.ts";

/** All instances of one region at one moment, seen through our own recent writes. */
export interface RegionSnapshot {
  readonly region: string;
  /** Monotonic ms at which the reading began. */
  readonly readAtMs: number;
  /** By id. */
  readonly instances: ReadonlyMap<string, InstanceFacts>;
}

/** What was read anew, beside what was known before; undefined the first time. */
export type RefreshListener = (snapshot: RegionSnapshot, previous: RegionSnapshot | undefined) => void;

/** What the snapshots are read and kept with. */
export interface RegionSnapshotsOptions {
  readonly reader: InstanceReader;
  readonly monotonicMs: () => number;
  /** How long EC2 may take to show a write of ours. */
  readonly propagationWindowMs: number;
}

/** A region that could not be read is not asked again for so long, however many objects want to know. */
const FAILURE_PAUSE_MS = 5_000;

interface Reading {
  readonly startedAtMs: number;
  readonly snapshot: Promise<RegionSnapshot>;
}

interface Region {
  current?: RegionSnapshot;
  reading?: Reading;
  failure?: { readonly atMs: number; readonly error: unknown };
  /** Nothing that was read before this counts: a write was refused because something has moved, or its reply was lost. */
  invalidBeforeMs: number;
  /** Our writes that no reading has shown yet, oldest first. */
  writes: readonly InstanceWrite[];
}

/**
 * The instances of each region, read once for all objects: however many ask at once, one reading serves them.
 *
 * Guarantees: own writes show at once, also while EC2 does not show them yet. What a write by an old snapshot can do wrong EC2
 * refuses, for association ids change with every write; then the region is read anew.
 */
export class RegionSnapshots {
  readonly #options: RegionSnapshotsOptions;
  readonly #regions = new Map<string, Region>();
  /** Told of every reading. Called synchronously; must not throw. */
  onRefresh: RefreshListener = () => {};

  constructor(options: RegionSnapshotsOptions) {
    this.#options = options;
  }

  /**
   * The region as it was read no longer ago than `maxAgeMs`.
   *
   * Errors: those of the reader, also when another caller has just met them; the signal's reason when it aborts, which does
   * not end the reading for the others.
   */
  async get(name: string, maxAgeMs: number, signal: AbortSignal): Promise<RegionSnapshot> {
    signal.throwIfAborted();
    const region = this.#region(name);
    const oldestMs = Math.max(this.#options.monotonicMs() - maxAgeMs, region.invalidBeforeMs);
    if (region.current !== undefined && region.current.readAtMs >= oldestMs) return region.current;
    const { reading, failure } = region;
    if (reading !== undefined && reading.startedAtMs >= oldestMs) return orAbort(reading.snapshot, signal);
    if (failure !== undefined && failure.atMs + FAILURE_PAUSE_MS > this.#options.monotonicMs()) throw failure.error;
    return orAbort(this.#read(name, region), signal);
  }

  /** What was read last, however long ago. */
  peek(name: string): RegionSnapshot | undefined {
    return this.#regions.get(name)?.current;
  }

  /** Remembers what a pass did. */
  record({ applied, failed, refused }: ExecutionReport): void {
    for (const write of applied) {
      if (isInstanceAction(write.action)) this.#recordWrite(write.action, write.outcome);
    }
    for (const { action, error } of failed === undefined ? refused : [failed, ...refused]) {
      if (!isInstanceAction(action) || tellsNothing(error)) continue;
      this.#region(action.region).invalidBeforeMs = this.#options.monotonicMs();
    }
  }

  #recordWrite(action: InstanceAction, { created }: AppliedAction["outcome"]): void {
    const region = this.#region(action.region);
    const write = { atMs: this.#options.monotonicMs(), action, created };
    region.writes = [...region.writes, write];
    const { current } = region;
    if (current === undefined) return;
    const instances = new Map(current.instances);
    for (const facts of replayOn(instances, [write]).changed) instances.set(facts.instanceId, facts);
    region.current = { ...current, instances };
  }

  #read(name: string, region: Region): Promise<RegionSnapshot> {
    const startedAtMs = this.#options.monotonicMs();
    const snapshot = this.#options.reader.readRegion(name, new AbortController().signal).then(
      (instances) => this.#accept(name, region, startedAtMs, instances),
      (error: unknown) => {
        region.failure = { atMs: this.#options.monotonicMs(), error };
        throw error;
      },
    );
    const reading = { startedAtMs, snapshot };
    region.reading = reading;
    const end = (): void => {
      if (region.reading === reading) delete region.reading;
    };
    snapshot.then(end, end);
    return snapshot;
  }

  #accept(name: string, region: Region, readAtMs: number, found: readonly InstanceFacts[]): RegionSnapshot {
    const instances = new Map(found.map((facts) => [facts.instanceId, facts]));
    const sinceMs = this.#options.monotonicMs() - this.#options.propagationWindowMs;
    const recent = region.writes.filter(({ atMs }) => atMs > sinceMs || atMs >= readAtMs);
    const { changed, unseen } = replayOn(instances, recent);
    region.writes = unseen;
    for (const facts of changed) instances.set(facts.instanceId, facts);
    delete region.failure;
    const snapshot = { region: name, readAtMs, instances };
    const previous = region.current;
    // Two readings may overlap: what began later is what counts.
    if (previous !== undefined && previous.readAtMs > readAtMs) return previous;
    region.current = snapshot;
    this.onRefresh(snapshot, previous);
    return snapshot;
  }

  #region(name: string): Region {
    const known = this.#regions.get(name);
    if (known !== undefined) return known;
    const region: Region = { invalidBeforeMs: Number.NEGATIVE_INFINITY, writes: [] };
    this.#regions.set(name, region);
    return region;
  }
}

/** Whoever is refused for want of permission, or asked to wait, has learnt nothing of what is there. */
function tellsNothing(error: unknown): boolean {
  if (!(error instanceof ControllerError)) return false;
  if (isPropagating(error)) return true;
  const disposition = dispositionOf(error);
  return disposition === "throttled" || disposition === "blocked" || disposition === "terminal";
}

function orAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
