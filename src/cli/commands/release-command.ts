import type { Exchange } from "../../kube/exchange.ts";
import { LeaseClient } from "../../kube/lease-client.ts";
import { Transport } from "../../kube/transport.ts";
import { systemClock } from "../../runtime/clock.ts";
import { CLUSTER_OPTIONS, clusterOf } from "../cluster-options.ts";
import type { Command } from "../command.ts";
import { INSTANCE_PROFILE_CLASSES, INSTANCE_PROFILES } from "../controller/resources.ts";
import { type CommandIo, EXIT, UsageError } from "../io.ts";
import type { GivenOptions } from "../options.ts";
import { LeaseCheck } from "../release/lease-check.ts";
import { countOf, type HeldObject, heldObjects, releaseAll, type Selection } from "../release/release-objects.ts";
import { VERSION } from "../version.ts";

/** Releases objects without AWS, where the controller is gone. */
export const releaseCommand: Command = {
  description: [
    "Removes the controller's finalizer from InstanceProfiles and classes that are being deleted, where no controller is left",
    "to do it. Calls no AWS API: roles and instance profiles stay as they are, and the output names them.",
    "Shows what it would do; --yes does it. Refuses while a controller holds the Lease.",
  ].join("\n"),
  positionals: "[NAME...]",
  options: {
    ...CLUSTER_OPTIONS,
    namespace: {
      type: "string",
      short: "n",
      value: "NAME",
      help: "namespace of the InstanceProfiles; default: the context's",
    },
    all: { type: "boolean", help: "all InstanceProfiles of the namespace, or with --classes all classes" },
    "all-namespaces": { type: "boolean", short: "A", help: "all InstanceProfiles of all namespaces, and all classes" },
    classes: { type: "boolean", help: "the names are of InstanceProfileClasses" },
    "include-live": {
      type: "boolean",
      help: "also objects that are not being deleted; a controller that starts later holds them again",
    },
    yes: { type: "boolean", help: "remove the finalizers; without it nothing is changed" },
    force: {
      type: "boolean",
      help: "also while a controller holds the Lease, and classes that InstanceProfiles still use",
    },
    "leader-elect-namespace": {
      type: "string",
      value: "NAME",
      help: "namespace of the controller's Lease; default instance-profile-system",
    },
    "leader-elect-name": {
      type: "string",
      value: "NAME",
      help: "name of the Lease; default instance-profile-controller",
    },
  },
  run: releaseSelected,
};

async function releaseSelected(given: GivenOptions, io: CommandIo): Promise<number> {
  assertSelection(given);
  const cluster = clusterOf(given, io.env);
  const selections = selectionsOf(given, cluster.namespace);
  const transport = new Transport({ cluster, clock: systemClock, version: VERSION });
  const { exchange } = transport;
  try {
    const found = (await Promise.all(selections.map((one) => heldObjects(exchange, one, io.stop)))).flat();
    const chosen = found.filter(({ isInDeletion }) => isInDeletion || given.flag("include-live"));
    const used = given.flag("force") ? new Map<string, number>() : await usesBeyond(chosen, exchange, io.stop);
    const releasable = chosen.filter((one) => !isUsed(one, used));
    io.out(reportOf(found, chosen, used));
    if (releasable.length === 0) return chosen.length === 0 ? EXIT.ok : EXIT.error;
    if (!given.flag("yes")) {
      io.out(`Nothing was changed. Run the command again with --yes to release ${countOf(releasable)}.`);
      return EXIT.ok;
    }
    const lease = leaseOf(given, exchange);
    const check = given.flag("force") ? undefined : new LeaseCheck({ lease, clock: systemClock, say: io.err });
    await check?.start(io.stop);
    return (await releaseAll(releasable, { exchange, check }, io)) ? EXIT.ok : EXIT.error;
  } finally {
    await transport.close();
  }
}

/** Errors: UsageError when nothing, or too much, is selected. */
function assertSelection(given: GivenOptions): void {
  const [isEverywhere, ofClasses] = [given.flag("all-namespaces"), given.flag("classes")];
  const ways = [given.positionals.length > 0, given.flag("all"), isEverywhere].filter((is) => is).length;
  if (ways !== 1) throw new UsageError("name the objects to release, or use one of --all, --all-namespaces");
  if (isEverywhere && (ofClasses || given.text("namespace") !== undefined))
    throw new UsageError("--all-namespaces selects everything; omit --namespace and --classes");
  if (ofClasses && given.text("namespace") !== undefined) throw new UsageError("--classes: classes have no namespace");
}

function selectionsOf(given: GivenOptions, ownNamespace: string): readonly Selection[] {
  const names = given.positionals.length > 0 ? given.positionals : undefined;
  if (given.flag("all-namespaces"))
    return [INSTANCE_PROFILES, INSTANCE_PROFILE_CLASSES].map((resource) => ({
      names: undefined,
      namespace: undefined,
      resource,
    }));
  if (given.flag("classes")) return [{ names, namespace: undefined, resource: INSTANCE_PROFILE_CLASSES }];
  return [{ names, namespace: given.text("namespace") ?? ownNamespace, resource: INSTANCE_PROFILES }];
}

/** For each class that is to be released: how many InstanceProfiles use it that are not released too. */
async function usesBeyond(
  chosen: readonly HeldObject[],
  exchange: Exchange,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const uses = new Map<string, number>();
  if (!chosen.some(({ resource }) => resource === INSTANCE_PROFILE_CLASSES)) return uses;
  const everywhere = { names: undefined, namespace: undefined, resource: INSTANCE_PROFILES };
  const released = new Set(chosen.map(({ metadata }) => metadata.uid));
  for (const { className, metadata } of await heldObjects(exchange, everywhere, signal))
    if (className !== undefined && !released.has(metadata.uid)) uses.set(className, (uses.get(className) ?? 0) + 1);
  return uses;
}

function isUsed({ resource, metadata }: HeldObject, uses: ReadonlyMap<string, number>): boolean {
  return resource === INSTANCE_PROFILE_CLASSES && uses.has(metadata.name);
}

function reportOf(
  found: readonly HeldObject[],
  chosen: readonly HeldObject[],
  uses: ReadonlyMap<string, number>,
): readonly string[] {
  const lines = chosen.flatMap((one) => [
    `${one.title}: ${one.isInDeletion ? "in deletion" : "not being deleted"}`,
    ...one.arns.map((arn) => `  stays in AWS: ${arn}`),
    ...(isUsed(one, uses)
      ? [`  not released: ${uses.get(one.metadata.name)} InstanceProfiles use it. Release them first, or use --force.`]
      : []),
  ]);
  const live = found.length - chosen.length;
  const skipped =
    live === 0 ? [] : [`${live} with the finalizer are not being deleted. --include-live releases them too.`];
  return [...(chosen.length === 0 ? ["nothing to release"] : lines), ...skipped];
}

function leaseOf(given: GivenOptions, exchange: Exchange): LeaseClient {
  const namespace = given.text("leader-elect-namespace") ?? "instance-profile-system";
  const name = given.text("leader-elect-name") ?? "instance-profile-controller";
  return new LeaseClient({ exchange, key: { namespace, name }, fieldManager: "instance-profile-controller" });
}
