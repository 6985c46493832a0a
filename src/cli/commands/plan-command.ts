import type { InstanceProfile } from "../../api/instance-profile.ts";
import { parseInstanceProfile } from "../../api/parse-instance-profile.ts";
import { type AwsConnection, connectAws } from "../../aws/aws-connection.ts";
import { CallLimiter } from "../../aws/call/call-limiter.ts";
import { blockersOf, type ClassBinding } from "../../controller/classes/class-binding.ts";
import { grantsOf } from "../../controller/reconcile/grants.ts";
import type { QuotaSource } from "../../engine/observe/quota-cache.ts";
import { type PlanAccess, planManifest } from "../../engine/offline/plan-manifest.ts";
import { planOrphan, planRemoved, type RemovedObject, removedObjects } from "../../engine/offline/plan-removed.ts";
import { isNamespace } from "../../engine/orphans/orphans.ts";
import { TerminalError } from "../../errors.ts";
import type { Blocker } from "../../plan/plan.ts";
import { countBlockers, withCreations } from "../../plan/quota-blockers.ts";
import { countsOf, type PlanFormat, type PlannedObject, renderPlans } from "../../plan/render.ts";
import { sharedNameBlockers } from "../../plan/shared-names.ts";
import { systemClock } from "../../runtime/clock.ts";
import { keyOf } from "../../runtime/watch/list-watch.ts";
import type { Command } from "../command.ts";
import { awsRates, EC2_READ_RATE_OPTION, readRateOption } from "../controller/aws-rates.ts";
import { DEFAULT_DELETION_POLICY_OPTION, defaultDeletionPolicy } from "../deletion-policies.ts";
import { givenRegions, REGION_OPTION } from "../instances-options.ts";
import { type CommandIo, EXIT, UsageError } from "../io.ts";
import { readManifests } from "../manifests/manifests.ts";
import { clusterIdOf, type GivenOptions } from "../options.ts";
import { type BindingOf, CLASS_OPTIONS, classOptions } from "../plan/class-options.ts";
import { readClusterObjects } from "../plan/cluster-classes.ts";
import { inParallel } from "../plan/in-parallel.ts";
import { PLAN_RATES, planAccess, type RunAccess } from "../plan/plan-access.ts";
import { VERSION } from "../version.ts";

/** Shows what the controller would write for manifests, without a cluster and without write permissions. */
export const planCommand: Command = {
  description: [
    "Compares manifests with AWS and shows what the controller would write. Needs only read permissions, and a cluster only",
    "for --cluster-classes.",
    "Exit status: 0 in sync, 2 changes, 3 blocked, 1 error.",
  ].join("\n"),
  options: {
    filename: {
      type: "string",
      multiple: true,
      short: "f",
      value: "FILE|DIR|PATTERN|-",
      help: "manifests to plan; repeatable; - reads standard input",
    },
    output: { type: "string", short: "o", value: "FORMAT", help: "text (default), json or markdown" },
    "cluster-id": {
      type: "string",
      value: "ID",
      help: "id of the cluster that owns the objects; default: read from the owner tags in AWS",
    },
    "since-live": {
      type: "boolean",
      help: "also plan the deletion of what the cluster owns in AWS and no manifest describes; --cluster-classes marks orphans",
    },
    namespace: {
      type: "string",
      multiple: true,
      short: "n",
      value: "NAME",
      help: "with --since-live: only this namespace; repeatable; default: all namespaces of the cluster",
    },
    "allow-adoption": {
      type: "boolean",
      help: "plan for a controller that runs with --allow-adoption: allow objects without a class to adopt",
    },
    ...DEFAULT_DELETION_POLICY_OPTION,
    ...REGION_OPTION,
    ...CLASS_OPTIONS,
    ...readRateOption(PLAN_RATES),
    ...EC2_READ_RATE_OPTION,
  },
  run: planManifests,
};

