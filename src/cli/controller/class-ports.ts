import { Gauge, type Registry } from "prom-client";
import type { InstanceProfileClassStatus } from "../../api/instance-profile-class.ts";
import type { ControllerDependencies } from "../../controller/controller.ts";
import { type Leadership, leaderOnly } from "../../controller/leader-guard.ts";
import { KubeListWatch } from "../../kube/list-watch.ts";
import { KubeObjectClient } from "../../kube/object-client.ts";
import type { Transport } from "../../kube/transport.ts";
import { systemClock } from "../../runtime/clock.ts";
import { OptionalKindListWatch } from "../../runtime/watch/optional-kind.ts";
import type { ObjectCache } from "../../runtime/watch/store.ts";
import { INSTANCE_PROFILE_CLASSES } from "./resources.ts";

/** The controller's access to InstanceProfileClasses. If their CRD is not installed, the list is empty. */
export function classPorts(
  { exchange }: Transport,
  leadership: Leadership | undefined,
): ControllerDependencies["classes"] {
  const listWatch = new OptionalKindListWatch(
    new KubeListWatch({ exchange, resource: INSTANCE_PROFILE_CLASSES }),
    systemClock,
  );
  const client = new KubeObjectClient({
    exchange,
    resource: INSTANCE_PROFILE_CLASSES,
    fieldManager: "instance-profile-controller",
  });
  const silent = { emit: () => {} };
  return {
    listWatch,
    client: leadership === undefined ? client : leaderOnly({ objects: client, events: silent }, leadership).objects,
  };
}

/** Registers gauges of the objects with a class and of those that violate it, summed from the statuses of the classes. */
export function classMetrics(registry: Registry, classes: () => ObjectCache): void {
  const gauge = (what: "objects" | "violations", help: string): Gauge =>
    new Gauge({
      name: `instance_profile_controller_class_${what}`,
      help,
      registers: [registry],
      collect() {
        const statuses = classes()
          .list()
          .map(({ status }) => status as InstanceProfileClassStatus | undefined);
        this.set(statuses.reduce((sum, status) => sum + (status?.[what] ?? 0), 0));
      },
    });
  gauge("objects", "InstanceProfiles that have a class.");
  gauge("violations", "InstanceProfiles that violate their class: Compliant is False.");
}
