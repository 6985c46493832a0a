import {
  GetInstanceProfileCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  type IAMClient,
  ListAttachedRolePoliciesCommand,
  ListInstanceProfilesCommand,
  ListRolePoliciesCommand,
  ListRolesCommand,
  NoSuchEntityException,
  type Tag,
} from "@aws-sdk/client-iam";

/** Roles and instance profiles of an account, by name, with nothing in it that depends on when they were made. */
export interface AwsState {
  readonly roles: Readonly<Record<string, unknown>>;
  readonly instanceProfiles: Readonly<Record<string, unknown>>;
}

/** AWS as it is when there is nothing in it. */
export const NOTHING_IN_AWS: AwsState = { roles: {}, instanceProfiles: {} };

/**
 * Reads the state of all roles and profiles whose names begin with the prefix, with the bare SDK: a second opinion on what
 * the adapter says. Documents are parsed, lists sorted.
 */
export async function readAwsState(iam: IAMClient, prefix: string): Promise<AwsState> {
  const roles = await namesOf(async (Marker) => {
    const { Roles = [], ...page } = await iam.send(new ListRolesCommand({ Marker }));
    return { ...page, names: Roles.map(({ RoleName = "" }) => RoleName) };
  });
  const profiles = await namesOf(async (Marker) => {
    const { InstanceProfiles = [], ...page } = await iam.send(new ListInstanceProfilesCommand({ Marker }));
    return { ...page, names: InstanceProfiles.map(({ InstanceProfileName = "" }) => InstanceProfileName) };
  });
  const ours = (name: string): boolean => name.startsWith(prefix);
  return {
    roles: await byName(roles.filter(ours), (name) => readRole(iam, name)),
    instanceProfiles: await byName(profiles.filter(ours), (name) => readInstanceProfile(iam, name)),
  };
}

interface Page {
  readonly names: readonly string[];
  readonly IsTruncated?: boolean | undefined;
  readonly Marker?: string | undefined;
}

async function namesOf(page: (marker: string | undefined) => Promise<Page>): Promise<readonly string[]> {
  const names: string[] = [];
  let marker: string | undefined;
  do {
    const { names: some, IsTruncated, Marker } = await page(marker);
    names.push(...some);
    marker = IsTruncated === true ? Marker : undefined;
  } while (marker !== undefined);
  return names.sort();
}

async function byName(
  names: readonly string[],
  read: (name: string) => Promise<unknown>,
): Promise<Record<string, unknown>> {
  const states: Record<string, unknown> = {};
  for (const name of names) {
    const state = await read(name).catch((error: unknown) => {
      // It went between the list and now.
      if (error instanceof NoSuchEntityException) return undefined;
      throw error;
    });
    if (state !== undefined) states[name] = state;
  }
  return states;
}

async function readRole(iam: IAMClient, RoleName: string): Promise<unknown> {
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
    managedPolicyArns: AttachedPolicies.map(({ PolicyArn }) => PolicyArn).sort(),
  };
}

async function readInstanceProfile(iam: IAMClient, InstanceProfileName: string): Promise<unknown> {
  const { InstanceProfile } = await iam.send(new GetInstanceProfileCommand({ InstanceProfileName }));
  return {
    arn: InstanceProfile?.Arn,
    id: InstanceProfile?.InstanceProfileId,
    path: InstanceProfile?.Path,
    tags: tagsOf(InstanceProfile?.Tags),
    roleNames: InstanceProfile?.Roles?.map(({ RoleName }) => RoleName),
  };
}

function parsed(document: string | undefined): unknown {
  return document === undefined ? undefined : JSON.parse(decodeURIComponent(document));
}

function tagsOf(tags: readonly Tag[] = []): Record<string, string> {
  const pairs = tags.map(({ Key = "", Value = "" }) => [Key, Value] as const);
  return Object.fromEntries(pairs.sort(([a], [b]) => (a < b ? -1 : 1)));
}
