import {
  API_VERSION,
  type InstanceProfile,
  type InstanceProfileSpec,
  KIND,
  type ObjectMeta,
  type PolicySpec,
  type Statement,
} from "../../src/api/instance-profile.ts";
import {
  CLASS_KIND,
  type InstanceProfileClass,
  type InstanceProfileClassSpec,
} from "../../src/api/instance-profile-class.ts";
import { parseInstanceProfileClass } from "../../src/api/parse-instance-profile-class.ts";
import type { ClassBinding } from "../../src/controller/classes/class-binding.ts";
import type { KubeObject } from "../../src/engine/ports.ts";
import { type DesiredPresent, desiredState } from "../../src/model/desired-state.ts";
import type { ObservedInstance } from "../../src/model/instances/instance.ts";
import type { AccountPlace } from "../../src/model/naming.ts";
import {
  ABSENT,
  type ObservedInstanceProfile,
  type ObservedRole,
  type ObservedState,
} from "../../src/model/observed-state.ts";
import { DEFAULT_SERVICES } from "../../src/model/place.ts";
import { type Action, isInstanceAction, isTagAction } from "../../src/plan/action.ts";
import { diff } from "../../src/plan/diff.ts";
import { applyAction } from "../../src/plan/simulate.ts";

export const CLUSTER_ID = "cluster-1";
/** Where the roles of the builders are. */
export const PLACE: AccountPlace = { accountId: "123456789012", partition: "aws" };
export const NOTHING: ObservedState = { role: ABSENT, instanceProfile: ABSENT };

/** What a test changes in a spec; with the short form of one inline policy, as in a manifest. */
export interface SpecOverrides extends Partial<InstanceProfileSpec> {
  readonly policyName?: string;
  readonly statements?: readonly Statement[];
}

const READ_S3: readonly Statement[] = [{ effect: "Allow", actions: ["s3:Get*", "s3:List*"], resources: ["*"] }];

/** A valid spec as the parser leaves it; override what the test is about. */
function aSpec({ policyName, statements = READ_S3, ...overrides }: SpecOverrides = {}): InstanceProfileSpec {
  const name = policyName ?? overrides.roleName ?? "app";
  return {
    roleName: "app",
    instanceProfileName: overrides.roleName ?? "app",
    path: "/",
    inlinePolicies: statements.length === 0 ? [] : [{ name, fieldPath: "spec.statements", statements }],
    managedPolicyArns: [],
    managedPolicies: [],
    maxSessionDurationSeconds: 3600,
    trust: { services: ["ec2.amazonaws.com"], statements: [] },
    tags: {},
    roleTags: {},
    instanceProfileTags: {},
    adoptionPolicy: "Never",
    unmanagedPolicies: "Report",
    mode: "Enforce",
    suspend: false,
    ...overrides,
  };
}

/** Statements as a policy of a spec. */
export function aPolicy(statements: readonly Statement[], name = "app", fieldPath = "spec.statements"): PolicySpec {
  return { name, fieldPath, statements };
}

/** All statements of the policies of a spec. */
export function statementsIn({ inlinePolicies }: Pick<InstanceProfileSpec, "inlinePolicies">): readonly Statement[] {
  return inlinePolicies.flatMap(({ statements }) => statements);
}

/** A spec as a manifest has it: an inline policy in the short form, and the others; no service where EC2 alone is trusted. */
export function asWritten({
  inlinePolicies,
  managedPolicies,
  trust,
  ...spec
}: InstanceProfileSpec): Readonly<Record<string, unknown>> {
  const short = inlinePolicies.find(({ fieldPath }) => fieldPath === "spec.statements");
  const others = inlinePolicies.filter((policy) => policy !== short);
  const { document, services, statements } = trust;
  const isDefault = document !== undefined || services.join() === DEFAULT_SERVICES.join();
  return {
    ...spec,
    ...(short && { policyName: short.name }),
    statements: short?.statements ?? [],
    inlinePolicies: others.map(({ name, statements, document: whole }) => {
      return whole === undefined ? { name, statements } : { name, document: whole };
    }),
    managedPolicies: managedPolicies.map(({ fieldPath: _, ...policy }) => policy),
    trust: {
      ...(!isDefault && { services }),
      ...(document === undefined ? { statements } : { statements: [], document }),
    },
  };
}

/** An object as the API server has it. */
export function asStored(object: InstanceProfile): KubeObject {
  return { ...object, spec: asWritten(object.spec) } as unknown as KubeObject;
}

