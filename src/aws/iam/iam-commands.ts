import {
  AddRoleToInstanceProfileCommand,
  AttachRolePolicyCommand,
  CreateInstanceProfileCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  DeleteInstanceProfileCommand,
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  DeleteRoleCommand,
  DeleteRolePermissionsBoundaryCommand,
  DeleteRolePolicyCommand,
  DetachRolePolicyCommand,
  type IAMClient,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
  RemoveRoleFromInstanceProfileCommand,
  TagInstanceProfileCommand,
  TagPolicyCommand,
  TagRoleCommand,
  UntagInstanceProfileCommand,
  UntagPolicyCommand,
  UntagRoleCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateRoleCommand,
} from "@aws-sdk/client-iam";
import { placeInArn } from "../../model/naming.ts";
import type { CreatedEntity, CreatePolicy, CreateRole, IamAction, IamActionKind } from "../../plan/action.ts";
import type { AwsCallSubject } from "../errors/aws-errors.ts";
import { requireField } from "../errors/require-field.ts";
import { tagListOf } from "./iam-entities.ts";

/** What a write needs besides its action. */
interface WriteContext {
  readonly iam: IAMClient;
  readonly subject: AwsCallSubject;
  readonly options: { readonly abortSignal: AbortSignal };
}

/** Sends one action as one request, and returns what it created, if anything. */
export type Write<A extends IamAction> = (action: A, context: WriteContext) => Promise<CreatedEntity | undefined>;

/** The request for each kind of action. Its keys are all IAM write actions. */
export const IAM_WRITES: { readonly [Kind in IamActionKind]: Write<Extract<IamAction, { readonly kind: Kind }>> } = {
  CreateRole: createRole,
  DeleteRole: ({ roleName }, { iam, options }) =>
    done(iam.send(new DeleteRoleCommand({ RoleName: roleName }), options)),

  // Always sends description and duration together: IAM resets a duration that UpdateRole omits.
  UpdateRole: ({ roleName, description, maxSessionDurationSeconds }, { iam, options }) => {
    const input = { RoleName: roleName, Description: description, MaxSessionDuration: maxSessionDurationSeconds };
    return done(iam.send(new UpdateRoleCommand(input), options));
  },
  UpdateAssumeRolePolicy: ({ roleName, document }, { iam, options }) =>
    done(iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: roleName, PolicyDocument: document }), options)),

  PutRolePermissionsBoundary: ({ roleName, permissionsBoundaryArn }, { iam, options }) => {
    const input = { RoleName: roleName, PermissionsBoundary: permissionsBoundaryArn };
    return done(iam.send(new PutRolePermissionsBoundaryCommand(input), options));
  },
  DeleteRolePermissionsBoundary: ({ roleName }, { iam, options }) =>
    done(iam.send(new DeleteRolePermissionsBoundaryCommand({ RoleName: roleName }), options)),

  PutRolePolicy: ({ roleName, policyName, document }, { iam, options }) => {
    const input = { RoleName: roleName, PolicyName: policyName, PolicyDocument: document };
    return done(iam.send(new PutRolePolicyCommand(input), options));
  },
  DeleteRolePolicy: ({ roleName, policyName }, { iam, options }) =>
    done(iam.send(new DeleteRolePolicyCommand({ RoleName: roleName, PolicyName: policyName }), options)),
  AttachRolePolicy: ({ roleName, policyArn }, { iam, options }) =>
    done(iam.send(new AttachRolePolicyCommand({ RoleName: roleName, PolicyArn: policyArn }), options)),
  DetachRolePolicy: ({ roleName, policyArn }, { iam, options }) =>
    done(iam.send(new DetachRolePolicyCommand({ RoleName: roleName, PolicyArn: policyArn }), options)),

  TagRole: async ({ roleName, tags }, { iam, subject, options }) =>
    done(iam.send(new TagRoleCommand({ RoleName: roleName, Tags: tagListOf(tags, subject) }), options)),
  UntagRole: ({ roleName, tagKeys }, { iam, options }) =>
    done(iam.send(new UntagRoleCommand({ RoleName: roleName, TagKeys: [...tagKeys].sort() }), options)),

  CreateInstanceProfile: async ({ instanceProfileName, path, tags }, { iam, subject, options }) => {
    const input = { InstanceProfileName: instanceProfileName, Path: path, ...someTags(tags, subject) };
    const { InstanceProfile } = await iam.send(new CreateInstanceProfileCommand(input), options);
    return {
      arn: requireField(InstanceProfile?.Arn, "Arn", subject),
      id: requireField(InstanceProfile?.InstanceProfileId, "InstanceProfileId", subject),
    };
  },
  DeleteInstanceProfile: ({ instanceProfileName }, { iam, options }) =>
    done(iam.send(new DeleteInstanceProfileCommand({ InstanceProfileName: instanceProfileName }), options)),
  AddRoleToInstanceProfile: ({ instanceProfileName, roleName }, { iam, options }) => {
    const input = { InstanceProfileName: instanceProfileName, RoleName: roleName };
    return done(iam.send(new AddRoleToInstanceProfileCommand(input), options));
  },
  RemoveRoleFromInstanceProfile: ({ instanceProfileName, roleName }, { iam, options }) => {
    const input = { InstanceProfileName: instanceProfileName, RoleName: roleName };
    return done(iam.send(new RemoveRoleFromInstanceProfileCommand(input), options));
  },
  TagInstanceProfile: async ({ instanceProfileName, tags }, { iam, subject, options }) => {
    const input = { InstanceProfileName: instanceProfileName, Tags: tagListOf(tags, subject) };
    return done(iam.send(new TagInstanceProfileCommand(input), options));
  },
  UntagInstanceProfile: ({ instanceProfileName, tagKeys }, { iam, options }) => {
    const input = { InstanceProfileName: instanceProfileName, TagKeys: [...tagKeys].sort() };
    return done(iam.send(new UntagInstanceProfileCommand(input), options));
  },

  CreatePolicy: createPolicy,
  CreatePolicyVersion: async ({ ownPolicyArn, document }, { iam, subject, options }) => {
    const input = { PolicyArn: ownPolicyArn, PolicyDocument: document, SetAsDefault: true };
    const { PolicyVersion } = await iam.send(new CreatePolicyVersionCommand(input), options);
    return { arn: ownPolicyArn, id: requireField(PolicyVersion?.VersionId, "VersionId", subject) };
  },
  DeletePolicyVersion: ({ ownPolicyArn, versionId }, { iam, options }) =>
    done(iam.send(new DeletePolicyVersionCommand({ PolicyArn: ownPolicyArn, VersionId: versionId }), options)),
  DeletePolicy: ({ ownPolicyArn }, { iam, options }) =>
    done(iam.send(new DeletePolicyCommand({ PolicyArn: ownPolicyArn }), options)),
  TagPolicy: async ({ ownPolicyArn, tags }, { iam, subject, options }) =>
    done(iam.send(new TagPolicyCommand({ PolicyArn: ownPolicyArn, Tags: tagListOf(tags, subject) }), options)),
  UntagPolicy: ({ ownPolicyArn, tagKeys }, { iam, options }) =>
    done(iam.send(new UntagPolicyCommand({ PolicyArn: ownPolicyArn, TagKeys: [...tagKeys].sort() }), options)),
};

