import type { Condition, InstanceProfileStatus, ObjectMeta } from "../../src/api/instance-profile.ts";
import type { KubeObject } from "../../src/engine/ports.ts";

/** What kpt, Flux and others take an object for. */
export type KstatusResult = "Current" | "InProgress" | "Failed" | "Terminating";

/**
 * The rules for any custom resource, in their order:
 * https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/status/generic.go. An object without a single condition
 * counts as Current, unless its observedGeneration is another than its generation.
 */
export function kstatusOf(object: KubeObject): KstatusResult {
  const metadata = object["metadata"] as ObjectMeta;
  const { observedGeneration, conditions = [] } = (object["status"] ?? {}) as InstanceProfileStatus;
  if (metadata.deletionTimestamp !== undefined) return "Terminating";
  if (observedGeneration !== undefined && observedGeneration !== metadata.generation) return "InProgress";
  if (isTrue(conditions, "Reconciling")) return "InProgress";
  if (isTrue(conditions, "Stalled")) return "Failed";
  const ready = conditions.find(({ type }) => type === "Ready");
  return ready === undefined || ready.status === "True" ? "Current" : "InProgress";
}

function isTrue(conditions: readonly Condition[], type: string): boolean {
  return conditions.some((condition) => condition.type === type && condition.status === "True");
}
