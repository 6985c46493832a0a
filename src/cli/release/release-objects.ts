import type { InstanceProfileStatus, ObjectMeta } from "../../api/instance-profile.ts";
import { isOwnFinalizer, removeFinalizerPatch } from "../../controller/finalizer.ts";
import type { KubeObject } from "../../engine/ports.ts";
import { ControllerError, TerminalError } from "../../errors.ts";
import type { Exchange } from "../../kube/exchange.ts";
import { KubeObjectClient } from "../../kube/object-client.ts";
import type { KubeResource } from "../../kube/resource.ts";
import { INSTANCE_PROFILE_CLASSES, INSTANCE_PROFILES } from "../controller/resources.ts";
import type { CommandIo } from "../io.ts";
import { listObjects } from "../plan/cluster-classes.ts";
import type { LeaseCheck } from "./lease-check.ts";

/** How many objects are released between two checks for a controller: a second or so. */
const BATCH_SIZE = 10;

/** An InstanceProfile or a class with the controller's finalizer. */
export interface HeldObject {
  readonly resource: KubeResource;
  readonly metadata: ObjectMeta;
  /** `InstanceProfile team-a/app`. */
  readonly title: string;
  readonly isInDeletion: boolean;
  /** The ARNs in AWS that status names. */
  readonly arns: readonly string[];
  /** The class that the object names or was accepted by; undefined for a class. */
  readonly className: string | undefined;
}

/** Which objects to release. */
export interface Selection {
  /** Undefined: all. */
  readonly names: readonly string[] | undefined;
  /** Undefined: every namespace. */
  readonly namespace: string | undefined;
  readonly resource: KubeResource;
}

/** Reads the selected objects that have the controller's finalizer. Errors: TerminalError for a name that does not exist; those of reads. */
export async function heldObjects(
  exchange: Exchange,
  { names, namespace, resource }: Selection,
  signal: AbortSignal,
): Promise<readonly HeldObject[]> {
  const scope = resource === INSTANCE_PROFILE_CLASSES ? "" : (namespace ?? "");
  const client = clientOf(exchange, resource);
  const named = async (name: string): Promise<KubeObject> => {
    const found = await client.get({ namespace: scope, name }, signal);
    if (found !== undefined) return found;
    const where = scope === "" ? "" : ` in namespace ${scope}`;
    throw new TerminalError(`${resource.kind} ${name} does not exist${where}`, { reason: "NotFound" });
  };
  const objects =
    names === undefined
      ? await listObjects(exchange, resource, scope === "" ? undefined : scope, signal)
      : await Promise.all(names.map(named));
  return objects
    .map((raw) => heldObject(raw as KubeObject, resource))
    .filter(({ metadata }) => metadata.finalizers?.some(isOwnFinalizer));
}

/**
 * Releases the objects one after another, and checks between batches that no controller has started. False if some were not released.
 *
 * Errors: those of the check; the signal's reason.
 */
export async function releaseAll(
  objects: readonly HeldObject[],
  { exchange, check }: { readonly exchange: Exchange; readonly check: Pick<LeaseCheck, "again"> | undefined },
  { out, err, stop }: Pick<CommandIo, "out" | "err" | "stop">,
): Promise<boolean> {
  const released: HeldObject[] = [];
  try {
    for (const [index, object] of objects.entries()) {
      if (index > 0 && index % BATCH_SIZE === 0) await check?.again(stop);
      const why = await release(exchange, object, stop);
      if (why === undefined) released.push(object);
      else err(`${object.title}: not released: ${why}`);
    }
  } finally {
    out(`Released ${countOf(released)}. Nothing was changed in AWS.`);
  }
  return released.length === objects.length;
}

/** `1 object`, `2 objects`. */
export function countOf({ length }: readonly unknown[]): string {
  return `${length} ${length === 1 ? "object" : "objects"}`;
}

/** Removes the controller's finalizer. Returns why that failed; undefined on success. Errors: the signal's reason. */
async function release(
  exchange: Exchange,
  { resource, metadata }: HeldObject,
  signal: AbortSignal,
): Promise<string | undefined> {
  const key = { namespace: metadata.namespace ?? "", name: metadata.name };
  try {
    await clientOf(exchange, resource).patch(key, removeFinalizerPatch({ metadata }, isOwnFinalizer), signal);
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ControllerError) return error.message;
    throw error;
  }
}

function heldObject(raw: KubeObject, resource: KubeResource): HeldObject {
  const metadata = raw["metadata"] as ObjectMeta;
  const status = (raw["status"] ?? {}) as InstanceProfileStatus;
  const { className } = (raw["spec"] ?? {}) as { readonly className?: string };
  const isProfile = resource === INSTANCE_PROFILES;
  return {
    resource,
    metadata,
    title: isProfile ? `${resource.kind} ${metadata.namespace}/${metadata.name}` : `${resource.kind} ${metadata.name}`,
    isInDeletion: metadata.deletionTimestamp !== undefined,
    arns: isProfile ? [status.role, status.instanceProfile].flatMap((it) => it?.arn ?? []) : [],
    className: isProfile ? (className ?? status.class?.name) : undefined,
  };
}

function clientOf(exchange: Exchange, resource: KubeResource): KubeObjectClient {
  return new KubeObjectClient({ exchange, resource, fieldManager: "instance-profile-controller" });
}
