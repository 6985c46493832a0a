import { expect, test } from "vitest";
import { type LeaderWork, runElected, workAlone } from "../../../src/cli/controller/run-elected.ts";
import { ElectionWorld } from "../../support/election-world.ts";
import { settle } from "../../support/fake-clock.ts";

/** Work that writes down what becomes of it, and ends when the test lets it. */
class Work implements LeaderWork {
  readonly story: string[] = [];
  readonly ended: PromiseWithResolvers<boolean> = Promise.withResolvers<boolean>();

  work(): void {
    this.story.push("begins");
  }

  stop(drainMs: number): Promise<boolean> {
    this.story.push(`stops within ${drainMs}`);
    return this.ended.promise;
  }
}

function aPair() {
  const world = new ElectionWorld();
  const [a, b] = [world.candidate("a", { isStarted: false }), world.candidate("b", { isStarted: false })];
  const [workOfA, workOfB] = [new Work(), new Work()];
  return { world, a, workOfA, workOfB, ledA: runElected(workOfA, a.elector), ledB: runElected(workOfB, b.elector) };
}

test("work begins when its process is elected, and not in the one that waits", async () => {
  const { world, workOfA, workOfB } = aPair();
  await world.clock.advance(30_000);
  expect([workOfA.story, workOfB.story]).toEqual([["begins"], []]);
});

test("the lease is kept while the work drains, and free when it has ended", async () => {
  const { world, a, workOfA, workOfB, ledA } = aPair();
  await settle();
  const stopped = ledA.stop(30_000);
  await world.clock.advance(20_000);
  expect([world.writers, workOfA.story]).toEqual([["a"], ["begins", "stops within 30000"]]);
  workOfA.ended.resolve(true);
  await expect(stopped).resolves.toBe(true);
  expect([a.elector.mayWrite(), world.lease?.holderIdentity]).toEqual([false, ""]);
  await world.clock.advance(2_000);
  expect([world.writers, workOfB.story]).toEqual([["b"], ["begins"]]);
});

test("the lease is left to expire when work was left behind, and is renewed no more", async () => {
  const { world, a, workOfA, workOfB, ledA } = aPair();
  await settle();
  workOfA.ended.resolve(false);
  await expect(ledA.stop(30_000)).resolves.toBe(false);
  expect([a.elector.mayWrite(), world.lease?.holderIdentity]).toEqual([false, "a"]);
  await world.clock.advance(14_000);
  expect(workOfB.story).toEqual([]);
  await world.clock.advance(3_000);
  expect(workOfB.story).toEqual(["begins"]);
});

test("work is cut off at once when its process leads no more", async () => {
  const { world, workOfA, ledA } = aPair();
  await settle();
  let reason: Error | undefined;
  void ledA.lost.then((error) => {
    reason = error;
  });
  world.judge = ({ candidate }) => ({ kind: candidate === "a" ? "refused" : "answered" });
  await world.clock.advance(12_000);
  expect([reason?.name, workOfA.story]).toEqual(["LeadershipLostError", ["begins", "stops within 0"]]);
});

test("a process that waits ends without having worked", async () => {
  const { world, workOfB, ledB } = aPair();
  await settle();
  workOfB.ended.resolve(true);
  await expect(ledB.stop(30_000)).resolves.toBe(true);
  await world.clock.advance(60_000);
  expect([workOfB.story, world.writers]).toEqual([["stops within 30000"], ["a"]]);
});

test("without an election work begins at once", async () => {
  const work = new Work();
  work.ended.resolve(true);
  const alone = workAlone(work);
  await expect(alone.stop(5)).resolves.toBe(true);
  expect(work.story).toEqual(["begins", "stops within 5"]);
});
