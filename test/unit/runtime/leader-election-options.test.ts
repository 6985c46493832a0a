import { expect, test } from "vitest";
import { LeaderElector } from "../../../src/runtime/election/leader-election.ts";
import {
  DEFAULT_ELECTION_TIMINGS,
  type ElectionTimings,
  timingsFault,
} from "../../../src/runtime/election/leader-election-options.ts";
import { silentLogger } from "../../../src/telemetry.ts";
import { ElectionWorld } from "../../support/election-world.ts";

const wrong: readonly [Partial<ElectionTimings>, string][] = [
  [{ leaseDurationMs: 15_500 }, "the lease duration must be whole seconds"],
  [{ leaseDurationMs: 0 }, "the lease duration must be whole seconds"],
  [{ leaseDurationMs: Number.NaN }, "the lease duration must be whole seconds"],
  [{ leaseDurationMs: 10_000 }, "the lease duration (10000 ms) must be longer than the renew deadline (10000 ms)"],
  [{ renewDeadlineMs: 2_400 }, "the renew deadline (2400 ms) must be longer than 1.2 retry periods"],
  [{ retryPeriodMs: 0 }, "the retry period must be longer than 0"],
  [{ renewDeadlineMs: Number.NaN }, "the lease duration (15000 ms) must be longer"],
];

test.for(wrong)("refuses timings that cannot work: %o", ([change, message]) => {
  expect(timingsFault({ ...DEFAULT_ELECTION_TIMINGS, ...change })).toContain(message);
});

test("takes the defaults, and an elector refuses what cannot work", () => {
  expect(timingsFault(DEFAULT_ELECTION_TIMINGS)).toBeUndefined();
  const world = new ElectionWorld();
  const a = world.candidate("a", { isStarted: false });
  const timings = { ...DEFAULT_ELECTION_TIMINGS, renewDeadlineMs: 20_000 };
  const make = () =>
    new LeaderElector({
      lock: world.lockOf(a),
      identity: "a",
      clock: world.clock,
      random: () => 0,
      logger: silentLogger,
      timings,
    });
  expect(make).toThrow(RangeError);
});
