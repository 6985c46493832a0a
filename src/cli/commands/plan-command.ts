import { hasExternalRole, type InstanceProfile } from "../../api/instance-profile.ts";
import type { AwsConnection } from "../../aws/aws-connection.ts";
import {
  blockersOf,
  type ClassBinding,
  externalRoleBlocker,
  grantsOf,
  type OperatorGrants,
  strippedViolations,
} from "../../controller/classes/class-binding.ts";
import { asDeleted } from "../../controller/orphans/deleted-objects.ts";
import { type PlanAccess, planManifest } from "../../engine/offline/plan-manifest.ts";
import { planOrphan, planRemoved, type RemovedObject, removedObjects } from "../../engine/offline/plan-removed.ts";
import { isNamespace } from "../../engine/orphans/orphans.ts";
import type { AccessReport } from "../../plan/access/access-report.ts";
import { NOTHING_NEW } from "../../plan/access/planned-access.ts";
import type { Blocker, Plan } from "../../plan/plan.ts";
import {
  countsOf,
  type PlanFormat,
  type PlannedObject,
  renderPlans,
  type StrippedViolation,
} from "../../plan/render.ts";
import { keyOf, type WatchedObject } from "../../runtime/watch/list-watch.ts";
import { awsRates, EC2_READ_RATE_OPTION, givenRegions, REGION_OPTION, readRateOption } from "../aws-options.ts";
import type { Command } from "../command.ts";
import { userPlace } from "../controller/open-aws.ts";
import { type CommandIo, EXIT, UsageError } from "../io.ts";
import { COLOR_OPTION, hasColor } from "../line-io.ts";
import {
  adoptionChoices,
  DEFAULT_DELETION_POLICY_OPTION,
  defaultDeletionPolicy,
  PLAN_ADOPTION_OPTIONS,
} from "../operator-options.ts";
import { clusterIdOf, type GivenOptions, namespacesOf } from "../options.ts";
import { type BindingOf, CLASS_OPTIONS, type ClassOptions, classOptions } from "../plan/class-options.ts";
import { readClusterObjects } from "../plan/cluster-classes.ts";
import { placeFor, planAccess, type RunAccess } from "../plan/plan-access.ts";
import {
  type Answer,
  notesOnWrites,
  SUSPENDED,
  withCrossBlockers,
  withPlaces,
  withStatementPlaces,
} from "../plan/plan-answers.ts";
import { type FilledSubject, readSubjects } from "../plan/plan-subjects.ts";
import { reportTests, runPlannedTests } from "../policy-tests/judge-tests.ts";
import { type Progress, withProgress } from "../progress.ts";
import { connectAsUser, PLAN_RATES, reportUnread } from "../read-aws.ts";

/** Shows what the controller would write for manifests, without a cluster and without write permissions. */
export const planCommand: Command = {
  description: [
    "Compares manifests with AWS and shows what the controller would write. Needs only read permissions, and a cluster only",
    "for --cluster-classes. Runs the policy tests (InstanceProfileTest) of its input.",
    "Exit status: 0 in sync, 2 changes, 3 blocked, 1 error or a policy test failed; with --fail-on-new-access, 4 new access.",
    "When several apply, it is the first of 1, 4, 3 and 2.",
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
    ...PLAN_ADOPTION_OPTIONS,
    "allow-external-roles": {
      type: "boolean",
      help: "plan for a controller that runs with --allow-external-roles: allow objects without a class to use roles of others",
    },
    "fail-on-new-access": {
      type: "boolean",
      help: "exit with status 4 when a plan grants new access, or when that is not decided",
    },
    ...DEFAULT_DELETION_POLICY_OPTION,
    ...REGION_OPTION,
    ...CLASS_OPTIONS,
    ...COLOR_OPTION,
    ...readRateOption(PLAN_RATES),
    ...EC2_READ_RATE_OPTION,
  },
  run: planManifests,
};

