import type { Condition, InstanceProfile, Statement } from "../../../src/api/instance-profile.ts";
import { parseInstanceProfile } from "../../../src/api/parse-instance-profile.ts";
import { NoResponseError } from "../../../src/aws/client/no-response-error.ts";
import { toControllerError } from "../../../src/aws/errors/aws-errors.ts";
import { tagListOf } from "../../../src/aws/iam/iam-entities.ts";
import { blockersOf, refused } from "../../../src/controller/classes/class-binding.ts";
import { ClassResolver } from "../../../src/controller/classes/class-resolver.ts";
import { objectsOfList } from "../../../src/controller/classes/objects-by-class.ts";
import { AccountRegistry } from "../../../src/engine/accounts/account-registry.ts";
import { PolicyExistence } from "../../../src/engine/observe/policy-existence.ts";
import type { KubeObject } from "../../../src/engine/ports.ts";
import { FlapBreaker } from "../../../src/engine/reconcile/flap-breaker.ts";
import { requiredBoundary } from "../../../src/engine/reconcile/required-boundary.ts";
import type { ObservedState } from "../../../src/model/observed-state.ts";
import { TAG_KEYS } from "../../../src/model/ownership.ts";
import { oversizePolicies } from "../../../src/model/policy/policy-size.ts";
import { diff } from "../../../src/plan/diff.ts";
import { refusedByIam } from "../../../src/plan/lint/lint.ts";
import type { Blocker, Plan } from "../../../src/plan/plan.ts";
import { oversizeBlockers, quotaBlockers } from "../../../src/plan/quota-blockers.ts";
import { type ConditionDraft, queuedConditions } from "../../../src/status/conditions.ts";
import type { Outcome } from "../../../src/status/outcome.ts";
import {
  aClass,
  anInstanceProfile,
  desiredAbsence,
  desiredOf,
  NOTHING,
  type SpecOverrides,
  stateAfter,
} from "../../support/builders.ts";
import { conditionsAfter } from "../../support/results.ts";
import { goldenSamples } from "./golden-samples.ts";

const ROLE = "role app";
const POLICY = "inline policy app of role app";
const PROFILE = "instance profile app";
const INSTANCE = "instance i-0abc1234def567890 (eu-west-1)";
const UNKNOWN_OPERATOR: Statement = {
  effect: "Allow",
  actions: ["s3:GetObject"],
  resources: ["*"],
  conditions: { StringIs: { "aws:RequestedRegion": ["eu-west-1"] } },
};

/** What AWS answers: its code and words, the status, and the call that it answers. */
type Answer = readonly [code: string | undefined, words: string, status: number, operation: string, entity: string];

const ANSWERS: readonly Answer[] = [
  [
    "AccessDenied",
    "User: arn:aws:sts::123456789012:assumed-role/controller is not authorized to perform: iam:CreateRole on resource: arn:aws:iam::123456789012:role/app because no identity-based policy allows the iam:CreateRole action",
    403,
    "CreateRole",
    ROLE,
  ],
  ["LimitExceeded", "Cannot exceed quota for PolicySize: 10240", 409, "PutRolePolicy", POLICY],
  [
    "LimitExceeded",
    "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1",
    409,
    "AddRoleToInstanceProfile",
    PROFILE,
  ],
  ["OptInRequired", "The AWS Access Key Id needs a subscription for the service", 403, "CreateRole", ROLE],
  ["ExpiredToken", "The security token included in the request is expired", 403, "GetRole", ROLE],
  ["InvalidClientTokenId", "The security token included in the request is invalid.", 403, "GetRole", ROLE],
  ["RequestExpired", "Request has expired.", 400, "GetRole", ROLE],
  ["Throttling", "Rate exceeded", 400, "CreateRole", ROLE],
  ["EntityAlreadyExists", "Role with name app already exists.", 409, "CreateRole", ROLE],
  ["DeleteConflict", "Cannot delete entity, must detach all policies first.", 409, "DeleteRole", ROLE],
  [
    "ConcurrentModification",
    "The request was rejected because multiple requests to change this object were submitted simultaneously.",
    409,
    "TagRole",
    ROLE,
  ],
  ["EntityTemporarilyUnmodifiable", "Role app is being modified. Please try again later.", 409, "UpdateRole", ROLE],
  ["MalformedPolicyDocument", 'Partition "" is not valid for resource "bucket".', 400, "PutRolePolicy", POLICY],
  [
    "MalformedPolicyDocument",
    'Invalid principal in policy: "AWS":"arn:aws:iam::123456789012:role/ops"',
    400,
    "UpdateAssumeRolePolicy",
    ROLE,
  ],
  [
    "ValidationError",
    "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    400,
    "UpdateRole",
    ROLE,
  ],
  ["PolicyNotAttachable", "Cannot attach a Service Role Policy to a Customer Role.", 400, "AttachRolePolicy", ROLE],
  [
    "UnmodifiableEntity",
    "Cannot perform the operation on the protected role 'app' - this role is only modifiable by AWS",
    400,
    "PutRolePolicy",
    POLICY,
  ],
  [
    "ServiceFailure",
    "The request processing has failed because of an unknown error, exception or failure.",
    500,
    "GetRole",
    ROLE,
  ],
  ["ServiceUnavailable", "The service is unavailable. Please try again shortly.", 503, "GetRole", ROLE],
  ["NoSuchEntity", "The role with name app cannot be found.", 404, "PutRolePolicy", POLICY],
  [
    "NoSuchEntity",
    "Policy arn:aws:iam::123456789012:policy/team does not exist or is not attachable.",
    404,
    "AttachRolePolicy",
    ROLE,
  ],
  [
    "IncorrectInstanceState",
    "The instance 'i-0abc1234def567890' is not in a valid state for this operation.",
    400,
    "AssociateIamInstanceProfile",
    INSTANCE,
  ],
  [
    "InvalidParameterValue",
    "Value (app) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name",
    400,
    "AssociateIamInstanceProfile",
    INSTANCE,
  ],
  [undefined, "a proxy", 407, "GetRole", ROLE],
];

