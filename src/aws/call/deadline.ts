import type { Clock } from "../../runtime/clock.ts";
import { CallTimeoutError } from "../errors/aws-errors.ts";

/** The limits of one call: the caller's signal and the time that it may take. */
export interface Deadline {
  /** Aborted with the outer signal's reason, or with a CallTimeoutError when time is up. */
  readonly signal: AbortSignal;
  /** Rejects as soon as `signal` aborts: the SDK looks at signals only while it waits for the network. */
  readonly passed: Promise<never>;
  /** Takes back the timer and the listener; call it when the call has ended, however. */
  readonly cancel: () => void;
}

/** Starts the time of one call. Not AbortSignal.any: the outer signal lives as long as the process, one call does not. */
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
