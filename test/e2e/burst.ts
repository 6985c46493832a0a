import { setTimeout as delay } from "node:timers/promises";
import { expect, vi } from "vitest";
import { isAwsWrite } from "../support/aws-write.ts";
import { type ClusterUser, readyOf } from "../support/cluster-user.ts";
import { type ReplicaCall, ReplicaProcess, type ReplicaSite } from "../support/faults/replica-process.ts";
import { s3ReadOnly } from "../support/manifest.ts";

/** Objects that one leader has in hand at once. */
const IN_HAND = 10;
const CREATION = ["AddRoleToInstanceProfile", "CreateInstanceProfile", "CreateRole", "PutRolePolicy"];
/** Calls to AWS that an object takes from nothing to Ready. */
const CALLS = CREATION.length;
/** The read that proves what the lists of a scan do not, and the call that was under way. */
const EXCESS = 2;
const PATIENCE = { timeout: 120_000, interval: 50 };
/** A takeover is 20 s; a busy machine may take its time for the rest, but something must come. */
const STANDSTILL_MS = 90_000;
/** A list of them all is work for the server that is looked at, and for this process, through which all calls go. */
const LOOK_EVERY_MS = 1_000;

/** Many objects that come at once in a namespace of their own, and the processes that work on them. */
export class Burst {
  readonly replicas: ReplicaProcess[] = [];
  readonly #size: number;
  readonly #site: ReplicaSite;
  readonly #user: ClusterUser;

  constructor(size: number, site: ReplicaSite, user: ClusterUser) {
    this.#size = size;
    this.#site = site;
    this.#user = user;
  }

  /** One process, which leads and has scanned the account. */
  async startLeader(options?: { readonly blockMs?: number }): Promise<ReplicaProcess> {
    const leader = await this.#start(options);
    await vi.waitFor(() => expect(leader.hasLed).toBe(true), PATIENCE);
    const scanned = (): boolean => leader.awsCalls.some(({ what }) => what === "GetAccountSummary");
    await vi.waitFor(() => expect(scanned()).toBe(true), PATIENCE);
    return leader;
  }

  /** One more, which waits with its caches filled. */
  async startStandby(): Promise<ReplicaProcess> {
    const standby = await this.#start();
    await vi.waitFor(() => expect(standby.isUp).toBe(true), PATIENCE);
    return standby;
  }

  async apply(): Promise<void> {
    const { namespace } = this.#site;
    const names = Array.from({ length: this.#size }, (_, i) => `${namespace}-${i}`);
    for (let i = 0; i < names.length; i += 20) {
      await Promise.all(names.slice(i, i + 20).map((name) => this.#user.apply(s3ReadOnly({ namespace, name }))));
    }
  }

  /** Resolves in the middle of it: the leader has much behind it, much before it, and something under way. */
  async untilMiddle(leader: ReplicaProcess): Promise<void> {
    const roles = (): number => leader.awsCalls.filter(({ what }) => what === "CreateRole").length;
    await vi.waitFor(() => expect(roles()).toBeGreaterThan(0.3 * this.#size), { ...PATIENCE, interval: 5 });
  }

  /**
   * Resolves when every object is Ready. A process in whose place nobody is left is started again, as by a kubelet: on a very
   * busy machine any leader may lose its lease.
   *
   * Errors: nothing more has become Ready for 90 s; says what the processes wrote last.
   */
  async untilReady(): Promise<void> {
    let [most, sinceMs] = [-1, performance.now()];
    for (; ; await delay(LOOK_EVERY_MS)) {
      const objects = await this.#user.list(this.#site.namespace);
      const ready = objects.filter((object) => readyOf(object) === "True InSync").length;
      if (ready === this.#size) return;
      if (ready > most) [most, sinceMs] = [ready, performance.now()];
      if (performance.now() - sinceMs > STANDSTILL_MS) throw new Error(this.#standstill(ready));
      if (this.replicas.some(({ status }) => status === undefined)) continue;
      await this.#start();
      // Its own start is not the time that it gets.
      sinceMs = performance.now();
    }
  }

  /**
   * Every object was made by its four writes, none twice. AWS can carry out a write whose reply nobody hears, so that it is not
   * among the calls: one for each object that a leader had in hand at its end.
   */
  expectNothingTwice(): void {
    const writes = this.#byObject(({ what, status }) => status < 300 && isAwsWrite(what));
    expect(writes.size).toBe(this.#size);
    const made = [...writes.values()].map((all) => all.map(({ what }) => what));
    for (const whats of made) expect([...new Set(whats)].toSorted()).toEqual(whats.toSorted());
    const unheard = made.map((whats) => CREATION.length - whats.length).filter((count) => count > 0);
    expect(Math.max(0, ...unheard)).toBeLessThanOrEqual(1);
    expect(unheard.length).toBeLessThanOrEqual(this.#ends * IN_HAND);
  }

  /**
   * No object cost more calls than with one leader, but for those that a leader had in hand at its end. Together they cost no more than
   * the excess of all: on a busy machine one of them can be tried several times.
   */
  expectNothingReadAgain(): void {
    const excess = [...this.#calls().values()].map(({ length }) => length - CALLS).filter((count) => count > 0);
    expect(excess.length).toBeLessThanOrEqual(this.#ends * IN_HAND);
    expect(excess.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(this.#ends * IN_HAND * EXCESS);
  }

  /** How many processes have ended, or may have. */
  get #ends(): number {
    return this.replicas.length - 1;
  }

  /** How many objects have taken how many calls. */
  histogram(): string {
    const sizes = Map.groupBy(this.#calls().values(), ({ length }) => length);
    return [...sizes]
      .sort(([a], [b]) => a - b)
      .map(([size, { length }]) => `${length} x ${size}`)
      .join(", ");
  }

  async stop(): Promise<void> {
    await Promise.all(this.replicas.splice(0).map((replica) => replica.stop()));
  }

  async #start(options?: { readonly blockMs?: number }): Promise<ReplicaProcess> {
    const replica = await ReplicaProcess.start(this.#site, options);
    this.replicas.push(replica);
    return replica;
  }

  /** Of scans none: they are about no object. */
  #calls(): ReadonlyMap<string, readonly ReplicaCall[]> {
    return this.#byObject(({ subject }) => subject !== "");
  }

  #byObject(counts: (call: ReplicaCall) => boolean): ReadonlyMap<string, readonly ReplicaCall[]> {
    const calls = this.replicas.flatMap(({ awsCalls }) => awsCalls).filter(counts);
    return Map.groupBy(calls, ({ subject }) => subject);
  }

  #standstill(ready: number): string {
    const ends = this.replicas.map(
      ({ status, process }) => `(status ${status}): ${process.output().slice(-1_000).trim()}`,
    );
    return `${ready} of ${this.#size} Ready, and no more for ${STANDSTILL_MS / 1_000} s. The processes ${ends.join("\n")}`;
  }
}
