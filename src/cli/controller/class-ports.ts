import { Gauge, type Registry } from "prom-client";
import type { InstanceProfileClassStatus } from "../../api/instance-profile-class.ts";
import type { ControllerDependencies } from "../../controller/controller.ts";
import { type Leadership, leaderOnly } from "../../controller/leader-guard.ts";
import { KubeListWatch } from "../../kube/list-watch.ts";
import { KubeObjectClient } from "../../kube/object-client.ts";
import type { Transport } from "../../kube/transport.ts";
import { systemClock } from "../../runtime/clock.ts";
import type { ListWatch } from "../../runtime/watch/list-watch.ts";
import { OptionalKindListWatch } from "../../runtime/watch/optional-kind.ts";
import type { ObjectCache } from "../../runtime/watch/store.ts";
import { INSTANCE_PROFILE_CLASSES } from "./resources.ts";

/** The watch of InstanceProfileClasses. If their CRD is not installed, the list is empty. */
export function classListWatch({ exchange }: Transport): ListWatch {
  return new OptionalKindListWatch(new KubeListWatch({ exchange, resource: INSTANCE_PROFILE_CLASSES }), systemClock);
}

/** The controller's access to InstanceProfileClasses. */
export function classPorts(
  transport: Transport,
  leadership: Leadership | undefined,
): ControllerDependencies["classes"] {
  const { exchange } = transport;
  const client = new KubeObjectClient({
    exchange,
    resource: INSTANCE_PROFILE_CLASSES,
    fieldManager: "instance-profile-controller",
  });
  const silent = { emit: () => {} };
  return {
    listWatch: classListWatch(transport),
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
