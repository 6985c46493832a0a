import type { InstanceProfile } from "../api/instance-profile.ts";
import { parseInstanceProfile } from "../api/parse-instance-profile.ts";
import { connectAws } from "../aws/aws-connection.ts";
import { refusalOf } from "../controller/refusal.ts";
import { observe } from "../engine/observe.ts";
import type { IamReader } from "../engine/ports.ts";
import { TerminalError } from "../errors.ts";
import { type DesiredState, desiredState } from "../model/desired-state.ts";
import type { ObservedState } from "../model/observed-state.ts";
import { TAG_KEYS } from "../model/ownership.ts";
import { diff } from "../plan/diff.ts";
import { countsOf, type PlanFormat, type PlannedObject, renderPlans } from "../plan/render.ts";
import { systemClock } from "../runtime/clock.ts";
import type { Command } from "./command.ts";
import { type CommandIo, EXIT, UsageError } from "./io.ts";
import { readManifests } from "./manifests.ts";
import { clusterIdOf, type GivenOptions } from "./options.ts";
import { VERSION } from "./version.ts";

/** Reads in flight at once; IAM's limits are per account and shared with everybody else. */
const CONCURRENCY = 8;

/** Shows what the controller would write for manifests, without a cluster and without permission to write. */
export const planCommand: Command = {
  name: "plan",
  summary: "show what would change in AWS; writes nothing",
  description: [
    "Compares manifests with AWS and shows what the controller would write. Needs no cluster and only read permissions.",
    "Exit status: 0 in sync, 2 changes, 3 blocked, 1 error.",
  ].join("\n"),
  options: {
    filename: {
      type: "string",
      multiple: true,
      short: "f",
      value: "FILE|DIR|-",
      help: "manifests to plan; repeatable",
    },
    output: { type: "string", short: "o", value: "FORMAT", help: "text (default), json or markdown" },
    "cluster-id": {
      type: "string",
      value: "ID",
      help: "the cluster that owns the objects; default: whichever the tags in AWS name",
    },
  },
  run: planManifests,
};

async function planManifests(given: GivenOptions, io: CommandIo): Promise<number> {
  const paths = given.list("filename");
  if (paths.length === 0) throw new UsageError("nothing to plan: give manifests with -f");
  const format = formatOf(given.text("output") ?? "text");
  const clusterId = clusterIdOf(given.text("cluster-id"));
  const objects = (await readManifests(paths, io.readInput)).map(({ source, position, value }) =>
    understood(`${source}, document ${position}`, value),
  );
  const aws = connectAws({ clock: systemClock, version: VERSION });
  try {
    const planned = await inParallel(objects, (object) => planOne(object, clusterId, aws.iamReader, io.stop));
    io.out(renderPlans(planned, format));
    return exitStatusOf(planned);
  } finally {
    aws.close();
  }
}

function formatOf(name: string): PlanFormat {
  if (name === "text" || name === "json" || name === "markdown") return name;
  throw new UsageError(`--output: "${name}" is none of text, json, markdown`);
}

function understood(where: string, value: unknown): InstanceProfile {
  try {
    return parseInstanceProfile(value);
  } catch (error) {
    if (!(error instanceof TerminalError)) throw error;
    throw new TerminalError(`${where}: ${error.message}`, { reason: error.reason, cause: error });
  }
}

async function planOne(
  object: InstanceProfile,
  clusterId: string | undefined,
  reader: IamReader,
  signal: AbortSignal,
): Promise<PlannedObject> {
  const { namespace, name } = object.metadata;
  const refusal = refusalOf(object);
  if (refusal !== undefined) {
    return { namespace, name, plan: { actions: [], blockers: [refusal], unmanagedPolicies: [] } };
  }
  const desired = desiredState(object, clusterId ?? "");
  const observed = await observe(desired, reader, signal);
  if (clusterId !== undefined) return { namespace, name, plan: diff(desired, observed) };
  const named = clusterNamedBy(desired, observed);
  if (named === undefined) return { namespace, name, plan: diff(desired, observed) };
  const owned = desiredState(object, named);
  return { namespace, name, plan: diff(owned, await observe(owned, reader, signal)) };
}

/** Without a cluster to ask, the tags of an entity that names this very object tell which cluster it is of. */
function clusterNamedBy({ owner }: DesiredState, { role, instanceProfile }: ObservedState): string | undefined {
  for (const entity of [role, instanceProfile]) {
    if (entity.presence === "absent") continue;
    const { tags } = entity;
    if (tags[TAG_KEYS.namespace] === owner.namespace && tags[TAG_KEYS.name] === owner.name)
      return tags[TAG_KEYS.clusterId];
  }
  return undefined;
}

async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < items.length; i = next++) results[i] = await work(items[i] as T);
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, items.length) }, worker));
  return results;
}

function exitStatusOf(planned: readonly PlannedObject[]): number {
  const { changed, blocked } = countsOf(planned);
  if (blocked > 0) return EXIT.blocked;
  return changed > 0 ? EXIT.changes : EXIT.ok;
}
