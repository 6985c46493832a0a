import type { Clock } from "../../runtime/clock.ts";
import { CallTimeoutError } from "../errors/aws-errors.ts";

/** The time limit of one call, combined with the caller's signal. */
export interface Deadline {
  /** Aborted with the outer signal's reason, or with a CallTimeoutError when time is up. */
  readonly signal: AbortSignal;
  /** Rejects as soon as `signal` aborts: the SDK checks signals only while it waits for the network. */
  readonly passed: Promise<never>;
  /** Removes the timer and the listener; must be called when the call has ended. */
  readonly cancel: () => void;
}

/** Starts the time limit of one call. Not AbortSignal.any, because the outer signal lives as long as the process. */
export function startDeadline(clock: Clock, timeoutMs: number, outer: AbortSignal): Deadline {
  const controller = new AbortController();
  const onOuterAbort = (): void => controller.abort(outer.reason);
  outer.addEventListener("abort", onOuterAbort, { once: true });
  const timer = clock.schedule(timeoutMs, () => controller.abort(new CallTimeoutError(timeoutMs)));
  const passed = new Promise<never>((_, reject) => {
    controller.signal.addEventListener("abort", () => reject(controller.signal.reason), { once: true });
  });
  return {
    signal: controller.signal,
    passed,
    cancel: () => {
      timer.cancel();
      outer.removeEventListener("abort", onOuterAbort);
    },
  };
}
