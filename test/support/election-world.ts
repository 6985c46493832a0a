import { LeaderElector } from "../../src/runtime/election/leader-election.ts";
import type { LeaseLock, LeaseWrite, ObservedLease } from "../../src/runtime/election/leader-election-lock.ts";
import { FakeClock } from "./fake-clock.ts";
import { MachineClock } from "./machine-clock.ts";
import { RecordingLogger } from "./recording-logger.ts";

/** One request of a candidate, before it is sent. */
export interface LeaseCall {
  readonly candidate: string;
  readonly verb: "read" | "create" | "update";
}

/** What becomes of a request. Times are the world's; the request is carried out when it arrives, unless it is `refused`. */
export interface CallFate {
  /** `answered`, or `refused`: an error comes instead; `lost`: it is carried out, an error comes; `hung`: nothing comes. */
  readonly kind: "answered" | "refused" | "lost" | "hung";
  readonly requestMs?: number;
  readonly replyMs?: number;
  /** The caller is not let go when it gives up. */
  readonly isDeaf?: boolean;
}

/** The lease in the store. */
export type StoredLease = LeaseWrite & { readonly version: number };

interface CandidateOptions {
  /** How much of its time passes in one of the world's. */
  readonly clockRate?: number;
  readonly wallSkewMs?: number;
  readonly random?: () => number;
  /** Otherwise the test calls `run`. */
  readonly isStarted?: boolean;
}

/** Candidates for one lease, each with its own clock and its own way to the store, in a time that the test moves. */
export class ElectionWorld {
  readonly clock: FakeClock = new FakeClock();
  readonly logger: RecordingLogger = new RecordingLogger();
  readonly candidates: Candidate[] = [];
  readonly calls: (LeaseCall & { readonly atMs: number })[] = [];
  lease: StoredLease | undefined;
  judge: (call: LeaseCall) => CallFate = () => ({ kind: "answered" });
  /** After everything that happens to any candidate, once it has settled. */
  afterEach: () => void = () => {};

  candidate(name: string, options: CandidateOptions = {}): Candidate {
    const candidate = new Candidate(this, name, options);
    this.candidates.push(candidate);
    if (options.isStarted ?? true) candidate.run();
    return candidate;
  }

  /** Who may write now, by their own judgement. */
  get writers(): readonly string[] {
    return this.candidates.filter(({ elector }) => elector.mayWrite()).map(({ name }) => name);
  }

  /** As if somebody wrote the lease with kubectl. */
  put(lease: LeaseWrite): void {
    this.lease = { ...lease, version: (this.lease?.version ?? 0) + 1 };
  }

  lockOf(candidate: Candidate): LeaseLock {
    const send = <T>(verb: LeaseCall["verb"], signal: AbortSignal, executePlan: () => T): Promise<T> =>
      this.#send(candidate, verb, signal, executePlan);
    return {
      name: "system/controller",
      read: (signal) => send("read", signal, () => seen(this.lease)),
      create: (write, signal) => send("create", signal, () => this.#store(write, undefined)),
      update: (write, previous, signal) => send("update", signal, () => this.#store(write, previous)),
    };
  }

  #store(write: LeaseWrite, previous: ObservedLease | undefined): ObservedLease | undefined {
    if (seen(this.lease)?.version !== previous?.version) return undefined;
    this.put({ ...this.lease, ...write });
    return seen(this.lease);
  }

  #send<T>(candidate: Candidate, verb: LeaseCall["verb"], signal: AbortSignal, executePlan: () => T): Promise<T> {
    const call = { candidate: candidate.name, verb };
    this.calls.push({ ...call, atMs: this.clock.monotonicMs() });
    const { kind, requestMs = 0, replyMs = 0, isDeaf = false } = this.judge(call);
    return new Promise((resolve, reject) => {
      if (!isDeaf) signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      const reply = (deliver: () => void): void => void this.#later(replyMs, () => candidate.clock.whenAwake(deliver));
      this.#later(requestMs, () => {
        if (kind === "refused") return reply(() => reject(new Error("503")));
        const answer = executePlan();
        if (kind === "lost") reply(() => reject(new Error("ECONNRESET")));
        if (kind === "answered") reply(() => resolve(answer));
      });
    });
  }

  #later(delayMs: number, callback: () => void): void {
    if (delayMs === 0) callback();
    else this.clock.schedule(delayMs, callback);
  }
}

/** One process that wants to lead. */
export class Candidate {
  readonly name: string;
  readonly clock: MachineClock;
  readonly elector: LeaderElector;
  readonly stop: AbortController = new AbortController();
  /** What `run` came to. */
  end: "running" | "stopped" | Error = "running";
  /** What the observer heard. */
  readonly changes: boolean[] = [];
  slowPaths = 0;

  constructor(world: ElectionWorld, name: string, options: CandidateOptions) {
    this.name = name;
    const { clockRate: rate, wallSkewMs } = options;
    this.clock = new MachineClock(world.clock, { rate, wallSkewMs, afterEach: () => world.afterEach() });
    this.elector = new LeaderElector({
      lock: world.lockOf(this),
      identity: name,
      clock: this.clock,
      random: options.random ?? (() => 0),
      logger: world.logger,
      observer: {
        leading: (isLeading) => this.changes.push(isLeading),
        slowPath: () => {
          this.slowPaths += 1;
        },
      },
    });
  }

  run(): void {
    this.elector.run(this.stop.signal).then(
      () => {
        this.end = "stopped";
      },
      (error: Error) => {
        this.end = error;
      },
    );
  }

  /** Nothing of it ever runs again, as after SIGKILL. */
  kill(): void {
    this.clock.block(Number.POSITIVE_INFINITY);
  }
}

function seen(lease: StoredLease | undefined): ObservedLease | undefined {
  return (
    lease && {
      holderIdentity: lease.holderIdentity,
      leaseDurationMs: lease.leaseDurationMs,
      leaseTransitions: lease.leaseTransitions ?? 0,
      version: String(lease.version),
    }
  );
}
