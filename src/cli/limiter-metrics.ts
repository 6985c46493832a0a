import { Gauge, Histogram, type Registry } from "prom-client";
import type { CallLimiter, TurnReport } from "../aws/call-limiter.ts";

/** A turn comes at once, or when those before it have had theirs. */
const WAIT_SECONDS = [0.001, 0.01, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** How fast AWS is asked, and who waits for it: shown at each scrape. Returns what hears of each turn. */
export function limiterMetrics(registry: Registry, limiter: CallLimiter): (report: TurnReport) => void {
  const registers = [registry];
  const labelNames = ["service", "kind"];
  const prefix = "instance_profile_controller_aws_limiter";
  new Gauge({
    name: `${prefix}_rate`,
    help: "Calls per second that AWS is asked at most at present: less than configured while AWS throttles.",
    labelNames,
    registers,
    collect(): void {
      for (const { service, kind, perSecond } of limiter.state()) this.set({ service, kind }, perSecond);
    },
  });
  new Gauge({
    name: `${prefix}_waiting`,
    help: "Calls to AWS that wait for their turn.",
    labelNames,
    registers,
    collect(): void {
      for (const { service, kind, waiting } of limiter.state()) this.set({ service, kind }, waiting);
    },
  });
  const waits = new Histogram({
    name: `${prefix}_wait_seconds`,
    help: "How long calls to AWS waited for their turn; urgency is change where a person waits, else routine.",
    labelNames: [...labelNames, "urgency"],
    buckets: WAIT_SECONDS,
    registers,
  });
  return ({ service, kind, urgency, waitedMs }) => waits.observe({ service, kind, urgency }, waitedMs / 1_000);
}
