import { boundedObject } from "../../api/bounded-object.ts";
import { readClusterId } from "../../kube/cluster-id.ts";
import type { Exchange } from "../../kube/exchange.ts";
import { KubeListWatch } from "../../kube/list-watch.ts";
import type { KubeResource } from "../../kube/resource.ts";
import { Transport } from "../../kube/transport.ts";
import { systemClock } from "../../runtime/clock.ts";
import { SnapshotReader } from "../../runtime/watch/list-snapshot.ts";
import type { WatchedObject } from "../../runtime/watch/list-watch.ts";
import { OptionalKindListWatch } from "../../runtime/watch/optional-kind.ts";
import { clusterOf } from "../cluster-options.ts";
import { INSTANCE_PROFILE_CLASSES, INSTANCE_PROFILES } from "../controller/resources.ts";
import type { CommandIo } from "../io.ts";
import type { GivenOptions } from "../options.ts";
import { VERSION } from "../version.ts";

/** The classes of a cluster, and the objects that count towards their limits. */
export interface ClusterClasses {
  readonly classes: readonly WatchedObject[];
  /** The InstanceProfiles in the requested namespaces. */
  readonly objects: readonly WatchedObject[];
  /** The kubeconfig and its context, for messages. */
  readonly source: string;
  /** The controller's default cluster id; undefined unless `needsId` returned true. */
  readonly clusterId: string | undefined;
}

/** What to read from a cluster. */
interface ClusterQuery {
  readonly namespaces: Iterable<string>;
  /** Whether these classes need the cluster id. */
  readonly needsId: (classes: readonly WatchedObject[]) => boolean;
}

/**
 * Reads the classes of a cluster, and the objects that count towards their limits. Requests: `list` of classes, and of
 * InstanceProfiles in the namespaces; `get` of namespace kube-system if its uid is needed.
 *
 * Errors: ControllerErrors for a missing kubeconfig, server or permission; the stop signal's reason.
 */
export async function readClusterClasses(
  given: GivenOptions,
  { env, stop }: Pick<CommandIo, "env" | "stop">,
  { namespaces, needsId }: ClusterQuery,
): Promise<ClusterClasses> {
  const cluster = clusterOf(given, env);
  const transport = new Transport({ cluster, clock: systemClock, version: VERSION });
  try {
    const { exchange } = transport;
    const classes = await listObjects(exchange, INSTANCE_PROFILE_CLASSES, undefined, stop);
    const lists = [...namespaces].map((namespace) => listObjects(exchange, INSTANCE_PROFILES, namespace, stop));
    const objects = (await Promise.all(lists)).flat();
    const clusterId = needsId(classes) ? await readClusterId(exchange, stop) : undefined;
    return { classes, objects, source: cluster.source, clusterId };
  } finally {
    await transport.close();
  }
}

/**
 * Lists the InstanceProfiles of these namespaces, or of all for undefined; none if their CRD is not installed.
 *
 * Errors: as {@link readClusterClasses}.
 */
export function readClusterObjects(
  given: GivenOptions,
  io: Pick<CommandIo, "env" | "stop">,
  namespaces: Iterable<string | undefined>,
): Promise<readonly WatchedObject[]> {
  return readLists(given, io, INSTANCE_PROFILES, namespaces);
}

/** Lists the classes alone; none if their CRD is not installed. Errors: as {@link readClusterClasses}. */
export function readClasses(
  given: GivenOptions,
  io: Pick<CommandIo, "env" | "stop">,
): Promise<readonly WatchedObject[]> {
  return readLists(given, io, INSTANCE_PROFILE_CLASSES, [undefined]);
}

async function readLists(
  given: GivenOptions,
  { env, stop }: Pick<CommandIo, "env" | "stop">,
  resource: KubeResource,
  namespaces: Iterable<string | undefined>,
): Promise<readonly WatchedObject[]> {
  const transport = new Transport({ cluster: clusterOf(given, env), clock: systemClock, version: VERSION });
  try {
    const { exchange } = transport;
    const lists = [...namespaces].map((namespace) => listObjects(exchange, resource, namespace, stop));
    return (await Promise.all(lists)).flat();
  } finally {
    await transport.close();
  }
}

/** Lists objects as the controller does: a kind that the server does not know has no objects. */
export async function listObjects(
  exchange: Exchange,
  resource: KubeResource,
  namespace: string | undefined,
  stop: AbortSignal,
): Promise<readonly WatchedObject[]> {
  const scope = namespace === undefined ? {} : { namespace };
  const kept = resource === INSTANCE_PROFILES ? { kept: boundedObject } : {};
  const listWatch = new OptionalKindListWatch(
    new KubeListWatch({ exchange, resource, ...scope, ...kept }),
    systemClock,
  );
  return (await new SnapshotReader(listWatch, systemClock).take(stop)).items;
}