/** What keeps a call from AWS. */
const OBSTACLES: readonly unknown[] = [
  Object.assign(new Error("Could not load credentials from any providers"), { name: "CredentialsProviderError" }),
  new Error("Region is missing"),
  Object.assign(new TypeError("Invalid URL"), { code: "ERR_INVALID_URL", input: "iam.example" }),
  new NoResponseError("iam.amazonaws.com", Object.assign(new Error("refused"), { code: "ECONNREFUSED" })),
  new Error("an unknown error"),
];

type Spec = SpecOverrides;
type ClassSpec = Parameters<typeof aClass>[0];

const allow = (actions: readonly string[], more: object = {}): Spec => ({
  statements: [{ effect: "Allow", actions, resources: ["*"], ...more }],
});

/** Together they allow everything of S3, which shows only to who goes through all texts of fifty characters. */
const INTRICATE: readonly string[] = [
  ...[..."abcdefghijklmnopqrstuvwxyz0123456789_-"].map((letter) => `s3:*${letter}${"?".repeat(50)}`),
  ...Array.from({ length: 51 }, (_, i) => `s3:${"?".repeat(i + 1)}`),
];

/** A spec and the class that it does not fit, one for each way. */
const MISFITS: readonly (readonly [Spec, ClassSpec])[] = [
  [{}, { namespaces: ["team-b"] }],
  [{}, { maxPerNamespace: 1 }],
  [{}, { roleNamePrefix: "{namespace}-" }],
  [{ path: "/other/" }, { path: "/{namespace}/" }],
  [
    { permissionsBoundaryArn: "arn:aws:iam::123456789012:policy/mine" },
    { permissionsBoundaryArn: "arn:aws:iam::123456789012:policy/boundary" },
  ],
  [{ tags: { team: "b" } }, { tags: { team: "a" } }],
  [allow(["s3:*"]), {}],
  [allow(["s3:GetObject"]), { deniedActions: ["s3:GetObject"] }],
  [
    allow(["s3:GetObject"]),
    { maximumAccess: { statements: [{ effect: "Allow", actions: ["*"], resources: ["arn:aws:s3:::team-a-*"] }] } },
  ],
  [{ statements: [{ effect: "Allow", notActions: ["s3:*"], resources: ["*"] }] }, {}],
  [allow(["s3:GetObject"]), { allowedResources: ["arn:aws:s3:::team-a-*"] }],
  [{ statements: [{ effect: "Allow", actions: ["s3:GetObject"], notResources: ["arn:aws:s3:::a"] }] }, {}],
  [allow(["s3:*"]), { allowedActions: INTRICATE }],
  [{ managedPolicyArns: ["arn:aws:iam::aws:policy/AdministratorAccess"] }, {}],
  [{ trust: { services: ["ec2.amazonaws.com", "lambda.amazonaws.com"], statements: [] } }, {}],
  [
    {
      trust: {
        services: ["ec2.amazonaws.com"],
        statements: [{ effect: "Allow", principals: { AWS: ["123456789012"] }, actions: ["sts:AssumeRole"] }],
      } as never,
    },
    {},
  ],
  [{ roleName: "shared", role: { management: "External" } }, {}],
  [{ adoptionPolicy: "IfExists" }, {}],
  [{ adoptFrom: { clusterId: "old-cluster" } }, {}],
  [{ instances: { region: "eu-west-1", ids: ["i-0abc1234def567890"], onConflict: "Keep" } }, {}],
  [
    { instances: { region: "us-east-1", ids: ["i-0abc1234def567890"], onConflict: "Keep" } },
    { allowedInstanceRegions: ["eu-*"] },
  ],
  [{ maxSessionDurationSeconds: 43_200 }, {}],
  [{ deletionPolicy: "Retain" }, {}],
];

