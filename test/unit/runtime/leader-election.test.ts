import { expect, test } from "vitest";
import { ElectionWorld } from "../../support/election-world.ts";
import { settle } from "../../support/fake-clock.ts";

const HOUR_MS = 3_600_000;
const LEASE_MS = 15_000;

/** A lease that somebody holds who is not there to renew it. */
const held = (holderIdentity: string) => ({
  holderIdentity,
  leaseDurationMs: LEASE_MS,
  renewTimeMs: 0,
  acquireTimeMs: 0,
  leaseTransitions: 4,
});

test("makes the lease where there is none, and leads", async () => {
  const world = new ElectionWorld();
  const a = world.candidate("a");
  await expect(a.elector.whenLeading()).resolves.toBe(true);
  expect([a.elector.isLeading, a.elector.mayWrite()]).toEqual([true, true]);
  expect(world.lease).toMatchObject({
    holderIdentity: "a",
    leaseDurationMs: LEASE_MS,
    leaseTransitions: 0,
    acquireTimeMs: world.clock.nowMs(),
    renewTimeMs: world.clock.nowMs(),
  });
  expect(a.changes).toEqual([false, true]);
});

test("leaves a lease alone that is renewed", async () => {
  const world = new ElectionWorld();
  world.candidate("a");
  const b = world.candidate("b");
  await world.clock.advance(300_000);
  expect([world.writers, b.changes]).toEqual([["a"], [false]]);
  expect(world.lease?.renewTimeMs).toBeGreaterThan(world.clock.nowMs() - 2_001);
});

test("takes over a lease that has not changed for its duration, at that moment and not before", async () => {
  const world = new ElectionWorld();
  const a = world.candidate("a");
  await settle();
  const b = world.candidate("b");
  a.kill();
  await world.clock.advance(LEASE_MS - 1);
  expect([world.writers, world.lease?.holderIdentity]).toEqual([[], "a"]);
  await world.clock.advance(1);
  expect([world.writers, b.changes]).toEqual([["b"], [false, true]]);
  expect(world.lease).toMatchObject({ leaseTransitions: 1, acquireTimeMs: world.clock.nowMs() });
});

test("waits out a lease that it sees for the first time, however old the holder's times in it are", async () => {
  const world = new ElectionWorld();
  world.put(held("gone"));
  const a = world.candidate("a");
  await world.clock.advance(LEASE_MS - 1);
  expect(a.elector.isLeading).toBe(false);
  await world.clock.advance(1);
  expect([a.elector.isLeading, world.lease?.leaseTransitions]).toEqual([true, 5]);
});

test("waits as long as the holder's record asks for, not as long as its own would", async () => {
  const world = new ElectionWorld();
  world.put({ ...held("gone"), leaseDurationMs: 60_000 });
  const a = world.candidate("a");
  await world.clock.advance(59_999);
  expect(a.elector.isLeading).toBe(false);
  await world.clock.advance(1);
  expect(a.elector.isLeading).toBe(true);
});

test.for([-HOUR_MS, HOUR_MS])("does not look at the wall clock of another host, %i ms off", async (wallSkewMs) => {
  const world = new ElectionWorld();
  const a = world.candidate("a", { wallSkewMs });
  await settle();
  world.candidate("b");
  await world.clock.advance(60_000);
  expect(world.writers).toEqual(["a"]);
  a.kill();
  await world.clock.advance(20_000);
  expect(world.writers).toEqual(["b"]);
});

test("takes a lease that nobody holds at once, and counts that it changed hands", async () => {
  const world = new ElectionWorld();
  world.put({ ...held(""), leaseDurationMs: 1_000 });
  const a = world.candidate("a");
  await expect(a.elector.whenLeading()).resolves.toBe(true);
  expect(world.lease).toMatchObject({ holderIdentity: "a", leaseDurationMs: LEASE_MS, leaseTransitions: 5 });
});

test("stays a candidate when another one is faster", async () => {
  const world = new ElectionWorld();
  world.judge = ({ verb, candidate }) => ({
    kind: "answered",
    requestMs: verb === "create" && candidate === "a" ? 50 : 10,
  });
  const a = world.candidate("a");
  world.candidate("b");
  await world.clock.advance(5_000);
  expect([world.writers, a.elector.isLeading]).toEqual([["b"], false]);
  expect(world.logger.lines).toContainEqual(
    expect.objectContaining({
      message: "new leader elected",
      fields: expect.objectContaining({ holder: "b" }),
    }),
  );
});

test("does not take over what was renewed between its look and its write", async () => {
  const world = new ElectionWorld();
  world.put(held("other"));
  const a = world.candidate("a");
  world.judge = ({ verb }) => ({ kind: "answered", requestMs: verb === "update" ? 100 : 0 });
  await world.clock.advance(LEASE_MS + 50);
  world.put(held("other"));
  await world.clock.advance(LEASE_MS - 200);
  expect([a.elector.isLeading, world.lease?.holderIdentity]).toEqual([false, "other"]);
});

