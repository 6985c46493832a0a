import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { AttemptTimeoutError, limited } from "../../../src/runtime/election/leader-election-attempt.ts";
import { FakeClock, settle } from "../../support/fake-clock.ts";

const never = (): Promise<never> => new Promise(() => {});

test("gives the work's own outcome, and lets go of timer and signal", async () => {
  const clock = new FakeClock();
  const { signal } = new AbortController();
  const limit = { clock, timeoutMs: 1_000, signal };
  await expect(limited(limit, async () => 7)).resolves.toBe(7);
  await expect(limited(limit, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect([clock.timerCount, getEventListeners(signal, "abort")]).toEqual([0, []]);
});

test("does not wait for work that takes no notice of its limit", async () => {
  const clock = new FakeClock();
  const late = limited({ clock, timeoutMs: 1_000 }, never);
  const ended = expect(late).rejects.toEqual(new AttemptTimeoutError(1_000));
  await clock.advance(1_000);
  await ended;
});

test("passes the outer signal's reason on to the work and to the caller", async () => {
  const outer = new AbortController();
  let inner: AbortSignal | undefined;
  const cut = limited({ clock: new FakeClock(), timeoutMs: 1_000, signal: outer.signal }, (signal) => {
    inner = signal;
    return never();
  });
  outer.abort("over");
  await expect(cut).rejects.toBe("over");
  expect(inner?.reason).toBe("over");
});

test("does not begin what is cut already", async () => {
  let begun = 0;
  const work = async (): Promise<void> => {
    begun += 1;
  };
  const cut = limited({ clock: new FakeClock(), timeoutMs: 1_000, signal: AbortSignal.abort("over") }, work);
  await expect(cut).rejects.toBe("over");
  await settle();
  expect(begun).toBe(0);
});
