import { isNameOf, RUN_TAG, type RunMarks } from "./run-marks.ts";

/** What the guard knows of a run. */
export interface GuardScope {
  readonly marks: RunMarks;
  /** Ids of instances, associations and launch templates that this run has started, made or proved. */
  readonly ids: ReadonlySet<string>;
}

/** What is wrong with a request; undefined when it may be sent. */
type Rule = (params: URLSearchParams, scope: GuardScope) => string | undefined;

/** Ids that no instance or association has, for calls that must be refused. */
const NO_IDS: ReadonlySet<string> = new Set(["i-00000000000000000", "iip-assoc-00000000000000000"]);

const all =
  (...rules: readonly Rule[]): Rule =>
  (params, scope) =>
    rules.map((rule) => rule(params, scope)).find((complaint) => complaint !== undefined);

const named =
  (parameter: string): Rule =>
  (params, { marks }) => {
    const name = params.get(parameter) ?? "";
    return isNameOf(marks.prefix, name) ? undefined : `${parameter} ${name} is not a name of a run`;
  };

const ofRun =
  (parameter: string): Rule =>
  (params, { marks }) => {
    const arn = params.get(parameter) ?? "";
    const [, path = "", name = ""] = /:[a-z-]+(\/.*\/)([^/]*)$/.exec(arn) ?? [];
    const isOurs = path.startsWith(`/${marks.prefix}/`) && isNameOf(marks.prefix, name);
    return isOurs ? undefined : `${parameter} ${arn} is not of a run`;
  };

/** The values of a list, whose members may have parts of their own. */
const valuesIn = (params: URLSearchParams, list: RegExp): readonly string[] =>
  [...params].filter(([key]) => list.test(key)).map(([, value]) => value);

const hasTag =
  (list: string): Rule =>
  (params, { marks }) => {
    const isMarked = [...params].some(
      ([key, value]) =>
        value === RUN_TAG && key.startsWith(list) && params.get(key.replace(/Key$/, "Value")) === marks.tag.Value,
    );
    return isMarked ? undefined : `the tag ${RUN_TAG}=${marks.tag.Value} is missing`;
  };

const atPath: Rule = (params, { marks }) => {
  const path = params.get("Path") ?? "/";
  return path.startsWith(marks.path) ? undefined : `Path ${path} is not below ${marks.path}`;
};

/** The run's tag may be set to what it is. */
const keepsTag: Rule = (params, { marks }) =>
  [...params].some(([key, value]) => value === RUN_TAG && params.get(key.replace(/Key$/, "Value")) !== marks.tag.Value)
    ? `the tag ${RUN_TAG} must stay`
    : undefined;

const leavesTag: Rule = (params) =>
  [...params.values()].includes(RUN_TAG) ? `the tag ${RUN_TAG} must stay` : undefined;

const knownIds =
  (list: RegExp): Rule =>
  (params, { ids }) => {
    const values = valuesIn(params, list);
    const unknown = values.find((id) => !ids.has(id) && !NO_IDS.has(id));
    if (values.length === 0) return "it names nothing";
    return unknown === undefined ? undefined : `${unknown} is not of this run`;
  };

const profileOfRun: Rule = (params, scope) => {
  if (params.has("IamInstanceProfile.Name")) return named("IamInstanceProfile.Name")(params, scope);
  return params.has("IamInstanceProfile.Arn") ? ofRun("IamInstanceProfile.Arn")(params, scope) : undefined;
};

const ROLE = named("RoleName");
const PROFILE = named("InstanceProfileName");
const POLICY = ofRun("PolicyArn");
const created = (name: Rule): Rule => all(name, atPath, hasTag("Tags.member."));
const INSTANCES = knownIds(/^InstanceId(\.\d+)?$/);
const ASSOCIATION = knownIds(/^AssociationId$/);
const RESOURCES = knownIds(/^ResourceId\.\d+$/);

/** Every write that a run may send, and what of it must be the run's own. */
const WRITES: Readonly<Record<string, Rule>> = {
  CreateRole: created(ROLE),
  CreateInstanceProfile: created(PROFILE),
  CreatePolicy: created(named("PolicyName")),
  AttachRolePolicy: ROLE,
  DetachRolePolicy: ROLE,
  DeleteRole: ROLE,
  DeleteRolePermissionsBoundary: ROLE,
  DeleteRolePolicy: ROLE,
  PutRolePermissionsBoundary: ROLE,
  PutRolePolicy: ROLE,
  UpdateAssumeRolePolicy: ROLE,
  UpdateRole: ROLE,
  UpdateRoleDescription: ROLE,
  TagRole: all(ROLE, keepsTag),
  UntagRole: all(ROLE, leavesTag),
  AddRoleToInstanceProfile: all(PROFILE, ROLE),
  RemoveRoleFromInstanceProfile: PROFILE,
  DeleteInstanceProfile: PROFILE,
  TagInstanceProfile: all(PROFILE, keepsTag),
  UntagInstanceProfile: all(PROFILE, leavesTag),
  CreatePolicyVersion: POLICY,
  DeletePolicy: POLICY,
  DeletePolicyVersion: POLICY,
  SetDefaultPolicyVersion: POLICY,
  TagPolicy: all(POLICY, keepsTag),
  UntagPolicy: all(POLICY, leavesTag),
  AssumeRole: ofRun("RoleArn"),
  GenerateServiceLastAccessedDetails: ofRun("Arn"),
  RunInstances: all(profileOfRun, named("ClientToken"), hasTag("TagSpecification.")),
  StartInstances: INSTANCES,
  StopInstances: INSTANCES,
  TerminateInstances: INSTANCES,
  AssociateIamInstanceProfile: all(INSTANCES, profileOfRun),
  ReplaceIamInstanceProfileAssociation: all(ASSOCIATION, profileOfRun),
  DisassociateIamInstanceProfile: ASSOCIATION,
  CreateTags: all(RESOURCES, keepsTag),
  DeleteTags: all(RESOURCES, leavesTag),
  CreateLaunchTemplate: all(named("LaunchTemplateName"), hasTag("TagSpecification.")),
  DeleteLaunchTemplate: knownIds(/^LaunchTemplateId$/),
};

const READ = /^(Get|List|Describe|Simulate)/;

/** What is wrong with a request of a run; undefined when it may be sent. Reads may; a write that is not listed may not. */
export function complaintAbout(params: URLSearchParams, scope: GuardScope): string | undefined {
  const action = params.get("Action") ?? "";
  if (READ.test(action)) return undefined;
  const rule = Object.hasOwn(WRITES, action) ? WRITES[action] : undefined;
  return rule === undefined ? "it is not among the writes of a run" : rule(params, scope);
}
