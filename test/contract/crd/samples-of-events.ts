import type { InstanceProfile, InstanceProfileStatus } from "../../../src/api/instance-profile.ts";
import { toControllerError } from "../../../src/aws/errors/aws-errors.ts";
import type { ObservedInstanceProfile, ObservedRole, ObservedState } from "../../../src/model/observed-state.ts";
import { diff } from "../../../src/plan/diff.ts";
import { type ClassFacts, classStatus } from "../../../src/status/class-status.ts";
import type { ConditionDraft } from "../../../src/status/conditions.ts";
import { deletedEvents, noteEvents, retainedEvent } from "../../../src/status/events.ts";
import { INSTANCES_ASSOCIATED } from "../../../src/status/instances.ts";
import { orphanDeletedEvent, orphanedEvent } from "../../../src/status/orphan-events.ts";
import type { EventDraft, Outcome } from "../../../src/status/outcome.ts";
import { DEFAULT_REQUEUE_INTERVALS } from "../../../src/status/requeue.ts";
import { anInstanceProfile, desiredAbsence, desiredOf, NOTHING, stateAfter } from "../../support/builders.ts";
import { conditionsAfter, summaryAfter } from "../../support/results.ts";
import { goldenSamples, withoutTimes } from "./golden-samples.ts";
import { ofAnotherAccount } from "./samples-of-reasons.ts";

const CREATE = diff(desiredOf(), NOTHING);
const MADE = stateAfter(NOTHING, CREATE.actions);
const INSTANCES = { region: "eu-west-1", selector: { matchTags: { app: "web" } }, onConflict: "Keep" } as const;
const VIOLATION = {
  reason: "ActionNotAllowed",
  message: "spec.statements[1].actions: class readers does not allow s3:PutObject",
};
const REMOVAL = {
  kind: "PutRolePolicy",
  roleName: "app",
  policyName: "app",
  document: "{}",
  changes: ["- statement: Allow s3:PutObject on *"],
} as const;
const LEFT = {
  role: "arn:aws:iam::123456789012:role/app",
  instanceProfiles: ["arn:aws:iam::123456789012:instance-profile/app"],
  accountId: "123456789012",
  uid: "4c9a3f0e-1b7d-4a52-9a8e-2f6d0c1b7e55",
};
const GOING = { deletionTimestamp: "2026-01-01T00:00:00Z" };

function seen(after: ObservedState, applied: Extract<Outcome, { kind: "converged" }>["applied"] = []): Outcome {
  const plan = { actions: applied, blockers: [], unmanagedPolicies: [] };
  return { kind: "converged", plan, applied, failed: undefined, after, visibleInMs: 0 };
}

/** Each reason of `InstancesAssociated` with the condition, by the code that gives it in a cluster. */
export function samplesOfInstances(): ReadonlyMap<string, ConditionDraft> {
  const object = anInstanceProfile({ spec: { instances: INSTANCES } });
  const denied = toControllerError(
    Object.assign(new Error("You are not authorized to perform this operation."), {
      name: "UnauthorizedOperation",
      Code: "UnauthorizedOperation",
      $fault: "client",
      $metadata: { httpStatusCode: 403 },
    }),
    { service: "EC2", operation: "DescribeInstances", entity: "instances of eu-west-1" },
  );
  const of = (instances: ObservedState["instances"]): Outcome => seen({ ...MADE, ...(instances && { instances }) });
  const nobody = { found: [], missingIds: [], unsearched: [] };
  const drafts = [
    ...goldenSamples().flatMap(({ conditions }) => conditions),
    ...conditionsAfter(object, of(nobody)),
    ...conditionsAfter(object, of({ ...nobody, unreadable: denied })),
  ].filter(({ type }) => type === INSTANCES_ASSOCIATED);
  return firstOfEach(drafts.map(withoutTimes));
}

