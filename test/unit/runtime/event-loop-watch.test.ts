import { expect, test } from "vitest";
import { EventLoopWatch } from "../../../src/runtime/metrics/event-loop-watch.ts";
import { FakeClock } from "../../support/fake-clock.ts";

function started(): { readonly clock: FakeClock; readonly watch: EventLoopWatch } {
  const clock = new FakeClock();
  const watch = new EventLoopWatch(clock);
  watch.start();
  return { clock, watch };
}

test("a loop that turns is well, also when it is busy for a while now and then", async () => {
  const { clock, watch } = started();
  for (let second = 0; second < 60; second++) {
    clock.block(3_000);
    await clock.advance(1_000);
    expect(watch.fault).toBeUndefined();
  }
});

test("a blocked loop is told by whoever asks first, before the late timer has run", async () => {
  const { clock, watch } = started();
  await clock.advance(10_000);
  clock.block(21_000);
  expect(watch.fault).toBe("the event loop was blocked for 20 s");
});

test("one block is remembered for fifteen seconds after its end", async () => {
  const { clock, watch } = started();
  clock.block(11_000);
  await clock.advance(15_000);
  expect(watch.fault).toBe("the event loop was blocked for 10 s");
  await clock.advance(1);
  expect(watch.fault).toBeUndefined();
});

test("a loop that blocks again and again is never well", async () => {
  const { clock, watch } = started();
  for (let block = 0; block < 10; block++) {
    clock.block(8_000);
    await clock.advance(12_000);
    expect(watch.fault).toBe("the event loop was blocked for 7 s");
  }
});

test("a stopped watch leaves no timer and finds no fault", async () => {
  const { clock, watch } = started();
  watch.stop();
  watch.stop();
  clock.block(60_000);
  expect([clock.timerCount, watch.fault]).toEqual([0, undefined]);
});
