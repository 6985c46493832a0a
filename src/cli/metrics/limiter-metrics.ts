import { Gauge, Histogram, type Registry } from "prom-client";
import type { CallLimiter, TurnReport } from "../../aws/call/call-limiter.ts";

/** A turn comes at once, or when those before it have had theirs. */
const WAIT_SECONDS = [0.001, 0.01, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/**
 * How fast each AWS account is asked, and who waits for it: shown at each scrape. Returns what makes an account's limiter known, which
 * is once for however many clients share it, and hears of each turn.
 */
export function limiterMetrics(
  registry: Registry,
): (account: string, limiter: CallLimiter) => (report: TurnReport) => void {
  const limiters = new Map<string, CallLimiter>();
  const registers = [registry];
  const labelNames = ["account", "service", "kind"];
  const prefix = "instance_profile_controller_aws_limiter";
  new Gauge({
    name: `${prefix}_rate`,
    help: "Calls per second that AWS is asked at most at present: less than configured while AWS throttles.",
    labelNames,
    registers,
    collect(): void {
      for (const [account, limiter] of limiters)
        for (const { service, kind, perSecond } of limiter.state()) this.set({ account, service, kind }, perSecond);
    },
  });
  new Gauge({
    name: `${prefix}_waiting`,
    help: "Calls to AWS that wait for their turn.",
    labelNames,
    registers,
    collect(): void {
      for (const [account, limiter] of limiters)
        for (const { service, kind, waiting } of limiter.state()) this.set({ account, service, kind }, waiting);
    },
  });
  const waits = new Histogram({
    name: `${prefix}_wait_seconds`,
    help: "How long calls to AWS waited for their turn; urgency is change where a person waits, else routine.",
    labelNames: [...labelNames, "urgency"],
    buckets: WAIT_SECONDS,
    registers,
  });
  return (account, limiter) => {
    limiters.set(account, limiter);
    return ({ service, kind, urgency, waitedMs }) =>
      waits.observe({ account, service, kind, urgency }, waitedMs / 1_000);
  };
}
