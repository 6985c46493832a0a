import { expect, test } from "vitest";
import { dispositionOf } from "../../../src/errors.ts";
import { LeadershipLostError, NotLeadingError } from "../../../src/runtime/election/leader-election-options.ts";
import { type CallFate, type Candidate, ElectionWorld } from "../../support/election-world.ts";
import { settle } from "../../support/fake-clock.ts";

const RENEW_DEADLINE_MS = 10_000;

/** A world with a leader who has just been elected. */
async function led(): Promise<{ readonly world: ElectionWorld; readonly a: Candidate }> {
  const world = new ElectionWorld();
  const a = world.candidate("a");
  await settle();
  world.calls.length = 0;
  return { world, a };
}

test("renews every retry period with one request, changing nothing but the time of renewal", async () => {
  const { world, a } = await led();
  const acquireTimeMs = world.clock.nowMs();
  await world.clock.advance(60_000);
  expect(new Set(world.calls.map(({ verb }) => verb))).toEqual(new Set(["update"]));
  expect(world.calls.length).toBe(30);
  expect(world.lease).toMatchObject({ leaseTransitions: 0, acquireTimeMs, renewTimeMs: world.clock.nowMs() });
  expect([a.changes, a.slowPaths]).toEqual([[false, true], 0]);
});

test("keeps the lease through trouble that is shorter than the renew deadline", async () => {
  const { world, a } = await led();
  world.judge = () => ({ kind: "refused" });
  await world.clock.advance(RENEW_DEADLINE_MS - 1_000);
  expect(a.elector.mayWrite()).toBe(true);
  world.judge = () => ({ kind: "answered" });
  await world.clock.advance(60_000);
  expect([world.writers, a.changes, a.slowPaths]).toEqual([["a"], [false, true], 0]);
});

test.for<[string, CallFate]>([
  ["is refused", { kind: "refused" }],
  ["hangs", { kind: "hung" }],
  ["hangs and cannot be cut", { kind: "hung", isDeaf: true }],
  ["is carried out, but the reply is lost", { kind: "lost" }],
])("falls silent and then ends when every renewal %s", async ([, fate]) => {
  const { world, a } = await led();
  await world.clock.advance(3_000);
  world.judge = () => fate;
  // The last good renewal was sent at 2 s, the first bad one is at 4 s.
  await world.clock.advance(RENEW_DEADLINE_MS - 1_001);
  expect(a.elector.mayWrite()).toBe(true);
  await world.clock.advance(1);
  expect([a.elector.mayWrite(), a.elector.isLeading]).toEqual([false, true]);
  await world.clock.advance(1_999);
  expect([a.end, a.elector.fault]).toEqual(["running", undefined]);
  await world.clock.advance(1);
  expect([a.end, a.elector.isLeading, a.changes]).toEqual([
    new LeadershipLostError("system/controller was not renewed for 10 s"),
    false,
    [false, true, false],
  ]);
  expect(a.elector.fault).toBe("Leadership lost: system/controller was not renewed for 10 s");
  expect(world.logger.messages("error")).toEqual(["leader election lost"]);
});

test.for<[string, readonly CallFate[]]>([
  ["one that hangs", [...Array.from({ length: 4 }, () => ({ kind: "refused" }) as const), { kind: "hung" }]],
  ["a pause", [{ kind: "refused", replyMs: 3_000 }]],
])("does not end later when the deadline falls into %s", async ([, fates]) => {
  const { world, a } = await led();
  let calls = 0;
  world.judge = () => fates[calls++] ?? { kind: "refused" };
  await world.clock.advance(2_000 + RENEW_DEADLINE_MS - 1);
  expect(a.end).toBe("running");
  await world.clock.advance(1);
  expect(a.end).toBeInstanceOf(LeadershipLostError);
});

