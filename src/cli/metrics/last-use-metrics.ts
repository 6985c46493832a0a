import { Gauge, type Registry } from "prom-client";
import type { InstanceProfileStatus } from "../../api/instance-profile.ts";
import { DAY_MS } from "../../plan/usage/role-use.ts";
import type { ObjectCache } from "../../runtime/watch/store.ts";

/** The label of a last use that is younger than that many days, the shortest first. */
const AGES = [1, 7, 30, 90].map((days) => ({ age: `${days}d`, belowMs: days * DAY_MS }));
const OLDER = "older";
const NEVER = "never";

/** Registers the gauge of objects by the age of the last use of their roles. No label names an object, to bound their number. */
export function lastUseMetrics(registry: Registry, nowMs: () => number, cache: () => ObjectCache): void {
  new Gauge({
    name: "instance_profile_controller_role_last_used",
    help: "Objects with a role by the age of its last use: below 1d, 7d, 30d or 90d, older, or never, if IAM knows none.",
    labelNames: ["age"],
    registers: [registry],
    collect(): void {
      for (const age of [...AGES.map((one) => one.age), OLDER, NEVER]) this.set({ age }, 0);
      for (const object of cache().list()) {
        const { role, lastUsed } = (object["status"] ?? {}) as InstanceProfileStatus;
        if (role?.arn !== undefined) this.inc({ age: ageOf(lastUsed?.time, nowMs()) });
      }
    },
  });
}

function ageOf(lastUsed: string | undefined, nowMs: number): string {
  if (lastUsed === undefined) return NEVER;
  const ageMs = nowMs - Date.parse(lastUsed);
  return AGES.find(({ belowMs }) => ageMs < belowMs)?.age ?? OLDER;
}