/** A valid object as it comes from the API server. */
export function anInstanceProfile(
  overrides: { spec?: SpecOverrides; metadata?: Partial<ObjectMeta> } & Pick<InstanceProfile, "status"> = {},
): InstanceProfile {
  return {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: {
      name: "app",
      namespace: "team-a",
      uid: "uid-1",
      generation: 1,
      resourceVersion: "1",
      ...overrides.metadata,
    },
    spec: aSpec(overrides.spec),
    ...(overrides.status && { status: overrides.status }),
  };
}

/** What the object asks for. */
export function desiredOf(spec: SpecOverrides = {}, metadata: Partial<ObjectMeta> = {}): DesiredPresent {
  const grants = { allowsAdoption: true, place: PLACE };
  return desiredState(anInstanceProfile({ spec, metadata }), CLUSTER_ID, grants) as DesiredPresent;
}

/** What a going object asks for. */
export function desiredAbsence(spec: SpecOverrides = {}, metadata: Partial<ObjectMeta> = {}) {
  return desiredState(
    anInstanceProfile({ spec, metadata: { deletionTimestamp: "2026-01-01T00:00:00Z", ...metadata } }),
    CLUSTER_ID,
    { allowsAdoption: false, place: PLACE },
  );
}

/** The state after all these actions. */
export function stateAfter(state: ObservedState, actions: readonly Action[]): ObservedState {
  return actions.reduce((so, action) => applyAction(so, action, madeBy(action, so)), state);
}

/** The role and the instance profile of an object, as the controller creates them. */
export interface CreatedState extends ObservedState {
  readonly role: ObservedRole;
  readonly instanceProfile: ObservedInstanceProfile;
}

/** What AWS has after the controller has created everything for the object. */
export function createdState(spec: SpecOverrides = {}): CreatedState {
  return stateAfter(NOTHING, diff(desiredOf(spec), NOTHING).actions) as CreatedState;
}

/** A running instance that has the instance profile `app` and that the object neither selects nor has associated. */
export function anInstance(overrides: Partial<ObservedInstance> = {}): ObservedInstance {
  return {
    instanceId: "i-1",
    region: "eu-west-1",
    state: "running",
    association: {
      associationId: "iip-assoc-1",
      profileArn: "arn:aws:iam::123456789012:instance-profile/app",
      profileId: "AIPAEXAMPLE",
      state: "associated",
    },
    isSelected: false,
    isMarked: false,
    precededBy: undefined,
    isYielded: false,
    ...overrides,
  };
}

function madeBy(action: Action, { instanceProfile }: ObservedState): { arn: string; id: string } | undefined {
  if (action.kind === "CreateRole") {
    return { arn: `arn:aws:iam::123456789012:role${action.path}${action.roleName}`, id: "AROAEXAMPLE" };
  }
  if (action.kind === "CreateInstanceProfile") {
    return {
      arn: `arn:aws:iam::123456789012:instance-profile${action.path}${action.instanceProfileName}`,
      id: "AIPAEXAMPLE",
    };
  }
  if (isInstanceAction(action) && !isTagAction(action) && "iamInstanceProfile" in action) {
    const arn = instanceProfile.presence === "present" ? instanceProfile.arn : "";
    return { arn, id: `iip-assoc-of-${action.instanceId}` };
  }
  return undefined;
}

/** A class that allows reading S3 to every namespace; override what the test is about. */
export function aClass(
  spec: Partial<InstanceProfileClassSpec> = {},
  overrides: Partial<Pick<InstanceProfileClass, "status">> & { metadata?: Partial<ObjectMeta> } = {},
): InstanceProfileClass {
  const { metadata, ...rest } = overrides;
  const manifest = {
    apiVersion: API_VERSION,
    kind: CLASS_KIND,
    metadata: { name: "readers", uid: "uid-class", generation: 1, resourceVersion: "1", ...metadata },
    spec: { account: { id: "123456789012" }, namespaces: ["*"], allowedActions: ["s3:Get*", "s3:List*"], ...spec },
  };
  return { ...parseInstanceProfileClass(manifest), ...rest };
}

/** What binds the object `app` to a class that it complies with. */
export function aBinding(overrides: Partial<BoundToClass> = {}): BoundToClass {
  const of = overrides.class ?? aClass();
  const bounds = { class: of, namespace: "team-a", clusterId: CLUSTER_ID, olderPeers: 0 };
  const object = anInstanceProfile();
  return {
    kind: "bound",
    class: of,
    object,
    bounds,
    violations: [],
    isStripped: false,
    isAccepted: true,
    ...overrides,
  };
}

type BoundToClass = Extract<ClassBinding, { kind: "bound" }>;
