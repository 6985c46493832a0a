import type { Condition } from "../api/instance-profile.ts";
import { messageOfError, reasonOfError } from "../errors.ts";
import { trustFieldPath } from "../model/policy/policy-spec.ts";
import { isRefusedByIam, lint } from "../plan/lint/lint.ts";
import { type Blocker, isLasting, type Lag, type Note, type Plan } from "../plan/plan.ts";
import { planLines } from "../plan/render.ts";
import { type ConditionDraft, findCondition, notReady, ready, reconciling, stalled } from "./conditions.ts";
import { aboutInstances } from "./instances.ts";
import { bounded } from "./limits.ts";
import type { ReportedObject } from "./outcome.ts";
import type { Result, ResultOf } from "./result.ts";
import { RESULT_TABLE } from "./result-table.ts";

/** The type of the condition of an object with `mode: DryRun`. */
export const DRY_RUN = "DryRun";

/** The type of the condition of an object with `suspend: true`. */
export const SUSPENDED = "Suspended";

/** Why the object is a dry run: the spec says so, or the controller runs with `--dry-run`. */
const MODE = "mode is DryRun";
const CONTROLLER = "the controller runs with --dry-run";

/** The maximum number of writes named in a message. */
const MAX_NAMED = 5;

/** Reason and message of a condition. */
type Explanation = Pick<ConditionDraft, "reason" | "message">;

/**
 * Computes the conditions of a result, in the order of the status. The first one tells the state of the object: `Ready`, or `DryRun` or
 * `Suspended` where the spec keeps the controller from making the object ready. All but `Ready` are present only while they are true, and
 * `Reconciling` and `Stalled` never together (kstatus: https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus).
 *
 * @param lagsUntil the end of the lag of the result, as RFC 3339
 */
export function conditionsOf(object: ReportedObject, result: Result, lagsUntil?: string): readonly ConditionDraft[] {
  return [...aboutReadiness(object, result, lagsUntil), ...aboutInstances(object, result)];
}

function aboutReadiness(object: ReportedObject, result: Result, lagsUntil?: string): readonly ConditionDraft[] {
  if (result.kind === "Suspended") return suspended(object);
  const explanation = explain(object, result, lagsUntil);
  if (result.kind === "DryRun") return [present(DRY_RUN, explanation)];
  const mode = object.spec?.mode === "DryRun" ? [present(DRY_RUN, nothingWritten(object))] : [];
  return [...readiness(result, explanation), ...mode];
}

function readiness({ kind }: Result, { reason, message }: Explanation): readonly ConditionDraft[] {
  const { ready: status, beside } = RESULT_TABLE[kind];
  if (status === "True") return [ready(reason, message)];
  if (beside === "Stalled") return [notReady(reason, message), stalled(reason, message)];
  return [notReady(reason, message), reconciling(kind === "Retrying" ? "ProgressingWithRetry" : reason, message)];
}

/** The condition `DryRun` of an object whose state another condition tells. */
function nothingWritten({ isDryRun }: ReportedObject): Explanation {
  const message = isDryRun
    ? `${CONTROLLER}: it writes nothing to AWS`
    : `${MODE}: the controller writes nothing to AWS`;
  return { reason: "DryRun", message };
}

function suspended(object: ReportedObject): readonly ConditionDraft[] {
  const last = findCondition(object.status?.conditions, "Ready");
  const effect =
    object.metadata.deletionTimestamp === undefined
      ? "the controller does not change AWS"
      : "deletion is blocked until it is false";
  const now = present(SUSPENDED, { reason: "Suspended", message: `spec.suspend is true: ${effect}` });
  if (last?.status !== "True") return [now];
  // Ready keeps the generation that was last reconciled.
  const { status, observedGeneration } = last;
  return [
    { ...now, type: "Ready", status, message: `${now.message}; Ready shows the last known state`, observedGeneration },
    now,
  ];
}

function present(type: string, explanation: Explanation): ConditionDraft {
  return { type, status: "True", ...explanation };
}

function explain(
  object: ReportedObject,
  result: Exclude<Result, { readonly kind: "Suspended" }>,
  lagsUntil?: string,
): Explanation {
  switch (result.kind) {
    case "InSync":
      return { reason: "InSync", message: `${inSync(object, result)}${namesKept(object)}` };
    case "PropagationPending":
      return { reason: "PropagationPending", message: propagationPending(result, lagsUntil) };
    case "WaitingForEC2": {
      const message =
        "role and instance profile are created; waiting for the instance profile to propagate to EC2 before it is associated";
      return { reason: "WaitingForEC2", message };
    }
    case "AdoptionPlanned":
      return { reason: "AdoptionPlanned", message: adoptionPlanned(result.plan) };
    case "DryRun":
      return { reason: "DryRun", message: dryRun(object, result.observation.plan) };
    case "BlockedByPlan":
    case "BlockedByClass":
      return blocked(result.blockers);
    case "Stripped": {
      const { reason, message } = blocked(result.leftOut);
      const verb = result.observation.mayWrite ? "applies" : "would apply";
      return { reason, message: `${message} The controller ${verb} the rest of the spec.` };
    }
    case "Retrying":
    case "Failed":
      return failed(object, result.error);
    case "Deleting": {
      const { plan, lag } = result.observation;
      const still = lag === undefined ? "" : `; ${unseen(lag, lagsUntil)}`;
      const message =
        `deletion is in progress; waiting for IAM to show that everything is deleted${still}` +
        appended(plan.notes ?? []);
      return { reason: "Deleting", message };
    }
  }
}

