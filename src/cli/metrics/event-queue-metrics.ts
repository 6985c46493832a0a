import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { type EventQueueObserver, MESSAGE_RESULTS } from "../../controller/drift/event-queue-loop.ts";

const PREFIX = "instance_profile_controller_event_queue";
const SECONDS = [0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900];

/** Registers the metrics of event queues. The label `queue` is the region, the account id and the name of the queue. */
export function eventQueueMetrics(registry: Registry): EventQueueObserver {
  const registers = [registry];
  const messages = new Counter({
    name: `${PREFIX}_messages_total`,
    help: "Messages from event queues by result; matched: an object is verified.",
    labelNames: ["queue", "result"],
    registers,
  });
  const reachable = new Gauge({
    name: `${PREFIX}_reachable`,
    help: "0 while the controller cannot poll the event queue, so that only account scans find drift.",
    labelNames: ["queue"],
    registers,
  });
  const lags = new Histogram({
    name: `${PREFIX}_lag_seconds`,
    help: "The time between a change in AWS and the arrival of its event, of all changes.",
    labelNames: ["queue"],
    buckets: SECONDS,
    registers,
  });
  return {
    joined(queue) {
      for (const result of MESSAGE_RESULTS) messages.inc({ queue, result }, 0);
    },
    handled(queue, result, lagMs) {
      messages.inc({ queue, result });
      if (lagMs !== undefined) lags.observe({ queue }, lagMs / 1_000);
    },
    reachable: (queue, isReachable) => reachable.set({ queue }, isReachable ? 1 : 0),
    // Classes name queues, so what they no longer name must not stay.
    left(queue) {
      for (const result of MESSAGE_RESULTS) messages.remove({ queue, result });
      reachable.remove({ queue });
      lags.remove({ queue });
    },
  };
}