async function planManifests(given: GivenOptions, io: CommandIo): Promise<number> {
  const paths = given.list("filename");
  if (paths.length === 0) throw new UsageError("nothing to plan: pass manifests with -f");
  const format = formatOf(given.text("output") ?? "text");
  const clusterId = clusterIdOf(given.text("cluster-id"));
  const namespaces = namespacesOf(given) ?? [];
  const isSinceLive = given.flag("since-live");
  if (namespaces.length > 0 && !isSinceLive) throw new UsageError("--namespace requires --since-live");
  const isColored = hasColor(given, io);
  const rates = awsRates(given, PLAN_RATES);
  const input = await readSubjects(paths, io);
  if (input === undefined) return EXIT.error;
  const { tests } = input;
  const manifests = input.subjects.map(({ manifest }) => manifest);
  const aws = connectAsUser(rates, io.env);
  try {
    const classes = await classOptions(given, io, manifests, await userPlace(aws, manifests, io.stop));
    const subjects = input.subjects.map(
      (subject): FilledSubject => ({ ...subject, parsed: subject.object, object: classes.filled(subject.object) }),
    );
    const objects = subjects.map(({ object }) => object);
    const awaited = { command: "plan", items: "objects", format };
    const { all, results } = await withProgress(io, awaited, async (progress) => {
      const bound = objects.map((object) => boundObject(object, classes.bindingOf(object)));
      const subject = { objects: bound, clusterId: clusterId ?? "", isSinceLive, regions: givenRegions(given) };
      const access = await planAccess(subject, aws, io.stop, reportUnread(io));
      const plan = {
        aws,
        access,
        clusterId,
        operator: adoptionChoices(given),
        allowsExternal: given.flag("allow-external-roles"),
      };
      const planned = await progress.inParallel(subjects, (one) => planOne(classes.bindingOf, one, plan, io.stop));
      const checked = await withCrossBlockers(planned, access.quotas, io.stop);
      const answers = await withStatementPlaces(await withPlaces(checked));
      const context = { aws, access, given, io, classes, progress };
      const removed = isSinceLive
        ? await planDeletions(clusterOf(answers, clusterId), namespaces, answers, context)
        : [];
      const results = await runPlannedTests(tests, subjects, access.policies, io.stop);
      return { all: [...answers.map((answer) => answer.planned), ...removed], results };
    });
    io.out(renderPlans(all, format, results), isColored);
    if (!reportTests(results, io)) return EXIT.error;
    return exitStatusOf(all, given.flag("fail-on-new-access"));
  } finally {
    aws.close();
  }
}

/** The object with the names and defaults of its class. */
function boundObject(object: InstanceProfile, binding: ClassBinding): InstanceProfile {
  return binding.kind === "refused" ? object : binding.object;
}

function formatOf(name: string): PlanFormat {
  if (name === "text" || name === "json" || name === "markdown") return name;
  throw new UsageError(`--output: "${name}" must be one of text, json, markdown`);
}

/** What the plans of all manifests share. */
interface PlanContext {
  readonly aws: AwsConnection;
  readonly access: PlanAccess;
  readonly clusterId: string | undefined;
  /** The controller's `--allow-adoption` and `--allow-adopt-from`. */
  readonly operator: OperatorGrants;
  /** The controller's `--allow-external-roles`, for objects without a class. */
  readonly allowsExternal: boolean;
}

async function planOne(
  bindingOf: BindingOf,
  { parsed, ...subject }: FilledSubject,
  { aws, access, clusterId, operator, allowsExternal }: PlanContext,
  signal: AbortSignal,
): Promise<Answer> {
  const { object } = subject;
  const { namespace, name } = object.metadata;
  const binding = bindingOf(parsed);
  const violations = violationsOf(binding);
  const answer = (plan: Plan, owner = clusterId, granted?: AccessReport): Answer => {
    const found = violations.filter(({ message }) => !plan.blockers.some((blocker) => blocker.message === message));
    const reported = { ...(granted && { access: granted }), ...(found.length > 0 && { violations: found }) };
    const written = binding.kind === "refused" ? object : binding.object;
    return { ...subject, planned: { namespace, name, ...reported, plan }, written: written.spec, clusterId: owner };
  };
  const isDenied = binding.kind === "free" && hasExternalRole(object.spec) && !allowsExternal;
  const denied = isDenied ? [externalRoleBlocker(object)] : [];
  const blockers = [...blockersOf(binding), ...denied, ...(await wrongAccount(binding, aws, signal))];
  if (binding.kind === "refused" || blockers.length > 0) return answer({ ...NOTHING_PLANNED, blockers });
  const { suspend } = binding.object.spec;
  if (suspend) return answer({ ...NOTHING_PLANNED, notes: [SUSPENDED] });
  const place = await placeFor(binding, aws, signal);
  const target = { clusterId, ...grantsOf(binding, operator), ...(place && { place }) };
  const { plan, clusterId: found, access: granted } = await planManifest(binding.object, target, access, signal);
  const notes = plan.actions.length === 0 ? [] : await notesOnWrites(binding.object.spec);
  return answer(notes.length > 0 ? { ...plan, notes: [...(plan.notes ?? []), ...notes] } : plan, found, granted);
}