test("may write until the deadline after a renewal was sent, however late its answer came", async () => {
  const { world, a } = await led();
  world.judge = () => ({ kind: "answered", requestMs: 1_000, replyMs: 3_000 });
  // Sent at 2 s, answered at 6 s; the next one hangs.
  await world.clock.advance(5_000);
  world.judge = () => ({ kind: "hung" });
  await world.clock.advance(6_999);
  expect(a.elector.mayWrite()).toBe(true);
  await world.clock.advance(1);
  expect(a.elector.mayWrite()).toBe(false);
});

test("may write again when it renews in time after all", async () => {
  const { world, a } = await led();
  world.candidate("b");
  world.judge = ({ candidate }) => ({ kind: "answered", replyMs: candidate === "a" ? 4_000 : 0 });
  // Sent at 2 s, answered at 6 s, so that the next attempts are from 8 s on.
  await world.clock.advance(3_000);
  world.judge = ({ candidate }) => ({ kind: candidate === "a" ? "refused" : "answered" });
  await world.clock.advance(9_000);
  expect(world.writers).toEqual([]);
  world.judge = () => ({ kind: "answered" });
  await world.clock.advance(3_000);
  expect([world.writers, a.changes, a.slowPaths]).toEqual([["a"], [false, true], 0]);
});

test("tries again on another request when one hangs, and so keeps the lease", async () => {
  const { world, a } = await led();
  let hung = 0;
  world.judge = () => ({ kind: hung++ === 0 ? "hung" : "answered" });
  await world.clock.advance(20_000);
  expect([a.elector.mayWrite(), a.changes]).toEqual([true, [false, true]]);
  expect(world.calls.slice(0, 2).map(({ atMs }) => atMs)).toEqual([2_000, 7_000]);
});

test("reads the lease when the reply to a renewal was lost, and goes on", async () => {
  const { world, a } = await led();
  const before = world.lease;
  let lost = 0;
  world.judge = () => ({ kind: lost++ === 0 ? "lost" : "answered" });
  await world.clock.advance(4_000);
  expect(world.calls.map(({ verb }) => verb)).toEqual(["update", "update", "read", "update"]);
  expect([a.elector.mayWrite(), a.slowPaths]).toEqual([true, 1]);
  expect(world.lease).toMatchObject({ leaseTransitions: 0, acquireTimeMs: before?.acquireTimeMs });
});

test("keeps a lease that somebody else annotated", async () => {
  const { world, a } = await led();
  if (world.lease !== undefined) world.put(world.lease);
  await world.clock.advance(2_000);
  expect([a.elector.mayWrite(), a.slowPaths, a.changes]).toEqual([true, 1, [false, true]]);
});

test.for([
  ["has another holder", { holderIdentity: "kubectl", leaseDurationMs: 15_000, renewTimeMs: 0 }, "kubectl"],
  ["has no holder", { holderIdentity: "", leaseDurationMs: 15_000, renewTimeMs: 0 }, "no process"],
  ["is gone", undefined, "no process"],
] as const)("loses the lease as soon as it sees that it %s, and leaves it alone", async ([, lease, holder]) => {
  const { world, a } = await led();
  if (lease === undefined) world.lease = undefined;
  else world.put(lease);
  const before = world.lease;
  await world.clock.advance(2_000);
  expect([a.elector.mayWrite(), a.end]).toEqual([
    false,
    new LeadershipLostError(`system/controller is held by ${holder}`),
  ]);
  expect(world.lease).toEqual(before);
});

test("may not write after a blocked event loop, before anything else has run", async () => {
  const { world, a } = await led();
  a.clock.block(20_000);
  await world.clock.advance(19_999);
  // Not one callback of this process has run since: the question alone finds out.
  expect([a.elector.isLeading, a.elector.mayWrite(), world.calls]).toEqual([true, false, []]);
  expect(() => a.elector.assertLeading()).toThrow(NotLeadingError);
  expect(a.elector.fault).toBe("the Lease system/controller was not renewed in time");
});

