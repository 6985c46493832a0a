import type { Condition, InstanceProfileStatus, ObjectMeta } from "../../src/api/instance-profile.ts";
import type { KubeObject } from "../../src/engine/ports.ts";
import { kstatusOf } from "./kstatus.ts";

/** One object before and after a reconcile. */
export interface Turn {
  readonly before: KubeObject | undefined;
  readonly after: KubeObject | undefined;
  /** When the reconcile ended, ms since the epoch. */
  readonly nowMs: number;
}

interface Seen {
  readonly was: InstanceProfileStatus | undefined;
  readonly is: InstanceProfileStatus;
  readonly metadata: ObjectMeta;
  readonly conditions: readonly Condition[];
  readonly nowMs: number;
  readonly object: KubeObject;
}

type Rule = (seen: Seen) => readonly string[];

const MAX_LINES = 20;
const MAX_LINE_CHARS = 2_048;
const KNOWN_TYPES = ["Ready", "Reconciling", "Stalled", "DryRun", "Suspended", "InstancesAssociated", "Compliant"];

/**
 * What every status must be, whatever happened: kstatus
 * (https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus), metav1.Condition, and our own promises in
 * docs/reference/conditions.md. Each rule gives what breaks it.
 */
const RULES: Readonly<Record<string, Rule>> = {
  "1 the first condition is Ready, or DryRun or Suspended in its place, and none is there twice": ({ conditions }) => {
    const types = conditions.map(({ type }) => type);
    const isState = ["Ready", "DryRun", "Suspended"].includes(types[0] ?? "");
    return isState && types.lastIndexOf("Ready") <= 0 && new Set(types).size === types.length ? [] : [types.join()];
  },

  "2 Reconciling, Stalled, DryRun and Suspended are there only while True": ({ conditions }) =>
    conditions
      .filter(({ type, status }) => KNOWN_TYPES.slice(1, 5).includes(type) && status !== "True")
      .map(({ type, status }) => `${type} is ${status}`),

  "3 never both Reconciling and Stalled": ({ conditions }) =>
    has(conditions, "Reconciling") && has(conditions, "Stalled") ? ["both"] : [],

  "4 neither of them beside Ready=True, unless the object waits in the queue": ({ conditions }) =>
    ready(conditions)?.status === "True" &&
    conditions.some(({ type, reason }) => ["Reconciling", "Stalled"].includes(type) && reason !== "Queued")
      ? ["Ready is True"]
      : [],

  "5 observedGeneration is everywhere": ({ is, conditions }) =>
    [is, ...conditions].every(({ observedGeneration }) => Number.isInteger(observedGeneration)) ? [] : ["missing"],

  "6 observedGeneration is never ahead of the object, nor a condition's of the status's": ({
    is,
    conditions,
    metadata,
  }) => {
    const { observedGeneration = 0 } = is;
    const ahead = conditions.filter((condition) => condition.observedGeneration > observedGeneration);
    return [...(observedGeneration > metadata.generation ? ["status"] : []), ...ahead.map(({ type }) => type)];
  },

  "7 observedGeneration never goes back": ({ was, is }) =>
    (was?.observedGeneration ?? 0) > (is.observedGeneration ?? 0) ? [`was ${was?.observedGeneration}`] : [],

  "8 lastTransitionTime moves when status does, and only then": ({ was, conditions }) =>
    conditions.flatMap((condition) => {
      const earlier = was?.conditions?.find(({ type }) => type === condition.type);
      if (earlier === undefined) return [];
      const moved = earlier.lastTransitionTime !== condition.lastTransitionTime;
      if (earlier.status === condition.status) return moved ? [`${condition.type} moved, its status did not`] : [];
      return earlier.lastTransitionTime > condition.lastTransitionTime ? [`${condition.type} went back`] : [];
    }),

  "9 times are RFC 3339, whole seconds, and not in the future": ({ is, conditions, nowMs }) =>
    [is.lastVerifiedTime, ...conditions.map(({ lastTransitionTime }) => lastTransitionTime)]
      .filter((time) => time !== undefined)
      .filter((time) => !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(time) || Date.parse(time) > nowMs),

  "10 reasons are CamelCase, messages say something that fits": ({ conditions }) =>
    conditions
      .filter(
        ({ reason, message }) => !/^[A-Z][A-Za-z0-9]{0,127}$/.test(reason) || message === "" || message.length > 32_768,
      )
      .map(({ type, reason, message }) => `${type}: ${reason}: ${message.slice(0, 80)}`),

  "11 messages carry nothing that changes from one attempt to the next": ({ conditions }) =>
    conditions
      .map(({ message }) => message.replaceAll(FIXED_TIMES, ""))
      .filter((message) =>
        /request ?id|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-|\d\d:\d\d:\d\d|\battempt \d/i.test(message),
      ),

  "12 messages carry no credentials and no policy documents": ({ conditions, is }) =>
    [...conditions.map(({ message }) => message), ...(is.plan ?? [])].filter((text) =>
      /AKIA|ASIA|SecretAccessKey|SessionToken|"Statement"|"Effect"/.test(text),
    ),

  "13 lists are bounded": ({ is }) =>
    [is.plan, is.unmanagedPolicies, is.instances?.conflicts]
      .flatMap((list) => (list === undefined ? [] : [list]))
      .filter(
        (list) => list.length === 0 || list.length > MAX_LINES || list.some((line) => line.length > MAX_LINE_CHARS),
      )
      .map((list) => `${list.length} lines`),

  "14 each type of condition is known and there once": ({ conditions }) => {
    const types = conditions.map(({ type }) => type);
    return types.filter((type, i) => !KNOWN_TYPES.includes(type) || types.indexOf(type) !== i);
  },

  "15 Ready=True at the present generation shows both ARNs": ({ is, conditions, metadata }) => {
    const condition = ready(conditions);
    if (condition?.status !== "True" || condition.observedGeneration !== metadata.generation) return [];
    return [is.role?.arn, is.instanceProfile?.arn].every((arn) => arn?.startsWith("arn:")) ? [] : ["an ARN is missing"];
  },

  "16 Ready=True has nothing left in the plan": ({ is, conditions }) =>
    ready(conditions)?.reason === "InSync" && is.plan !== undefined ? is.plan : [],

  "17 a pending plan goes with Ready=False": ({ is, conditions }) =>
    is.plan !== undefined && ready(conditions)?.status === "True" && ready(conditions)?.reason !== "Suspended"
      ? is.plan
      : [],

  "18 kstatus reads Current only from Ready=True, or DryRun or Suspended in its place, and Failed only from Stalled": ({
    object,
    conditions,
    is,
    metadata,
  }) => {
    if (metadata.deletionTimestamp !== undefined) return [];
    const isSeen = is.observedGeneration === metadata.generation;
    const isReady = ready(conditions)?.status === "True" || ["DryRun", "Suspended"].includes(conditions[0]?.type ?? "");
    const isStalled = has(conditions, "Stalled");
    const isQueued = conditions.some(({ type, reason }) => type === "Reconciling" && reason === "Queued");
    const expected = !isSeen || isQueued ? "InProgress" : isStalled ? "Failed" : isReady ? "Current" : "InProgress";
    const result = kstatusOf(object);
    return result === expected ? [] : [`kstatus reads ${result}, the conditions say ${expected}`];
  },

  "19 nothing is verified while IAM shows the state before a write": ({ was, is, conditions }) => {
    if (was === undefined || ready(conditions)?.message.includes("AWS is not verified") !== true) return [];
    return (["lastVerifiedTime", "lastHandledReconcileAt"] as const).filter((field) => was[field] !== is[field]);
  },
};

