import { expect, test } from "vitest";
import { DelayQueue } from "../../../src/runtime/queue/delay-queue.ts";
import { FakeClock } from "../../support/fake-clock.ts";

test("holds no memory for a key that was put off and overtaken ten thousand times", async () => {
  const clock = new FakeClock();
  const due: string[] = [];
  const queue = new DelayQueue(clock, (entry) => due.push(entry.key));
  for (let i = 0; i < 10_000; i++) {
    queue.put("a", 600_000 + i, 0);
    queue.remove("a");
  }
  queue.put("b", 1_000, 0);
  expect(queue.held).toBeLessThan(100);
  await clock.advance(1_000_000);
  expect(due).toEqual(["b"]);
});

test("sets no timer in the past for a key that becomes due while another one is released", async () => {
  const clock = new FakeClock();
  const due: string[] = [];
  const queue = new DelayQueue(clock, ({ key }) => {
    due.push(key);
    // Whoever is told takes a moment; the fake clock refuses a negative timer.
    if (key === "a") clock.block(2);
  });
  queue.put("a", 10, 0);
  queue.put("b", 11, 0);
  await clock.advance(10);
  await clock.advance(0);
  expect(due).toEqual(["a", "b"]);
});