/** A planned object, and the id of the cluster that owns it, as far as it is known. */
interface Answer {
  readonly planned: PlannedObject;
  readonly clusterId: string | undefined;
}

async function planManifests(given: GivenOptions, io: CommandIo): Promise<number> {
  const paths = given.list("filename");
  if (paths.length === 0) throw new UsageError("nothing to plan: pass manifests with -f");
  const format = formatOf(given.text("output") ?? "text");
  const clusterId = clusterIdOf(given.text("cluster-id"));
  const namespaces = given.list("namespace");
  const isSinceLive = given.flag("since-live");
  if (namespaces.length > 0 && !isSinceLive) throw new UsageError("--namespace requires --since-live");
  const rates = awsRates(given, PLAN_RATES);
  const manifests = await readManifests(paths, io.readInput);
  const objects = manifests.map(({ source, position, value }) =>
    parseManifest(`${source}, document ${position}`, value),
  );
  const { bindingOf } = await classOptions(given, io, manifests);
  const limiter = new CallLimiter(systemClock, rates);
  const aws = connectAws({ clock: systemClock, version: VERSION, limiter });
  try {
    const subject = { objects, clusterId: clusterId ?? "", isSinceLive, regions: givenRegions(given) };
    const access = await planAccess(subject, aws, io.stop);
    const plan = { aws, access, clusterId, allowsAdoption: given.flag("allow-adoption") };
    const planned = await inParallel(objects, (object) => planOne(bindingOf, object, plan, io.stop));
    const answers = await withCrossBlockers(planned, access.quotas, io.stop);
    const removed = isSinceLive
      ? await planDeletions(clusterOf(answers, clusterId), namespaces, answers, { aws, access, given, io })
      : [];
    const all = [...answers.map((answer) => answer.planned), ...removed];
    io.out(renderPlans(all, format));
    return exitStatusOf(all);
  } finally {
    aws.close();
  }
}

function formatOf(name: string): PlanFormat {
  if (name === "text" || name === "json" || name === "markdown") return name;
  throw new UsageError(`--output: "${name}" must be one of text, json, markdown`);
}

function parseManifest(where: string, value: unknown): InstanceProfile {
  try {
    return parseInstanceProfile(value);
  } catch (error) {
    if (!(error instanceof TerminalError)) throw error;
    throw new TerminalError(`${where}: ${error.message}`, { reason: error.reason, cause: error });
  }
}

/** What the plans of all manifests share. */
interface PlanContext {
  readonly aws: AwsConnection;
  readonly access: PlanAccess;
  readonly clusterId: string | undefined;
  /** The controller's `--allow-adoption`, for objects without a class. */
  readonly allowsAdoption: boolean;
}

async function planOne(
  bindingOf: BindingOf,
  object: InstanceProfile,
  { aws, access, clusterId, allowsAdoption }: PlanContext,
  signal: AbortSignal,
): Promise<Answer> {
  const { namespace, name } = object.metadata;
  const binding = bindingOf(object);
  const blockers = [...blockersOf(binding), ...(await wrongAccount(binding, aws, signal))];
  if (binding.kind === "refused" || blockers.length > 0) {
    const plan = { actions: [], blockers, unmanagedPolicies: [] };
    return { planned: { namespace, name, plan }, clusterId };
  }
  const target = { clusterId, ...grantsOf(binding, { allowsAdoption }) };
  const { plan, clusterId: found } = await planManifest(binding.object, target, access, signal);
  return { planned: { namespace, name, plan }, clusterId: found };
}

/**
 * Adds the blockers that plans cause each other: names that two plans create, and the account's quota of roles and instance
 * profiles, which each plan alone can meet and all together can exceed. Earlier manifests take names and quota first.
 */