/** What the plan leaves out of the object, and what it cannot leave out of it. */
function violationsOf(binding: ClassBinding): readonly StrippedViolation[] {
  return strippedViolations(binding).map(({ reason, message, excess }) => {
    return { reason, message, isStripped: excess.kind !== "name" };
  });
}

const NOTHING_PLANNED: Plan = { actions: [], blockers: [], unmanagedPolicies: [] };

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
  { aws, access, given, io, classes, progress }: RemovalContext,
): Promise<readonly PlannedObject[]> {
  const signal = io.stop;
  const defaultPolicy = defaultDeletionPolicy(given);
  const kept = answers.map(({ planned }) => planned);
  const deleted = removedObjects(await access.taggedRoles(signal), { clusterId, namespaces, kept });
  const live = given.flag("cluster-classes") ? await liveObjects(deleted, given, io) : undefined;
  return progress.inParallel(deleted, async (removed) => {
    const { namespace, name } = removed.owner;
    const object = live?.get(`${namespace}/${name}`);
    const deletionPolicy = object && deletionPolicyOf(object, classes.bindingOf);
    const sources = { iam: aws.iamReader, instances: access.instances, defaultDeletionPolicy: defaultPolicy };
    const isOrphan = live !== undefined && object === undefined;
    const plan = isOrphan ? planOrphan(removed) : await planRemoved(removed, { ...sources, deletionPolicy }, signal);
    return { namespace, name, plan, isRemoved: true, ...(plan.actions.length > 0 && { access: NOTHING_NEW }) };
  });
}

/** What planning deletions needs. */
interface RemovalContext extends Pick<PlanContext, "aws"> {
  readonly classes: Pick<ClassOptions, "bindingOf">;
  readonly access: RunAccess;
  readonly given: GivenOptions;
  readonly io: CommandIo;
  readonly progress: Progress;
}

/** The objects in the cluster that have no manifest, by `namespace/name`. */
async function liveObjects(
  deleted: readonly RemovedObject[],
  given: GivenOptions,
  io: CommandIo,
): Promise<ReadonlyMap<string, WatchedObject>> {
  const namespaces = new Set(deleted.map(({ owner }) => owner.namespace).filter(isNamespace));
  return new Map((await readClusterObjects(given, io, namespaces)).map((object) => [keyOf(object), object]));
}

/** The deletion policy of an object in the cluster, as its class bounds it; undefined for an invalid spec. */
function deletionPolicyOf(live: WatchedObject, bindingOf: BindingOf): InstanceProfile["spec"]["deletionPolicy"] {
  const object = asDeleted(live);
  const binding = object && bindingOf(object);
  return binding === undefined || binding.kind === "refused" ? undefined : binding.object.spec.deletionPolicy;
}

function exitStatusOf(planned: readonly PlannedObject[], failsOnNewAccess: boolean): number {
  if (failsOnNewAccess && planned.some(({ access }) => access !== undefined && access.verdict !== "no-new-access"))
    return EXIT.newAccess;
  const { changed, blocked } = countsOf(planned);
  if (blocked > 0) return EXIT.blocked;
  return changed > 0 ? EXIT.changes : EXIT.ok;
}
