import type { LeaderElector } from "../../runtime/election/leader-election.ts";
import type { ShardElections } from "../../runtime/election/shard-elections.ts";

/** The part of the controller that only a leader runs; see Controller. */
export interface LeaderWork {
  work(): void;
  /** Resolves with false when something that can still write is left running. */
  stop(drainMs: number): Promise<boolean>;
}

/** Leader work that runs or waits for the election. */
export interface LedWork {
  /** Resolves when this process loses leadership; stays pending otherwise. */
  readonly lost: Promise<Error>;
  /** Ends the work, then releases the Lease. */
  stop(drainMs: number): Promise<boolean>;
}

/** Starts the work when this process becomes the leader, and cuts it off when it loses leadership. */
export function runElected(work: LeaderWork, elector: LeaderElector): LedWork {
  const renewing = new AbortController();
  const lost = Promise.withResolvers<Error>();
  elector.run(renewing.signal).catch((error: Error) => {
    // No drain: a process that lost the Lease must not finish its reconciles.
    void work.stop(0);
    lost.resolve(error);
  });
  void elector.whenLeading().then((isElected) => {
    if (isElected) work.work();
  });
  return {
    lost: lost.promise,
    async stop(drainMs) {
      const drained = await work.stop(drainMs);
      // While something can still write, keep the Lease until it expires.
      if (drained) await elector.release();
      renewing.abort();
      return drained;
    },
  };
}

/** Starts the elections of the shards. A lost shard ends its work, not the process. */
export function runSharded(watches: { stop(): Promise<void> }, elections: ShardElections): LedWork {
  elections.start();
  return {
    lost: new Promise(() => {}),
    async stop(drainMs) {
      const drained = await elections.stop(drainMs);
      await watches.stop();
      return drained;
    },
  };
}

/** Starts the work at once, for a process without leader election. */
export function workAlone(work: LeaderWork): LedWork {
  work.work();
  return { lost: new Promise(() => {}), stop: (drainMs) => work.stop(drainMs) };
}