/** Each reason with the conditions of an object that has it, by the code that gives them in a cluster. */
export async function samplesOfReasons(): Promise<ReadonlyMap<string, readonly ConditionDraft[]>> {
  const object = anInstanceProfile();
  const drafts = [
    ...(await failures()).map((error) => conditionsAfter(object, { kind: "failed", error })),
    ...outcomes().map(([of, outcome]) => conditionsAfter(of, outcome)),
    ...standings().map((blockers) => conditionsAfter(object, refused(blockers))),
    queuedConditions({ metadata: object.metadata }, 812, "2026-01-01T00:00:00Z").map(asDraft),
    ...goldenSamples().map(({ conditions }) => conditions),
  ];
  const samples = new Map<string, readonly ConditionDraft[]>();
  for (const conditions of drafts) {
    const reason = conditions[0]?.reason ?? "";
    if (!samples.has(reason)) samples.set(reason, conditions);
  }
  return samples;
}

function asDraft({ type, status, reason, message }: Condition): ConditionDraft {
  return { type, status, reason, message };
}

async function failures(): Promise<readonly unknown[]> {
  const subject = { service: "IAM", operation: "GetRole", entity: ROLE } as const;
  return [
    ...ANSWERS.map(([code, words, status, operation, entity]) =>
      toControllerError(answered(code, words, status), { service: "IAM", operation, entity }),
    ),
    ...OBSTACLES.map((error) => toControllerError(error, subject)),
    ...thrownBy(() =>
      tagListOf(Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`tag-${i}`, ""])), {
        ...subject,
        operation: "TagRole",
      }),
    ),
    ...thrownBy(() => parseInstanceProfile({ ...anInstanceProfile(), spec: { roleName: "not a name" } })),
    await ofAnotherAccount(),
  ];
}

function answered(code: string | undefined, words: string, httpStatusCode: number): Error {
  const wire = code === undefined ? {} : { name: code, Code: code, $fault: "client" };
  return Object.assign(new Error(words), { ...wire, $metadata: { httpStatusCode } });
}

function thrownBy(attempt: () => unknown): readonly unknown[] {
  try {
    attempt();
    return [];
  } catch (error) {
    return [error];
  }
}

/** What is raised of a class whose credentials are of another account than it says. */
export async function ofAnotherAccount(): Promise<unknown> {
  const identity = {
    accountId: async () => "999988887777",
    place: async () => ({ accountId: "999988887777", partition: "aws" }),
    renew: async () => {},
  };
  const accounts = new AccountRegistry({
    own: { account: {} as never, identity },
    open: () => {
      throw new Error("not asked");
    },
    monotonicMs: () => 0,
  });
  return accounts.open(aClass(), new AbortController().signal).catch((error: unknown) => error);
}

function outcomes(): readonly (readonly [InstanceProfile, Outcome])[] {
  const object = anInstanceProfile();
  const plan = diff(desiredOf(), NOTHING);
  const after = stateAfter(NOTHING, plan.actions);
  const done = { kind: "converged", plan, applied: plan.actions, failed: undefined, after, visibleInMs: 0 } as const;
  const going = anInstanceProfile({ metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } });
  const propagating = toControllerError(answered("InvalidParameterValue", "Invalid IAM Instance Profile name", 400), {
    service: "EC2",
    operation: "AssociateIamInstanceProfile",
    entity: INSTANCE,
  });
  const association = {
    kind: "AssociateIamInstanceProfile",
    region: "eu-west-1",
    instanceId: "i-1",
    iamInstanceProfile: "app",
  } as const;
  const external = { roleName: "shared", role: { management: "External" } } as const;
  const blocked = (blockers: Plan["blockers"]): Outcome => ({ ...done, applied: [], plan: { ...plan, blockers } });
  const held = { ...after, role: { ...after.role, instanceProfileNames: ["app", "other-profile"] } } as ObservedState;
  const template = { launchTemplateId: "lt-0abc1234def567890", launchTemplateName: "web", region: "eu-west-1" };
  const named = { found: [], missingIds: [], launchTemplates: [template], unsearched: [] };
  return [
    [object, done],
    [anInstanceProfile({ spec: { suspend: true } }), { kind: "suspended" }],
    [object, { kind: "previewed", plan, observed: NOTHING, visibleInMs: 0 }],
    [object, { ...done, applied: [], visibleInMs: 110_000, lag: { unseen: plan.actions.slice(1, 2), untilMs: 0 } }],
    [object, { kind: "announced", plan, observed: NOTHING, visibleInMs: 0 }],
    [object, { ...done, failed: { action: association, error: propagating }, visibleInMs: 60_000 }],
    [going, { ...done, visibleInMs: 5_000 }],
    [anInstanceProfile({ spec: external }), blocked(diff(desiredOf(external), NOTHING).blockers)],
    [object, blocked(oversizeBlockers(oversizePolicies({ statements: ["a".repeat(11_000)] })))],
    [object, blocked(refusedByIam(anInstanceProfile({ spec: { statements: [UNKNOWN_OPERATOR] } })))],
    [object, blocked(quotaBlockers(desiredOf(), plan, { roles: { used: 1_000, quota: 1_000 } } as never))],
    [object, blocked(missingBoundary())],
    [object, blocked(writtenInVain(plan).blockers)],
    [object, { ...done, applied: [], plan: diff(desiredOf(), withPolicyOfOthers(after)) }],
    [going, { ...done, applied: [], plan: diff(desiredAbsence(), held) }],
    [going, { ...done, applied: [], plan: diff(desiredAbsence(), { ...after, instances: named }) }],
  ];
}

