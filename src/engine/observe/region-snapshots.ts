import { ControllerError, dispositionOf, isPropagating } from "../../errors.ts";
import type { InstanceFacts } from "../../model/instances/instance.ts";
import {
  type AssociationAction,
  type CreatedEntity,
  type InstanceAction,
  isInstanceAction,
  isTagAction,
} from "../../plan/action.ts";
import { associationAfter } from "../../plan/instances/simulate-instances.ts";
import { FAILURE_CACHE_MS, orAbort } from "../concurrency.ts";
import type { AppliedAction, ExecutionReport } from "../execute/execute.ts";
import type { InstanceReader } from "../instance-ports.ts";

/** All instances of one region at one moment, with the controller's own recent writes laid over them. */
export interface RegionSnapshot {
  readonly region: string;
  /** Monotonic ms at which the read began. */
  readonly readAtMs: number;
  /** By id. */
  readonly instances: ReadonlyMap<string, InstanceFacts>;
}

/** Receives a new snapshot and the previous one; `previous` is undefined the first time. */
export type RefreshListener = (snapshot: RegionSnapshot, previous: RegionSnapshot | undefined) => void;

/** The dependencies of {@link RegionSnapshots}. */
export interface RegionSnapshotsOptions {
  readonly reader: InstanceReader;
  readonly monotonicMs: () => number;
  /** How long EC2 may take to show a write. */
  readonly propagationWindowMs: number;
}

interface Reading {
  readonly startedAtMs: number;
  readonly snapshot: Promise<RegionSnapshot>;
}

interface Region {
  current?: RegionSnapshot;
  reading?: Reading;
  failure?: { readonly atMs: number; readonly error: unknown };
  /**
   * Reads that began before this are stale: a write was refused because an instance has changed, or its reply was lost.
   */
  invalidBeforeMs: number;
  /** The controller's writes that no read has shown yet, oldest first. */
  writes: readonly InstanceWrite[];
}

/**
 * A cache of the instances of each region, shared by all objects: concurrent callers share one read.
 *
 * Guarantees: the controller's own writes are visible at once, also while EC2 does not show them yet. A write that is
 * based on a stale snapshot is refused by EC2, because association ids change with every write; then the region is read
 * again.
 */
export class RegionSnapshots {
  readonly #options: RegionSnapshotsOptions;
  readonly #regions = new Map<string, Region>();
  /** Called synchronously after every read; must not throw. */
  onRefresh: RefreshListener = () => {};

  constructor(options: RegionSnapshotsOptions) {
    this.#options = options;
  }

  /**
   * A snapshot of the region that is at most `maxAgeMs` old.
   *
   * Errors: those of the reader, also from the cache; the signal's reason when it aborts, which does not abort the read
   * for other callers.
   */
  async get(name: string, maxAgeMs: number, signal: AbortSignal): Promise<RegionSnapshot> {
    signal.throwIfAborted();
    const region = this.#region(name);
    const oldestMs = Math.max(this.#options.monotonicMs() - maxAgeMs, region.invalidBeforeMs);
    if (region.current !== undefined && region.current.readAtMs >= oldestMs) return region.current;
    const { reading, failure } = region;
    if (reading !== undefined && reading.startedAtMs >= oldestMs) return orAbort(reading.snapshot, signal);
    if (failure !== undefined && failure.atMs + FAILURE_CACHE_MS > this.#options.monotonicMs()) throw failure.error;
    return orAbort(this.#read(name, region), signal);
  }

  /** The last snapshot, however old. */
  peek(name: string): RegionSnapshot | undefined {
    return this.#regions.get(name)?.current;
  }

  /** Records the writes of one reconcile. */
  record({ applied, failed, refused }: ExecutionReport): void {
    for (const write of applied) {
      if (isInstanceAction(write.action)) this.#recordWrite(write.action, write.outcome);
    }
    for (const { action, error } of failed === undefined ? refused : [failed, ...refused]) {
      if (!isInstanceAction(action) || isUnrelatedToState(error)) continue;
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
    // Reads may overlap: the one that began later counts.
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

/** True for an error that says nothing about the instances, such as access denied or throttling. */
function isUnrelatedToState(error: unknown): boolean {
  if (!(error instanceof ControllerError)) return false;
  if (isPropagating(error)) return true;
  const disposition = dispositionOf(error);
  return disposition === "throttled" || disposition === "blocked" || disposition === "terminal";
}

/** A write of the controller to EC2, and when it succeeded. */
interface InstanceWrite {
  readonly atMs: number;
  readonly action: InstanceAction;
  readonly created: CreatedEntity | undefined;
}

/** The result of laying recent writes over a read. */
interface Replay {
  /** The instances that the writes change, after the writes. */
  readonly changed: readonly InstanceFacts[];
  /** The writes that the read did not show. A write that it has shown need not be kept. */
  readonly unseen: readonly InstanceWrite[];
}

/**
 * Lays the controller's recent writes, oldest first, over the instances as EC2 returned them. A later change by another
 * client, which its association id reveals, is kept.
 */
function replayOn(read: ReadonlyMap<string, InstanceFacts>, writes: readonly InstanceWrite[]): Replay {
  const changed = new Map<string, InstanceFacts>();
  const unseen = writes.filter((write) => {
    const { instanceId } = write.action;
    const facts = changed.get(instanceId) ?? read.get(instanceId);
    const after = facts === undefined ? undefined : afterWrite(facts, write);
    if (after === undefined || after === facts) return false;
    changed.set(instanceId, after);
    return true;
  });
  return { changed: [...changed.values()], unseen };
}

/** Returns the same object when the read already shows the write, or the write no longer applies. */
function afterWrite(facts: InstanceFacts, { action, created }: InstanceWrite): InstanceFacts {
  if (isTagAction(action)) return withTags(facts, action.kind, action.tags);
  if (!isBefore(facts, action)) return facts;
  const profile = { arn: created?.arn ?? "", id: "" };
  return { ...facts, ...associationAfter(cleared(facts, action), action, profile, created) };
}

/** True when the association is the one from before the write, so that the read does not show the write yet. */
function isBefore({ association }: InstanceFacts, action: AssociationAction): boolean {
  if (action.kind === "AssociateIamInstanceProfile") {
    return association === undefined || association.associationId === "" || association.state === "disassociating";
  }
  return association?.associationId === action.associationId;
}

/** An association that is disassociating does not prevent a new one. */
function cleared(facts: InstanceFacts, action: AssociationAction): Pick<InstanceFacts, "association"> {
  return action.kind === "AssociateIamInstanceProfile" ? { association: undefined } : facts;
}

function withTags(facts: InstanceFacts, kind: "CreateTags" | "DeleteTags", tags: InstanceFacts["tags"]): InstanceFacts {
  const entries = Object.entries(tags);
  const has = ([key, value]: readonly [string, string]): boolean => facts.tags[key] === value;
  if (kind === "CreateTags") return entries.every(has) ? facts : { ...facts, tags: { ...facts.tags, ...tags } };
  if (!entries.some(has)) return facts;
  const gone = new Set(entries.filter(has).map(([key]) => key));
  return { ...facts, tags: Object.fromEntries(Object.entries(facts.tags).filter(([key]) => !gone.has(key))) };
}
