import fc from "fast-check";
import { expect, test } from "vitest";
import { KeyedBackoff } from "../../../src/runtime/queue/backoff.ts";
import { WorkQueue } from "../../../src/runtime/queue/work-queue.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { lawRuns } from "../../support/law-runs.ts";

/** Every so many keys the queue hands out the one that has waited longest, whatever its priority. */
const TAKES_PER_OLDEST = 5;

/** What the queue promises, in the plainest code: one due time and one priority per key, nothing else. */
class Model {
  readonly wanted = new Map<string, { dueMs: number; priority: number }>();
  readonly running = new Set<string>();
  takes = 0;

  want(key: string, dueMs: number, priority: number): void {
    const known = this.wanted.get(key);
    this.wanted.set(key, {
      dueMs: Math.min(dueMs, known?.dueMs ?? dueMs),
      priority: Math.max(priority, known?.priority ?? priority),
    });
  }

  ready(nowMs: number): Map<string, number> {
    const due = [...this.wanted].filter(([key, want]) => want.dueMs <= nowMs && !this.running.has(key));
    return new Map(due.map(([key, want]) => [key, want.priority]));
  }
}

const key = fc.constantFrom("a", "b", "c", "d");
const priority = fc.constantFrom(-100, 0, 5);
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("add" as const), key, priority }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("after" as const),
      key,
      priority,
      delayMs: fc.integer({ min: 0, max: 50 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("take" as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("done" as const), key }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("pass" as const), timeMs: fc.integer({ min: 1, max: 60 }) }) },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

test("behaves like one due time and one priority per key, whatever the order of calls", async () => {
  const property = fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 200 }), async (steps) => {
    const clock = new FakeClock();
    const queue = new WorkQueue({ clock, backoff: new KeyedBackoff(() => 0) });
    const model = new Model();
    for (const each of steps) {
      await perform(each, queue, model, clock);
      expect(queue.depth).toBe(model.ready(clock.monotonicMs()).size);
    }
  });
  await fc.assert(property, { numRuns: lawRuns(200) });
});

async function perform(each: Step, queue: WorkQueue, model: Model, clock: FakeClock): Promise<void> {
  switch (each.kind) {
    case "add":
      queue.add(each.key, each);
      return model.want(each.key, clock.monotonicMs(), each.priority);
    case "after":
      queue.addAfter(each.key, each.delayMs, each);
      return model.want(each.key, clock.monotonicMs() + each.delayMs, each.priority);
    case "pass":
      return clock.advance(each.timeMs);
    case "done":
      queue.done(each.key);
      return void model.running.delete(each.key);
    case "take":
      return takeOne(queue, model, clock);
  }
}

async function takeOne(queue: WorkQueue, model: Model, clock: FakeClock): Promise<void> {
  const ready = model.ready(clock.monotonicMs());
  if (ready.size === 0) return;
  const taken = await queue.get();
  model.takes += 1;
  if (model.takes % TAKES_PER_OLDEST !== 0) expect(taken?.priority).toBe(Math.max(...ready.values()));
  expect(ready.get(taken?.key ?? "")).toBe(taken?.priority);
  expect(model.running).not.toContain(taken?.key);
  model.running.add(taken?.key ?? "");
  model.wanted.delete(taken?.key ?? "");
}