async function createRole(action: CreateRole, { iam, subject, options }: WriteContext): Promise<CreatedEntity> {
  const command = new CreateRoleCommand({
    RoleName: action.roleName,
    Path: action.path,
    AssumeRolePolicyDocument: action.document,
    MaxSessionDuration: action.maxSessionDurationSeconds,
    ...(action.description === "" ? {} : { Description: action.description }),
    ...(action.permissionsBoundaryArn === undefined ? {} : { PermissionsBoundary: action.permissionsBoundaryArn }),
    ...someTags(action.tags, subject),
  });
  const { Role } = await iam.send(command, options);
  return { arn: requireField(Role?.Arn, "Arn", subject), id: requireField(Role?.RoleId, "RoleId", subject) };
}

async function createPolicy(action: CreatePolicy, { iam, subject, options }: WriteContext): Promise<CreatedEntity> {
  const { name, path } = placeInArn(action.ownPolicyArn);
  const command = new CreatePolicyCommand({
    PolicyName: name,
    Path: path,
    PolicyDocument: action.document,
    ...(action.description === "" ? {} : { Description: action.description }),
    ...someTags(action.tags, subject),
  });
  const { Policy } = await iam.send(command, options);
  return { arn: requireField(Policy?.Arn, "Arn", subject), id: requireField(Policy?.PolicyId, "PolicyId", subject) };
}

function someTags(tags: CreateRole["tags"], subject: AwsCallSubject): { readonly Tags?: ReturnType<typeof tagListOf> } {
  const list = tagListOf(tags, subject);
  return list.length === 0 ? {} : { Tags: list };
}

async function done(sent: Promise<unknown>): Promise<undefined> {
  await sent;
}
