import {
  DeleteInstanceProfileCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  DetachRolePolicyCommand,
  GetInstanceProfileCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  type IAMClient,
  ListAttachedRolePoliciesCommand,
  ListInstanceProfilesCommand,
  ListRolePoliciesCommand,
  ListRolesCommand,
  NoSuchEntityException,
  RemoveRoleFromInstanceProfileCommand,
  type Tag,
} from "@aws-sdk/client-iam";

/** Roles and instance profiles of an account, by name, with nothing in it that depends on when they were made. */
export interface AwsState {
  readonly roles: Readonly<Record<string, unknown>>;
  readonly instanceProfiles: Readonly<Record<string, unknown>>;
}

interface RoleState {
  readonly inlinePolicies: Readonly<Record<string, unknown>>;
  readonly managedPolicyArns: readonly string[];
  readonly [fact: string]: unknown;
}

interface InstanceProfileState {
  readonly roleNames: readonly string[];
  readonly [fact: string]: unknown;
}

interface DetailedState extends AwsState {
  readonly roles: Readonly<Record<string, RoleState>>;
  readonly instanceProfiles: Readonly<Record<string, InstanceProfileState>>;
}

/** AWS as it is when there is nothing in it. */
export const NOTHING_IN_AWS: AwsState = { roles: {}, instanceProfiles: {} };

/**
 * Reads the state of the roles and profiles of these names with the bare SDK: a second opinion on what the adapter says.
 * Documents are parsed, lists sorted.
 */
export async function readAwsState(iam: IAMClient, names: readonly string[]): Promise<DetailedState> {
  return {
    roles: await byName(names, (name) => readRole(iam, name)),
    instanceProfiles: await byName(names, (name) => readInstanceProfile(iam, name)),
  };
}

/** The names of all roles and profiles that begin so, each once. */
async function namesInAws(iam: IAMClient, prefix: string): Promise<readonly string[]> {
  const roles = await allNames(async (Marker) => {
    const { Roles = [], ...page } = await iam.send(new ListRolesCommand({ Marker }));
    return { ...page, names: Roles.map(({ RoleName = "" }) => RoleName) };
  });
  const profiles = await allNames(async (Marker) => {
    const { InstanceProfiles = [], ...page } = await iam.send(new ListInstanceProfilesCommand({ Marker }));
    return { ...page, names: InstanceProfiles.map(({ InstanceProfileName = "" }) => InstanceProfileName) };
  });
  return [...new Set([...roles, ...profiles])].filter((name) => name.startsWith(prefix));
}

interface Page {
  readonly names: readonly string[];
  readonly IsTruncated?: boolean | undefined;
  readonly Marker?: string | undefined;
}

async function allNames(page: (marker: string | undefined) => Promise<Page>): Promise<readonly string[]> {
  const names: string[] = [];
  let marker: string | undefined;
  do {
    const { names: some, IsTruncated, Marker } = await page(marker);
    names.push(...some);
    marker = IsTruncated === true ? Marker : undefined;
  } while (marker !== undefined);
  return names;
}

async function byName<T>(names: readonly string[], read: (name: string) => Promise<T>): Promise<Record<string, T>> {
  const states: Record<string, T> = {};
  for (const name of names) {
    const state = await read(name).catch((error: unknown) => {
      if (error instanceof NoSuchEntityException) return undefined;
      throw error;
    });
    if (state !== undefined) states[name] = state;
  }
  return states;
}

async function readRole(iam: IAMClient, RoleName: string): Promise<RoleState> {
  const { Role } = await iam.send(new GetRoleCommand({ RoleName }));
  const { PolicyNames = [] } = await iam.send(new ListRolePoliciesCommand({ RoleName }));
  const { AttachedPolicies = [] } = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }));
  return {
    arn: Role?.Arn,
    id: Role?.RoleId,
    path: Role?.Path,
    description: Role?.Description,
    maxSessionSeconds: Role?.MaxSessionDuration,
    trustPolicy: parsed(Role?.AssumeRolePolicyDocument),
    permissionsBoundaryArn: Role?.PermissionsBoundary?.PermissionsBoundaryArn,
    tags: tagsOf(Role?.Tags),
    inlinePolicies: await byName(PolicyNames.toSorted(), async (PolicyName) =>
      parsed((await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }))).PolicyDocument),
    ),
    managedPolicyArns: AttachedPolicies.map(({ PolicyArn = "" }) => PolicyArn).sort(),
  };
}

async function readInstanceProfile(iam: IAMClient, InstanceProfileName: string): Promise<InstanceProfileState> {
  const { InstanceProfile } = await iam.send(new GetInstanceProfileCommand({ InstanceProfileName }));
  return {
    arn: InstanceProfile?.Arn,
    id: InstanceProfile?.InstanceProfileId,
    path: InstanceProfile?.Path,
    tags: tagsOf(InstanceProfile?.Tags),
    roleNames: InstanceProfile?.Roles?.map(({ RoleName = "" }) => RoleName) ?? [],
  };
}

function parsed(document: string | undefined): unknown {
  return document === undefined ? undefined : JSON.parse(decodeURIComponent(document));
}

function tagsOf(tags: readonly Tag[] = []): Record<string, string> {
  const pairs = tags.map(({ Key = "", Value = "" }) => [Key, Value] as const);
  return Object.fromEntries(pairs.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Removes all roles and profiles whose names begin with the prefix, whoever made them. */
export async function clearAws(iam: IAMClient, prefix: string): Promise<void> {
  const { roles, instanceProfiles } = await readAwsState(iam, await namesInAws(iam, prefix));
  for (const [InstanceProfileName, { roleNames }] of Object.entries(instanceProfiles)) {
    for (const RoleName of roleNames) {
      await iam.send(new RemoveRoleFromInstanceProfileCommand({ InstanceProfileName, RoleName }));
    }
    await iam.send(new DeleteInstanceProfileCommand({ InstanceProfileName }));
  }
  for (const [RoleName, { inlinePolicies, managedPolicyArns }] of Object.entries(roles)) {
    for (const PolicyName of Object.keys(inlinePolicies)) {
      await iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName }));
    }
    for (const PolicyArn of managedPolicyArns) await iam.send(new DetachRolePolicyCommand({ RoleName, PolicyArn }));
    await iam.send(new DeleteRoleCommand({ RoleName }));
  }
}
