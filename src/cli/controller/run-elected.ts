import type { LeaderElector } from "../../runtime/election/leader-election.ts";

/** What only a leader may do; see Controller. */
export interface LeaderWork {
  work(): void;
  /** Resolves with false when something was left behind that may still be writing. */
  stop(drainMs: number): Promise<boolean>;
}

/** Work under way, or waiting for the election. */
export interface LedWork {
  /** Resolves when this process led and does so no more; never otherwise. */
  readonly lost: Promise<Error>;
  /** Ends the work, then frees the lease. */
  stop(drainMs: number): Promise<boolean>;
}

/** Begins the work when this process is elected, and cuts it off when it leads no more. */
export function runElected(work: LeaderWork, elector: LeaderElector): LedWork {
  const renewing = new AbortController();
  const lost = Promise.withResolvers<Error>();
  elector.run(renewing.signal).catch((error: Error) => {
    // Nothing is drained: whatever is under way was decided by a leader.
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
      // With something left behind that may still be writing, others had better wait until the lease expires.
      if (drained) await elector.release();
      renewing.abort();
      return drained;
    },
  };
}

/** Begins the work at once, for a process that is the only one. */
export function workAlone(work: LeaderWork): LedWork {
  work.work();
  return { lost: new Promise(() => {}), stop: (drainMs) => work.stop(drainMs) };
}