async function withCrossBlockers(
  answers: readonly Answer[],
  quotas: QuotaSource,
  signal: AbortSignal,
): Promise<readonly Answer[]> {
  const shared = sharedNameBlockers(answers.map(({ planned }) => planned));
  const isCreation = ({ planned }: Answer): boolean =>
    planned.plan.actions.some(({ kind }) => kind === "CreateRole" || kind === "CreateInstanceProfile");
  let left = answers.some(isCreation) ? await quotas.known(signal) : undefined;
  return answers.map((answer, i) => {
    const { plan } = answer.planned;
    if (plan.blockers.length > 0) return answer;
    const blockers = [...(shared[i] ?? []), ...(left === undefined ? [] : countBlockers(plan, left))];
    if (blockers.length > 0) return { ...answer, planned: { ...answer.planned, plan: { ...plan, blockers } } };
    left = left && withCreations(left, plan);
    return answer;
  });
}

/** Blocks objects whose class is of another account: a plan uses the caller's credentials, not the role of the class. */
async function wrongAccount(
  binding: ClassBinding,
  aws: AwsConnection,
  signal: AbortSignal,
): Promise<readonly Blocker[]> {
  if (binding.kind !== "bound") return [];
  const { metadata, spec } = binding.class;
  const actual = await aws.accountIdentity.accountId(signal);
  if (actual === spec.account.id) return [];
  const message = `class ${metadata.name} belongs to AWS account ${spec.account.id}, but the current credentials are for account ${actual}. Use credentials of account ${spec.account.id}.`;
  return [{ reason: "AccountMismatch", message }];
}

/** Returns the one cluster to compare with: with two clusters, each one's objects would look deleted to the other. */
function clusterOf(answers: readonly Answer[], given: string | undefined): string {
  const named = [...new Set(answers.map(({ clusterId }) => clusterId).filter((id) => id !== undefined))].sort();
  if (given !== undefined) return given;
  const [clusterId, ...others] = named;
  if (clusterId !== undefined && others.length === 0) return clusterId;
  const why =
    clusterId === undefined
      ? "no object of these manifests exists in AWS yet"
      : `the manifests belong to several clusters: ${named.join(", ")}`;
  throw new UsageError(`--since-live: cannot determine the cluster: ${why}. Set --cluster-id.`);
}

async function planDeletions(
  clusterId: string,
  namespaces: readonly string[],
  answers: readonly Answer[],
  { aws, access, given, io }: RemovalContext,
): Promise<readonly PlannedObject[]> {
  const signal = io.stop;
  const defaultPolicy = defaultDeletionPolicy(given);
  const kept = answers.map(({ planned }) => planned);
  const deleted = removedObjects(await access.taggedRoles(signal), { clusterId, namespaces, kept });
  const isOrphan = given.flag("cluster-classes") ? await notInCluster(deleted, given, io) : () => false;
  return inParallel(deleted, async (removed) => {
    const sources = { iam: aws.iamReader, instances: access.instances, defaultDeletionPolicy: defaultPolicy };
    const plan = isOrphan(removed) ? planOrphan(removed) : await planRemoved(removed, sources, signal);
    const { namespace, name } = removed.owner;
    return { namespace, name, plan, isRemoved: true };
  });
}

/** What planning deletions needs. */
interface RemovalContext extends Pick<PlanContext, "aws"> {
  readonly access: RunAccess;
  readonly given: GivenOptions;
  readonly io: CommandIo;
}

/** Returns a predicate for roles whose object is deleted from the cluster too, not only from the manifests. */
async function notInCluster(
  deleted: readonly RemovedObject[],
  given: GivenOptions,
  io: CommandIo,
): Promise<(removed: RemovedObject) => boolean> {
  const namespaces = new Set(deleted.map(({ owner }) => owner.namespace).filter(isNamespace));
  const live = new Set((await readClusterObjects(given, io, namespaces)).map(keyOf));
  return ({ owner: { namespace, name } }) => !live.has(`${namespace}/${name}`);
}

function exitStatusOf(planned: readonly PlannedObject[]): number {
  const { changed, blocked } = countsOf(planned);
  if (blocked > 0) return EXIT.blocked;
  return changed > 0 ? EXIT.changes : EXIT.ok;
}
