import { expect, test } from "vitest";
import { ElectionWorld } from "../../support/election-world.ts";
import { settle } from "../../support/fake-clock.ts";

test("hands the lease over at once", async () => {
  const world = new ElectionWorld();
  const a = world.candidate("a");
  const b = world.candidate("b");
  await world.clock.advance(10_000);
  world.calls.length = 0;
  const released = a.elector.release();
  expect([a.elector.mayWrite(), a.elector.isLeading]).toEqual([false, false]);
  await expect(released).resolves.toBe(true);
  expect(world.lease).toMatchObject({ holderIdentity: "", leaseDurationMs: 1_000, leaseTransitions: 0 });
  expect([a.end, a.elector.fault, a.changes]).toEqual(["stopped", undefined, [false, true, false]]);
  expect(world.calls.map(({ verb }) => verb)).toEqual(["update"]);
  await world.clock.advance(2_000);
  expect([world.writers, world.lease?.leaseTransitions, b.changes]).toEqual([["b"], 1, [false, true]]);
});

test("writes nothing for a candidate that never led", async () => {
  const world = new ElectionWorld();
  world.candidate("a");
  const b = world.candidate("b");
  await world.clock.advance(10_000);
  const before = world.calls.length;
  await expect(b.elector.release()).resolves.toBe(false);
  expect([world.calls.length, world.lease?.holderIdentity, b.end]).toEqual([before, "a", "stopped"]);
});

test("frees a lease that it may have won without knowing", async () => {
  const world = new ElectionWorld();
  world.judge = ({ verb }) => ({ kind: verb === "create" ? "lost" : "answered" });
  const a = world.candidate("a");
  await settle();
  expect(world.lease?.holderIdentity).toBe("a");
  await expect(a.elector.release()).resolves.toBe(true);
  expect(world.lease?.holderIdentity).toBe("");
});

test("frees a lease whose last renewal is under way, and was carried out", async () => {
  const world = new ElectionWorld();
  const a = world.candidate("a");
  await settle();
  world.judge = () => ({ kind: "hung" });
  await world.clock.advance(2_000);
  world.judge = () => ({ kind: "answered" });
  await expect(a.elector.release()).resolves.toBe(true);
  expect([world.lease?.holderIdentity, world.clock.timerCount]).toEqual(["", 0]);
});

test("frees a lease that somebody annotated again and again", async () => {
  const world = new ElectionWorld();
  const a = world.candidate("a");
  await settle();
  const annotate = () => world.lease && world.put(world.lease);
  world.judge = ({ verb }) => ({ kind: "answered", requestMs: verb === "update" ? 100 : 0 });
  for (const atMs of [2_050, 2_150]) world.clock.schedule(atMs, annotate);
  await world.clock.advance(2_200);
  world.judge = () => ({ kind: "answered" });
  await expect(a.elector.release()).resolves.toBe(true);
  expect([a.slowPaths, world.lease?.holderIdentity]).toEqual([1, ""]);
});

test("leaves a lease alone that another process holds by now", async () => {
  const world = new ElectionWorld();
  const a = world.candidate("a");
  await settle();
  world.put({ holderIdentity: "b", leaseDurationMs: 15_000, renewTimeMs: 0 });
  await expect(a.elector.release()).resolves.toBe(false);
  expect(world.lease?.holderIdentity).toBe("b");
});

test("frees the lease also after its run was ended by the signal", async () => {
  const world = new ElectionWorld();
  const a = world.candidate("a");
  await settle();
  a.stop.abort();
  await settle();
  await expect(a.elector.release()).resolves.toBe(true);
  expect(world.lease?.holderIdentity).toBe("");
});

test("does not write over the loss of the lease when the process was slow to end", async () => {
  const world = new ElectionWorld();
  const a = world.candidate("a");
  const b = world.candidate("b");
  await settle();
  world.judge = ({ candidate }) => ({ kind: candidate === "a" ? "refused" : "answered" });
  await world.clock.advance(20_000);
  expect(world.writers).toEqual(["b"]);
  world.judge = () => ({ kind: "answered" });
  await expect(a.elector.release()).resolves.toBe(false);
  expect([world.writers, world.lease?.holderIdentity, b.changes]).toEqual([["b"], "b", [false, true]]);
});

test("takes no longer than half the renew deadline when the store does not answer, and does not raise", async () => {
  const world = new ElectionWorld();
  const a = world.candidate("a");
  await settle();
  world.judge = () => ({ kind: "hung", isDeaf: true });
  let result: boolean | undefined;
  void a.elector.release().then((released) => {
    result = released;
  });
  await world.clock.advance(4_999);
  expect(result).toBeUndefined();
  await world.clock.advance(1);
  expect(result).toBe(false);
  expect(world.logger.messages("warn")).toEqual(["failed to release lease; a standby can acquire it when it expires"]);
});

test("ends an election that has not begun", async () => {
  const world = new ElectionWorld();
  const a = world.candidate("a", { isStarted: false });
  await expect(a.elector.release()).resolves.toBe(false);
  await expect(a.elector.whenLeading()).resolves.toBe(false);
  a.run();
  await settle();
  expect([a.end, world.calls]).toEqual(["stopped", []]);
});