test("leads on after a blocked event loop only if nobody has led meanwhile", async () => {
  const alone = await led();
  alone.a.clock.block(20_000);
  await alone.world.clock.advance(20_000);
  expect([alone.a.elector.mayWrite(), alone.a.slowPaths]).toEqual([true, 0]);

  const { world, a } = await led();
  const b = world.candidate("b");
  a.clock.block(20_000);
  await world.clock.advance(20_000);
  expect([world.writers, a.end]).toEqual([["b"], new LeadershipLostError("system/controller is held by b")]);
  await b.elector.release();
});

test("does not lead on when another process has led, and has freed the lease again", async () => {
  const { world, a } = await led();
  const b = world.candidate("b");
  a.clock.block(20_000);
  await world.clock.advance(18_000);
  await b.elector.release();
  await world.clock.advance(2_000);
  expect([world.writers, a.end]).toEqual([[], new LeadershipLostError("system/controller is held by no process")]);
});

test("does not count a renewal whose answer waited out a blocked event loop", async () => {
  const { world, a } = await led();
  world.judge = () => ({ kind: "answered", replyMs: 500 });
  await world.clock.advance(2_000);
  a.clock.block(10_500);
  world.judge = () => ({ kind: "hung" });
  await world.clock.advance(10_500);
  expect(a.elector.mayWrite()).toBe(false);
});

test("may not write after a suspension that the monotonic clock slept through, until the lease is renewed", async () => {
  const { world, a } = await led();
  a.clock.jumpWallClock(60_000);
  expect([a.elector.mayWrite(), a.elector.isLeading]).toEqual([false, true]);
  await world.clock.advance(2_000);
  expect(a.elector.mayWrite()).toBe(true);
});

test("loses the lease after a suspension in which another process took it", async () => {
  const { world, a } = await led();
  a.clock.jumpWallClock(60_000);
  world.put({ holderIdentity: "b", leaseDurationMs: 15_000, renewTimeMs: 0 });
  await world.clock.advance(2_000);
  expect([a.elector.mayWrite(), a.end]).toEqual([false, expect.any(LeadershipLostError)]);
});

test("goes on when the wall clock is set back", async () => {
  const { world, a } = await led();
  a.clock.jumpWallClock(-60_000);
  await world.clock.advance(RENEW_DEADLINE_MS);
  expect([a.elector.mayWrite(), a.changes]).toEqual([true, [false, true]]);
});

test("does not lead longer than its monotonic clock allows when the wall clock is set back", async () => {
  const { world, a } = await led();
  a.clock.jumpWallClock(-60_000);
  world.judge = () => ({ kind: "hung" });
  await world.clock.advance(RENEW_DEADLINE_MS - 1);
  expect(a.elector.mayWrite()).toBe(true);
  await world.clock.advance(1);
  expect(a.elector.mayWrite()).toBe(false);
});

test("lets a follower take over what its leader has lost, after a time in which nobody writes", async () => {
  const { world, a } = await led();
  const b = world.candidate("b");
  world.judge = ({ candidate }) => ({ kind: candidate === "a" ? "refused" : "answered" });
  await world.clock.advance(RENEW_DEADLINE_MS);
  expect(world.writers).toEqual([]);
  await world.clock.advance(4_999);
  expect([world.writers, a.end]).toEqual([[], expect.any(LeadershipLostError)]);
  await world.clock.advance(1);
  expect([world.writers, world.lease?.leaseTransitions, b.changes]).toEqual([["b"], 1, [false, true]]);
});

test("says by its probe that it stands still when a process that waits for the lease no longer tries to get it", async () => {
  const { world, a } = await led();
  const b = world.candidate("b");
  await world.clock.advance(60_000);
  expect([a.elector.fault, b.elector.fault]).toEqual([undefined, undefined]);
  b.kill();
  await world.clock.advance(15_000);
  expect(b.elector.fault).toBeUndefined();
  await world.clock.advance(5_000);
  expect(b.elector.fault).toBe("the election for the Lease system/controller makes no progress");
  expect(world.candidate("c", { isStarted: false }).elector.fault).toBeUndefined();
});

test("asks for the write to be tried again where it was refused for lack of the lease", () => {
  expect(dispositionOf(new NotLeadingError("system/controller"))).toBe("retryable");
});