test("finds out that it won when the reply to its claim was lost, and counts one change of hands", async () => {
  const world = new ElectionWorld();
  world.put(held(""));
  let lost = 0;
  world.judge = ({ verb }) => ({ kind: verb === "update" && lost++ === 0 ? "lost" : "answered" });
  const a = world.candidate("a");
  await settle();
  expect([world.lease?.holderIdentity, a.elector.mayWrite()]).toEqual(["a", false]);
  const acquireTimeMs = world.clock.nowMs();
  await world.clock.advance(2_000);
  expect(a.elector.mayWrite()).toBe(true);
  expect(world.lease).toMatchObject({ leaseTransitions: 5, acquireTimeMs });
});

test("does not lead by an answer that it hears too late, but by the next one", async () => {
  const world = new ElectionWorld();
  world.judge = ({ verb }) => ({ kind: "answered", replyMs: verb === "create" ? 100 : 0 });
  const a = world.candidate("a");
  await settle();
  // Both the answer and the limit on the attempt fall into the time in which nothing runs.
  a.clock.block(12_000);
  await world.clock.advance(12_000);
  expect([world.lease?.holderIdentity, a.changes]).toEqual(["a", [false]]);
  await world.clock.advance(2_000);
  expect(a.elector.mayWrite()).toBe(true);
});

test("asks again after one to 2.2 retry periods, so that candidates do not stay together", async () => {
  const waits = async (random: number): Promise<number> => {
    const world = new ElectionWorld();
    world.put({ ...held("other"), leaseDurationMs: HOUR_MS });
    world.candidate("a", { random: () => random });
    await world.clock.advance(60_000);
    return (world.calls[1]?.atMs ?? 0) - (world.calls[0]?.atMs ?? 0);
  };
  expect([await waits(0), await waits(0.5), await waits(1)]).toEqual([2_000, 3_200, 4_400]);
});

test("goes on asking while the store does not answer, says so each time, and says when it does again", async () => {
  const world = new ElectionWorld();
  world.judge = () => ({ kind: "refused" });
  const a = world.candidate("a");
  await world.clock.advance(HOUR_MS / 60);
  const attempts = world.calls.length;
  expect(attempts).toBeGreaterThan(10);
  expect(world.logger.messages("warn")).toEqual(Array(attempts).fill("Failed to read or write the Lease"));
  world.judge = () => ({ kind: "answered" });
  await world.clock.advance(2_000);
  expect(a.elector.mayWrite()).toBe(true);
  expect(world.logger.messages("info")).toContain("The Lease is accessible again");
});

test("is not ready after a minute without access to the Lease, and ready again with the first answer", async () => {
  const world = new ElectionWorld();
  world.judge = () => ({ kind: "refused" });
  const { elector } = world.candidate("a");
  await world.clock.advance(59_000);
  expect(elector.accessFault).toBeUndefined();
  await world.clock.advance(5_000);
  expect(elector.accessFault).toMatch(
    /^the Lease system\/controller could not be read or written for 6\d s; the log says why$/,
  );
  world.judge = () => ({ kind: "answered" });
  await world.clock.advance(5_000);
  expect(elector.accessFault).toBeUndefined();
});

test("gives a request that hangs up after half the renew deadline", async () => {
  const world = new ElectionWorld();
  world.judge = () => ({ kind: "hung" });
  world.candidate("a");
  await world.clock.advance(14_000);
  expect(world.calls.map(({ atMs }) => atMs)).toEqual([0, 7_000, 14_000]);
});

test.for([undefined, held("")])("claims nothing after it has given up an attempt that goes on: %o", async (lease) => {
  const world = new ElectionWorld();
  if (lease !== undefined) world.put(lease);
  world.judge = () => ({ kind: "answered", requestMs: 6_000, isDeaf: true });
  world.candidate("a");
  await world.clock.advance(60_000);
  expect(new Set(world.calls.map(({ verb }) => verb))).toEqual(new Set(["read"]));
});

test("ends when it is asked to, before and after its election, and leaves no timer", async () => {
  const world = new ElectionWorld();
  const [a, b] = [world.candidate("a"), world.candidate("b")];
  await world.clock.advance(5_000);
  a.stop.abort();
  b.stop.abort();
  await settle();
  expect([a.end, b.end, world.clock.timerCount]).toEqual(["stopped", "stopped", 0]);
  expect([a.changes, b.changes]).toEqual([[false, true, false], [false]]);
  expect([a.elector.mayWrite(), await b.elector.whenLeading(), world.lease?.holderIdentity]).toEqual([
    false,
    false,
    "a",
  ]);
});

test("runs once", () => {
  const a = new ElectionWorld().candidate("a");
  expect(() => a.elector.run(a.stop.signal)).toThrow("runs once");
});
