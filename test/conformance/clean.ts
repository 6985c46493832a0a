import {
  DeleteLaunchTemplateCommand,
  type EC2Client,
  paginateDescribeInstances,
  paginateDescribeLaunchTemplates,
  type Tag,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import {
  DeleteInstanceProfileCommand,
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  DetachRolePolicyCommand,
  GetInstanceProfileCommand,
  GetRoleCommand,
  type IAMClient,
  ListPolicyTagsCommand,
  paginateListAttachedRolePolicies,
  paginateListInstanceProfiles,
  paginateListPolicies,
  paginateListPolicyVersions,
  paginateListRolePolicies,
  paginateListRoles,
  RemoveRoleFromInstanceProfileCommand,
} from "@aws-sdk/client-iam";
import { isDenied } from "../contract/aws/harness.ts";
import { missingProof, pathOf, RUN_TAG, type Suspect } from "./run-marks.ts";

/** What a cleaning did. */
export interface Cleaned {
  /** Each by kind and name. */
  readonly removed: readonly string[];
  /** What is below the path or has the tag, and stays: not proved to be of a run, or AWS refused. */
  readonly left: readonly string[];
}

/** A way to the account for a cleaning. */
export interface Cleaner {
  readonly prefix: string;
  readonly iam: IAMClient;
  readonly ec2: EC2Client;
  /** Has the guard let an instance or launch template be deleted. */
  trust(id: string): void;
  /** Waits until what was deleted is not shown any more. */
  pause(): Promise<void>;
}

/** Something that a run may have left, and how to delete it. */
interface Found extends Suspect {
  readonly what: string;
  remove(): Promise<void>;
}

const MAX_ROUNDS = 5;

/**
 * Deletes what runs with this prefix have left, of any kind, whenever they ran: what is below the prefix's path, has a run's name and that
 * run's tag. Launch templates have no path. Instances have none either, and names that anybody may change, so their client token must
 * be the run's. Everything else stays, and is named.
 */
export async function clean(cleaner: Cleaner): Promise<Cleaned> {
  const removed = new Set<string>();
  for (let round = 1; ; round++) {
    const { removed: some, left } = await cleanOnce(cleaner);
    for (const what of some) removed.add(what);
    if (some.length === 0 || round === MAX_ROUNDS) return { removed: [...removed], left };
    await cleaner.pause();
  }
}

async function cleanOnce(cleaner: Cleaner): Promise<Cleaned> {
  const removed: string[] = [];
  const left: string[] = [];
  for (const find of [findInstances, findTemplates, findProfiles, findRoles, findPolicies]) {
    for await (const found of skipDenied(find(cleaner), left)) {
      const missing = missingProof(cleaner.prefix, found);
      const problem = missing === undefined ? await found.remove().then(() => undefined, messageOf) : missing;
      if (problem === undefined) removed.push(found.what);
      else left.push(`${found.what}: ${problem}`);
    }
  }
  return { removed, left };
}

/** Without permission for a kind there is nothing of it to delete, and that is said. */
async function* skipDenied(all: AsyncIterable<Found>, left: string[]): AsyncIterable<Found> {
  try {
    yield* all;
  } catch (error) {
    if (!isDenied(error)) throw error;
    left.push(`not searched: ${messageOf(error)}`);
  }
}

async function* findInstances({ ec2, trust }: Cleaner): AsyncIterable<Found> {
  const Filters = [
    { Name: "tag-key", Values: [RUN_TAG] },
    { Name: "instance-state-name", Values: ["pending", "running", "stopping", "stopped"] },
  ];
  for await (const { Reservations = [] } of paginateDescribeInstances({ client: ec2 }, { Filters })) {
    for (const { InstanceId = "", ClientToken = "", Tags = [] } of Reservations.flatMap(
      ({ Instances = [] }) => Instances,
    )) {
      yield {
        what: `instance ${InstanceId}`,
        name: nameTagOf(Tags),
        path: undefined,
        clientToken: ClientToken,
        tags: Tags,
        async remove() {
          trust(InstanceId);
          await ec2.send(new TerminateInstancesCommand({ InstanceIds: [InstanceId] }));
        },
      };
    }
  }
}

async function* findTemplates({ ec2, trust }: Cleaner): AsyncIterable<Found> {
  const Filters = [{ Name: "tag-key", Values: [RUN_TAG] }];
  for await (const { LaunchTemplates = [] } of paginateDescribeLaunchTemplates({ client: ec2 }, { Filters })) {
    for (const { LaunchTemplateId = "", LaunchTemplateName = "", Tags = [] } of LaunchTemplates) {
      yield {
        what: `launch template ${LaunchTemplateName}`,
        name: LaunchTemplateName,
        path: undefined,
        tags: Tags,
        async remove() {
          trust(LaunchTemplateId);
          await ec2.send(new DeleteLaunchTemplateCommand({ LaunchTemplateId }));
        },
      };
    }
  }
}

async function* findProfiles({ iam, prefix }: Cleaner): AsyncIterable<Found> {
  const PathPrefix = pathOf(prefix);
  for await (const { InstanceProfiles = [] } of paginateListInstanceProfiles({ client: iam }, { PathPrefix })) {
    for (const { InstanceProfileName = "", Path = "" } of InstanceProfiles) {
      if (!Path.startsWith(PathPrefix)) continue;
      const profile = await present(iam.send(new GetInstanceProfileCommand({ InstanceProfileName })));
      if (profile === undefined) continue;
      const { Tags = [], Roles = [] } = profile.InstanceProfile ?? {};
      yield {
        what: `instance profile ${InstanceProfileName}`,
        name: InstanceProfileName,
        path: Path,
        tags: Tags,
        async remove() {
          for (const { RoleName } of Roles) {
            await iam.send(new RemoveRoleFromInstanceProfileCommand({ InstanceProfileName, RoleName }));
          }
          await iam.send(new DeleteInstanceProfileCommand({ InstanceProfileName }));
        },
      };
    }
  }
}

async function* findRoles({ iam, prefix }: Cleaner): AsyncIterable<Found> {
  const PathPrefix = pathOf(prefix);
  for await (const { Roles = [] } of paginateListRoles({ client: iam }, { PathPrefix })) {
    for (const { RoleName = "", Path = "" } of Roles) {
      if (!Path.startsWith(PathPrefix)) continue;
      const role = await present(iam.send(new GetRoleCommand({ RoleName })));
      if (role === undefined) continue;
      const remove = (): Promise<void> => removeRole(iam, RoleName);
      yield { what: `role ${RoleName}`, name: RoleName, path: Path, tags: role.Role?.Tags ?? [], remove };
    }
  }
}

/** Of an instance profile that is not of a run, the role is not removed: then IAM refuses to delete it, and it stays. */
async function removeRole(client: IAMClient, RoleName: string): Promise<void> {
  for await (const { AttachedPolicies = [] } of paginateListAttachedRolePolicies({ client }, { RoleName })) {
    for (const { PolicyArn } of AttachedPolicies) {
      await client.send(new DetachRolePolicyCommand({ RoleName, PolicyArn }));
    }
  }
  for await (const { PolicyNames = [] } of paginateListRolePolicies({ client }, { RoleName })) {
    for (const PolicyName of PolicyNames) await client.send(new DeleteRolePolicyCommand({ RoleName, PolicyName }));
  }
  await client.send(new DeleteRoleCommand({ RoleName }));
}

async function* findPolicies({ iam, prefix }: Cleaner): AsyncIterable<Found> {
  const request = { PathPrefix: pathOf(prefix), Scope: "Local" as const };
  for await (const { Policies = [] } of paginateListPolicies({ client: iam }, request)) {
    for (const { Arn: PolicyArn = "", PolicyName = "", Path = "" } of Policies) {
      if (!Path.startsWith(request.PathPrefix)) continue;
      const tags = await present(iam.send(new ListPolicyTagsCommand({ PolicyArn })));
      if (tags === undefined) continue;
      const remove = (): Promise<void> => removePolicy(iam, PolicyArn);
      yield { what: `policy ${PolicyName}`, name: PolicyName, path: Path, tags: tags.Tags ?? [], remove };
    }
  }
}

async function removePolicy(client: IAMClient, PolicyArn: string): Promise<void> {
  for await (const { Versions = [] } of paginateListPolicyVersions({ client }, { PolicyArn })) {
    for (const { VersionId, IsDefaultVersion } of Versions) {
      if (IsDefaultVersion === true) continue;
      await client.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId }));
    }
  }
  await client.send(new DeletePolicyCommand({ PolicyArn }));
}

const nameTagOf = (tags: readonly Tag[]): string => tags.find(({ Key }) => Key === "Name")?.Value ?? "";

/** What a read gives; undefined when it is not there any more. */
async function present<T>(read: Promise<T>): Promise<T | undefined> {
  return read.catch((error: unknown) => {
    if (error instanceof Error && error.name === "NoSuchEntityException") return undefined;
    throw error;
  });
}

/** The name and the message of an error. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
