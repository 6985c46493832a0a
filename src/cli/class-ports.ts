import { Gauge, type Registry } from "prom-client";
import { API_GROUP } from "../api/instance-profile.ts";
import { CLASS_KIND, CLASS_PLURAL, type InstanceProfileClassStatus } from "../api/instance-profile-class.ts";
import type { ControllerDependencies } from "../controller/controller.ts";
import { type Leadership, leaderOnly } from "../controller/leader-only.ts";
import { KubeListWatch } from "../kube/list-watch.ts";
import { KubeObjectClient } from "../kube/object-client.ts";
import type { KubeResource } from "../kube/resource.ts";
import type { Transport } from "../kube/transport.ts";
import { AbsentKindIsEmpty } from "../runtime/absent-kind.ts";
import { systemClock } from "../runtime/clock.ts";
import type { ObjectCache } from "../runtime/store.ts";

const RESOURCE: KubeResource = { group: API_GROUP, version: "v1beta1", plural: CLASS_PLURAL, kind: CLASS_KIND };

/** How the controller sees the classes of the cluster. Where their CRD is not installed there are none. */
export function classPorts(
  { exchange }: Transport,
  leadership: Leadership | undefined,
): ControllerDependencies["classes"] {
  const listWatch = new AbsentKindIsEmpty(new KubeListWatch({ exchange, resource: RESOURCE }), systemClock);
  const client = new KubeObjectClient({ exchange, resource: RESOURCE, fieldManager: "instance-profile-controller" });
  const silent = { emit: () => {} };
  return {
    listWatch,
    client: leadership === undefined ? client : leaderOnly({ objects: client, events: silent }, leadership).objects,
  };
}

/** How many objects each class has and how many do not fit it, as its status says. */
export function classMetrics(registry: Registry, classes: () => ObjectCache): void {
  const gauge = (what: keyof InstanceProfileClassStatus & ("objects" | "violations"), help: string): Gauge =>
    new Gauge({
      name: `instance_profile_controller_class_${what}`,
      help,
      labelNames: ["class"],
      registers: [registry],
      collect() {
        this.reset();
        for (const { metadata, status } of classes().list()) {
          const count = (status as InstanceProfileClassStatus | undefined)?.[what];
          if (count !== undefined) this.set({ class: metadata.name }, count);
        }
      },
    });
  gauge("objects", "InstanceProfiles of the class.");
  gauge("violations", "InstanceProfiles of the class that do not fit it.");
}