/** The message names unmanaged policies, because the role then allows more than the spec although AWS matches it. */
function inSync({ isDryRun }: ReportedObject, { observation: { plan, mayWrite } }: ResultOf<"InSync">): string {
  if (!mayWrite) return `AWS matches the spec (${isDryRun ? CONTROLLER : "mode: DryRun"}, nothing is written)`;
  const count = plan.unmanagedPolicies.length;
  // Other notes are about the writes of the plan.
  const lasting = (plan.notes ?? []).filter(isLasting);
  const more = `; the role has ${count} unmanaged ${count === 1 ? "policy" : "policies"}, see status.unmanagedPolicies`;
  return `role, policies and instance profile in AWS match the spec${count === 0 ? "" : more}${appended(lasting)}`;
}

/** A variable has another value than when role and instance profile were created. */
function namesKept({ keptNames = [] }: ReportedObject): string {
  return keptNames
    .map(({ path, kept, given }) => `; ${path} now gives ${given}, and AWS keeps ${kept}: IAM cannot rename it`)
    .join("");
}

function propagationPending({ observation }: ResultOf<"PropagationPending">, lagsUntil?: string): string {
  const { lag, mayWrite } = observation;
  if (lag === undefined) return "AWS matches the spec; waiting for IAM to return the ARNs";
  const next = `the controller reads again, and ${mayWrite ? "repairs" : "plans"} what differs then`;
  return `everything is written, but AWS is not verified: ${unseen(lag, lagsUntil)}; ${next}`;
}

/** What AWS shows instead of the recent writes, and until when that is taken for propagation delay. */
function unseen({ unseen: actions }: Lag, lagsUntil = "the end of the propagation window"): string {
  const lines = planLines({ actions, blockers: [], unmanagedPolicies: [] });
  const rest = lines.length > MAX_NAMED ? `, and ${lines.length - MAX_NAMED} more` : "";
  const named = lines.length === 0 ? "recent writes" : `the writes ${lines.slice(0, MAX_NAMED).join(", ")}${rest}`;
  return `IAM shows the state before ${named}, which counts as propagation delay until ${lagsUntil}`;
}

function adoptionPlanned({ actions, notes = [] }: Plan): string {
  return (
    `adoptionPolicy is IfExists, and what exists has no owner: the controller adopts it next, with ${writes(actions.length)} that ` +
    `status.plan lists${appended(notes)}`
  );
}

function dryRun({ metadata, isDryRun }: ReportedObject, { actions, notes = [] }: Plan): string {
  const until = isDryRun ? "deletion waits until it runs without" : "deletion is blocked until mode is Enforce";
  const effect = metadata.deletionTimestamp === undefined ? "" : `${until}, `;
  const pending = `${writes(actions.length)} pending, see status.plan${appended(notes)}`;
  return `${isDryRun ? CONTROLLER : MODE}: ${effect}${pending}`;
}

function blocked(blockers: readonly Blocker[]): Explanation {
  const message = blockers.map((blocker) => blocker.message).join(" ");
  return { reason: blockers[0]?.reason ?? "UnexpectedError", message };
}

function failed(object: ReportedObject, error: unknown): Explanation {
  const reason = reasonOfError(error);
  const message = messageOfError(error);
  if (reason === "InvalidPrincipal") return { reason, message: `${message}${principalIn(object, message)}` };
  return { reason, message: reason === "MalformedPolicyDocument" ? `${message}${faultsOf(object)}` : message };
}

/** IAM names the principal that it refuses, and not where it stands. */
function principalIn({ spec }: ReportedObject, message: string): string {
  const [, named] = /"AWS":"([^"]+)"/.exec(message) ?? [];
  if (named === undefined || spec === undefined) return "";
  const { trust } = spec;
  const paths = trust.statements.flatMap(({ principals: { aws = [] } }, index) =>
    aws.flatMap((one, at) => (one === named ? [trustFieldPath(trust, index, `principals.aws[${at}]`)] : [])),
  );
  return paths.length === 0 ? "" : ` ${paths[0]}: create the role or user first, or remove it from the trust.`;
}

/** IAM says that a policy is malformed, and usually not where. */
function faultsOf({ spec }: ReportedObject): string {
  const faults = spec === undefined ? [] : lint({ spec }).filter(isRefusedByIam);
  return faults.map(({ path, message }) => ` ${path}: ${message}.`).join("");
}

function appended(notes: readonly Note[]): string {
  return notes.map(({ message }) => `; ${message}`).join("");
}

function writes(count: number): string {
  return `${count} ${count === 1 ? "write" : "writes"}`;
}

/**
 * True when the last report for the current generation says that everything is written, whether AWS shows it or not: a
 * later write repairs drift.
 */
export function wasWritten(object: ReportedObject): boolean {
  const condition = findCondition(object.status?.conditions, "Ready");
  const isPending = condition?.reason === "PropagationPending";
  return wasReady(object) || (isPending && condition.observedGeneration === object.metadata.generation);
}

/** True when the last reported condition `Ready` is true for the current generation. */
export function wasReady(object: ReportedObject): boolean {
  const condition: Condition | undefined = findCondition(object.status?.conditions, "Ready");
  return condition?.status === "True" && condition.observedGeneration === object.metadata.generation;
}

/** True when the object's status already shows this plan as a planned adoption, for the current spec. */
export function isAnnounced({ metadata, status }: ReportedObject, plan: Plan): boolean {
  const ready = findCondition(status?.conditions, "Ready");
  if (ready?.reason !== "AdoptionPlanned" || ready.observedGeneration !== metadata.generation) return false;
  return JSON.stringify(status?.plan) === JSON.stringify(bounded(planLines(plan)));
}