/** Each reason of a class's `Ready`, by the code that gives it, with all conditions; but for those that AWS's answers have anyway. */
export async function samplesOfClasses(): Promise<ReadonlyMap<string, readonly ConditionDraft[]>> {
  const facts = {
    fault: undefined,
    account: { id: "123456789012" },
    isInDeletion: false,
    objects: 3,
    violations: 0,
  } as const;
  const denied = toControllerError(
    Object.assign(
      new Error("User: arn:aws:iam::999988887777:role/controller is not authorized to perform: sts:AssumeRole"),
      {
        name: "AccessDenied",
        Code: "AccessDenied",
        $fault: "client",
        $metadata: { httpStatusCode: 403 },
      },
    ),
    {
      service: "STS",
      operation: "AssumeRole",
      entity: "role arn:aws:iam::123456789012:role/instance-profile-controller",
    },
  );
  const told = (of: ClassFacts): readonly ConditionDraft[] =>
    (classStatus({ generation: 1, conditions: undefined }, of, "").conditions ?? []).map(withoutTimes);
  const all = [
    told(facts),
    told({ ...facts, account: { error: await ofAnotherAccount() } }),
    told({
      ...facts,
      boundary: {
        kind: "missing",
        arn: "arn:aws:iam::123456789012:policy/k8s-bondary",
        accountId: "123456789012",
      },
    }),
    told({ ...facts, account: undefined, isInDeletion: true, usedBy: ["team-a/web", "team-a/app", "team-b/app"] }),
    told({
      ...facts,
      account: undefined,
      fault: 'InstanceProfileClass "readers" is invalid: spec.namespaces: Required value',
    }),
    told({ ...facts, account: { error: denied } }),
  ];
  return new Map(all.map((conditions) => [conditions.find(({ type }) => type === "Ready")?.reason ?? "", conditions]));
}

/** Each reason of an Event that is no reason of `Ready`, with the Event, by the code that sends it. */
export function samplesOfEvents(): ReadonlyMap<string, EventDraft> {
  const said = (object: InstanceProfile, outcome: Outcome): readonly EventDraft[] =>
    summaryAfter(object, outcome, {
      now: GOING.deletionTimestamp,
      random: 0,
      intervals: DEFAULT_REQUEUE_INTERVALS,
      failures: 0,
    }).events;
  const known = { ...MADE, ...withIds("AROAFORMER", "AIPAFORMER") };
  const { status } = summaryAfter(anInstanceProfile(), seen(known, CREATE.actions), {
    ...{ now: GOING.deletionTimestamp, random: 0, intervals: DEFAULT_REQUEUE_INTERVALS, failures: 0 },
  }) as { readonly status: InstanceProfileStatus };
  const ready = anInstanceProfile({ status });
  const [repair] = CREATE.actions.filter(({ kind }) => kind === "PutRolePolicy");
  const deletion = diff(desiredAbsence(), MADE);
  const force = { "iam.instanceprofile.dev/force-delete": "true" };
  const used = {
    ...{ instanceId: "i-0abc1234def567890", region: "eu-west-1", state: "running" as const, isSelected: false },
    ...{ isMarked: false, precededBy: undefined, isYielded: false },
    association: {
      associationId: "iip-assoc-0abc1234",
      profileArn: "arn:aws:iam::123456789012:instance-profile/app",
      profileId: "AIPAEXAMPLE",
      state: "associated" as const,
    },
  };
  const unsearched = [
    { region: "us-east-1", why: "DescribeInstances: UnauthorizedOperation" },
    {
      region: "us-east-1",
      isOfTemplates: true as const,
      why: "DescribeLaunchTemplateVersions: UnauthorizedOperation",
    },
  ];
  const recentlyUsed = diff(desiredAbsence(), {
    role: { ...(MADE.role as ObservedRole), lastUsed: { at: "2026-01-01T00:00:00Z", region: "eu-west-1" } },
    instanceProfile: MADE.instanceProfile,
    instances: { found: [], missingIds: [], unsearched: [] },
  });
  const forced = diff(desiredAbsence({}, { annotations: force }), {
    ...MADE,
    instances: { found: [used], missingIds: [], unsearched },
  });
  return firstOfEach([
    ...goldenSamples().flatMap(({ events }) => events),
    ...said(ready, seen(known, repair === undefined ? [] : [repair])),
    ...said(ready, { ...seen(known, [REMOVAL]), leftOut: [VIOLATION] } as Outcome),
    ...said(ready, seen({ ...MADE, ...withIds("AROALATTER", "AIPALATTER") })),
    ...deletedEvents(anInstanceProfile({ metadata: GOING }), deletion.actions),
    retainedEvent(ready, "instanceprofiles.iam.instanceprofile.dev"),
    ...noteEvents({ plan: forced, applied: forced.actions }),
    ...noteEvents({ plan: recentlyUsed, applied: recentlyUsed.actions }),
    orphanedEvent("Lost", LEFT),
    orphanDeletedEvent(["- instance profile app", "- role app"]),
  ]);
}

function withIds(roleId: string, id: string): Pick<ObservedState, "role" | "instanceProfile"> {
  return {
    role: { ...(MADE.role as ObservedRole), roleId },
    instanceProfile: { ...(MADE.instanceProfile as ObservedInstanceProfile), id },
  };
}

function firstOfEach<T extends { readonly reason: string }>(all: readonly T[]): ReadonlyMap<string, T> {
  return new Map(all.toReversed().map((one) => [one.reason, one]));
}
