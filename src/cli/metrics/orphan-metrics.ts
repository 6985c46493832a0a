import { Counter, Gauge, type Registry } from "prom-client";
import type { OrphanObserver } from "../../controller/orphans/orphan-options.ts";

const PREFIX = "instance_profile_controller_orphans";

/** Registers the metrics of orphans. The label `account` is an account id, or `own` for an account that no class names. */
export function orphanMetrics(registry: Registry): (account: string) => OrphanObserver {
  const options = { labelNames: ["account"], registers: [registry] };
  const found = new Gauge({
    ...options,
    name: PREFIX,
    help: "Roles with this cluster's owner tags and no InstanceProfile, as of the last account scan.",
  });
  const deleted = new Counter({
    ...options,
    name: `${PREFIX}_deleted_total`,
    help: "Orphans that the controller has deleted (--orphan-policy=Delete).",
  });
  return (account) => {
    deleted.inc({ account }, 0);
    return {
      counted: (orphans) => found.set({ account }, orphans),
      deleted: () => deleted.inc({ account }),
      left: () => found.remove({ account }),
    };
  };
}