/** Times that are the same at each reconcile: the end of a lag, and what IAM knows of a role. */
const FIXED_TIMES = /(?:propagation delay until|last used at) \S+Z/g;

/** What the API server fills in for a status that nobody has written. */
const UNSEEN = -1;

/** The rules that the status after the turn breaks, each with what breaks it; empty when all is well. */
export function brokenStatusRules({ before, after, nowMs }: Turn): readonly string[] {
  const is = after?.["status"] as InstanceProfileStatus | undefined;
  if (after === undefined || is === undefined) return [];
  if (is.observedGeneration === UNSEEN)
    return kstatusOf(after) === "Current" ? ["kstatus reads Current before the first look"] : [];
  const metadata = after["metadata"] as ObjectMeta;
  const isSameObject = (before?.["metadata"] as ObjectMeta | undefined)?.uid === metadata.uid;
  const was = isSameObject ? (before?.["status"] as InstanceProfileStatus | undefined) : undefined;
  const seen: Seen = { was, is, metadata, conditions: is.conditions ?? [], nowMs, object: after };
  return Object.entries(RULES).flatMap(([rule, broken]) => broken(seen).map((what) => `${rule}: ${what}`));
}

function ready(conditions: readonly Condition[]): Condition | undefined {
  return conditions.find(({ type }) => type === "Ready");
}

function has(conditions: readonly Condition[], type: string): boolean {
  return conditions.some((condition) => condition.type === type);
}