/** What is known of a boundary that IAM does not have. */
function missingBoundary(): readonly Blocker[] {
  const policies = new PolicyExistence(() => 0);
  const arn = "arn:aws:iam::123456789012:policy/k8s-bondary";
  policies.recordMissing(arn);
  const reader = { policyExists: async () => false };
  const fault = requiredBoundary(aClass({ permissionsBoundaryArn: arn }), { policies, reader })?.fault;
  return fault === undefined ? [] : [{ reason: fault.reason, message: fault.message }];
}

/** The role with an inline policy under the spec's name that is not recorded as the controller's. */
function withPolicyOfOthers(state: ObservedState): ObservedState {
  if (state.role.presence === "absent") throw new Error("there is no role");
  const { [TAG_KEYS.applied]: _, ...tags } = state.role.tags;
  const inlinePolicyDocuments = { app: JSON.stringify({ Version: "2012-10-17", Statement: [] }) };
  return { ...state, role: { ...state.role, tags, inlinePolicyDocuments } };
}

function writtenInVain(plan: Plan): Plan {
  const attempts = new FlapBreaker(() => 0).of("team-a/app", "");
  for (let times = 0; times < 3; times++) attempts.recordExecuted(plan);
  return attempts.judge(plan, true);
}

function standings(): readonly ReturnType<typeof blockersOf>[] {
  const accepted = { name: "readers", accountId: "123456789012", acceptedTime: "2025-01-01T00:00:00.000Z" };
  const peers = [anInstanceProfile({ metadata: { name: "first", uid: "uid-0" }, status: { class: accepted } })];
  const judged = (classes: readonly object[], spec: Spec, more: Partial<InstanceProfile> = {}) => {
    const objects = peers.map(
      (peer) => ({ ...peer, spec: { ...peer.spec, className: "readers" } }) as unknown as KubeObject,
    );
    const directory = new ClassResolver({
      classes: () => classes as never,
      objects: objectsOfList(() => objects),
      clusterId: "cluster-1",
    });
    const metadata = { creationTimestamp: "2026-01-01T00:00:00Z", ...more.metadata };
    return blockersOf(
      directory.bindingOf({ ...anInstanceProfile({ spec, metadata }), ...(more.status && { status: more.status }) }),
    );
  };
  const byDefault = (name: string) =>
    aClass({}, { metadata: { name, annotations: { "iam.instanceprofile.dev/is-default-class": "true" } } });
  const begun = {
    metadata: { finalizers: ["iam.instanceprofile.dev/cleanup"] } as never,
    status: { accountId: "999988887777" } as never,
  };
  return [
    ...MISFITS.map(([spec, of]) => judged([aClass(of)], { className: "readers", ...spec })),
    judged([aClass({}, { metadata: { name: "writers" } })], { className: "readers" }),
    judged([aClass()], {}),
    judged([byDefault("one"), byDefault("two")], {}),
    judged([{ ...aClass(), spec: {} }], { className: "readers" }),
    judged([aClass()], { className: "readers" }, begun),
    judged([aClass()], {
      className: "readers",
      description: "d",
      roleName: "{nmespace}-app",
      instanceProfileName: "app",
    }),
    judged([aClass({ variables: { team: "x".repeat(64) } })], {
      className: "readers",
      roleName: "{team}-app",
      instanceProfileName: "app",
    }),
    judged([aClass()], {
      className: "readers",
      statements: [{ effect: "Allow", actions: ["s3:GetObject"], resources: [`arn:aws:s3:::b-$\{AWS::AccountId}/*`] }],
    }),
  ];
}
