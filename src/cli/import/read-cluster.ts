import { ACK_GROUP } from "../../engine/import/ack.ts";
import { CROSSPLANE_GROUPS } from "../../engine/import/crossplane.ts";
import type { KubeResource } from "../../kube/resource.ts";
import { Transport } from "../../kube/transport.ts";
import type { JsonValue } from "../../model/policy/policy-json.ts";
import { systemClock } from "../../runtime/clock.ts";
import { clusterOf } from "../cluster-options.ts";
import type { CommandIo } from "../io.ts";
import type { GivenOptions } from "../options.ts";
import { listObjects } from "../plan/cluster-classes.ts";
import { VERSION } from "../version.ts";

const RESOURCES: Readonly<Record<"ack" | "crossplane", readonly KubeResource[]>> = {
  ack: ["Role", "Policy", "InstanceProfile"].map((kind) => resource(ACK_GROUP, "v1alpha1", kind)),
  crossplane: CROSSPLANE_GROUPS.flatMap((group) =>
    ["Role", "RolePolicy", "RolePolicyAttachment", "Policy", "InstanceProfile"].map((kind) =>
      resource(group, "v1beta1", kind),
    ),
  ),
};

function resource(group: string, version: string, kind: string): KubeResource {
  const lower = kind.toLowerCase();
  return { group, version, kind, plural: lower.endsWith("y") ? `${lower.slice(0, -1)}ies` : `${lower}s` };
}

/**
 * Lists the objects of another controller in all namespaces; a kind that the server does not have has none. Requests: one `list` for each kind.
 *
 * Errors: ControllerErrors for a missing kubeconfig, server or permission; the stop signal's reason.
 */
export async function readClusterOf(
  tool: "ack" | "crossplane",
  given: GivenOptions,
  { env, stop }: Pick<CommandIo, "env" | "stop">,
): Promise<readonly JsonValue[]> {
  const transport = new Transport({ cluster: clusterOf(given, env), clock: systemClock, version: VERSION });
  try {
    const lists = RESOURCES[tool].map(async (kind) => {
      const items = await listObjects(transport.exchange, kind, undefined, stop);
      // The items of a list need not name their kind.
      return items.map((item) => ({ ...item, apiVersion: `${kind.group}/${kind.version}`, kind: kind.kind }));
    });
    return (await Promise.all(lists)).flat() as unknown as readonly JsonValue[];
  } finally {
    await transport.close();
  }
}
