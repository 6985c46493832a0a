import {
  AddRoleToInstanceProfileCommand,
  CreateInstanceProfileCommand,
  DeleteInstanceProfileCommand,
  GenerateServiceLastAccessedDetailsCommand,
  GetRoleCommand,
  GetServiceLastAccessedDetailsCommand,
  type InstanceProfile,
  ListInstanceProfilesCommand,
  ListInstanceProfilesForRoleCommand,
  ListRolesCommand,
  PutRolePolicyCommand,
  paginateGetAccountAuthorizationDetails,
  type RoleDetail,
  type TrackedActionLastAccessed,
} from "@aws-sdk/client-iam";
import { expect } from "vitest";
import { type Bench, policy, refusal } from "../../contract/aws/harness.ts";
import { type Assumption, assumptions } from "../assumption.ts";

async function tagged(bench: Bench): Promise<{ readonly InstanceProfileName: string; readonly RoleName: string }> {
  const InstanceProfileName = bench.profileName();
  const Tags = [{ Key: "team", Value: "one" }];
  const { RoleName } = await bench.role();
  await bench.iam.send(new CreateInstanceProfileCommand({ InstanceProfileName, Path: bench.path, Tags }));
  await bench.iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName, RoleName }));
  return { InstanceProfileName, RoleName };
}

async function reported(bench: Bench, RoleName: string): Promise<RoleDetail> {
  return bench.until(`${RoleName} in the report`, async () => {
    const pages = paginateGetAccountAuthorizationDetails({ client: bench.iam }, { Filter: ["Role"] });
    for await (const { RoleDetailList = [] } of pages) {
      const found = RoleDetailList.find((role) => role.RoleName === RoleName);
      if (found !== undefined) return found;
    }
    return undefined;
  });
}

const tagsIn = (profile: InstanceProfile | undefined): string =>
  profile?.Tags === undefined ? "no tags" : `${profile.Tags.length} tags`;

/** What lists leave out, and how their pages behave. */
/** IAM makes the report within seconds. */
async function trackedActions(bench: Bench, Arn: string): Promise<readonly TrackedActionLastAccessed[]> {
  const Granularity = "ACTION_LEVEL";
  const { JobId } = await bench.iam.send(new GenerateServiceLastAccessedDetailsCommand({ Arn, Granularity }));
  for (let poll = 0; poll < 60; poll += 1) {
    const { JobStatus, ServicesLastAccessed = [] } = await bench.iam.send(
      new GetServiceLastAccessedDetailsCommand({ JobId }),
    );
    if (JobStatus !== "IN_PROGRESS") return ServicesLastAccessed.flatMap((one) => one.TrackedActionsLastAccessed ?? []);
    await bench.pause(1_000);
  }
  throw new Error("the report is not finished within a minute");
}

const lists: readonly Assumption[] = [
  {
    id: "tags-of-instance-profiles-in-the-report",
    assumption:
      "GetAccountAuthorizationDetails shows the tags of instance profiles or leaves them out: the code takes none of them for known.",
    matters: "src/engine/observe/stale-observation.ts (observedIn), src/controller/scan/profile-tag-scan.ts",
    steps: "create an instance profile with a tag and a role, read the report",
    expected: "the tags, or none; the report says which",
    async run({ bench }) {
      const { RoleName } = await tagged(bench);
      const detail = await reported(bench, RoleName);
      expect(detail.InstanceProfileList).toHaveLength(1);
      return tagsIn(detail.InstanceProfileList?.[0]);
    },
  },
  {
    id: "tags-of-instance-profiles-of-a-role",
    assumption:
      "ListInstanceProfilesForRole shows the tags of instance profiles or leaves them out: the code takes none of them for known.",
    matters: "src/aws/iam/iam-reader.ts",
    steps: "create an instance profile with a tag and a role, list the instance profiles of the role",
    expected: "the tags, or none; the report says which",
    async run({ bench }) {
      const { RoleName } = await tagged(bench);
      const { InstanceProfiles = [] } = await bench.iam.send(new ListInstanceProfilesForRoleCommand({ RoleName }));
      expect(InstanceProfiles).toHaveLength(1);
      return tagsIn(InstanceProfiles[0]);
    },
  },
  {
    id: "path-prefix-of-lists",
    assumption: "A PathPrefix finds what is below it, and nothing else.",
    matters: "src/aws/iam/account-pages.ts, src/aws/iam/iam-inventory.ts",
    steps: "create instance profiles at two paths, list one of them",
    expected: "one instance profile",
    async run({ bench }) {
      await tagged(bench);
      await bench.iam.send(new CreateInstanceProfileCommand({ InstanceProfileName: bench.profileName() }));
      const { InstanceProfiles = [] } = await bench.iam.send(
        new ListInstanceProfilesCommand({ PathPrefix: bench.path }),
      );
      expect(InstanceProfiles.map(({ Path }) => Path)).toEqual([bench.path]);
      return `${InstanceProfiles.length} instance profile`;
    },
  },
  {
    id: "marker-after-a-deletion",
    assumption: "A page can be followed by the next one when what it ended with has been deleted meanwhile.",
    matters: "src/aws/iam/pages.ts",
    steps: "list three instance profiles by one, delete the first between the pages",
    expected: "the two others, each once",
    async run({ bench }) {
      const names = [bench.profileName(), bench.profileName(), bench.profileName()];
      for (const InstanceProfileName of names) {
        await bench.iam.send(new CreateInstanceProfileCommand({ InstanceProfileName, Path: bench.path }));
      }
      const request = { PathPrefix: bench.path, MaxItems: 1 };
      const first = await bench.iam.send(new ListInstanceProfilesCommand(request));
      expect(first.InstanceProfiles).toHaveLength(1);
      const gone = first.InstanceProfiles?.[0]?.InstanceProfileName;
      await bench.iam.send(new DeleteInstanceProfileCommand({ InstanceProfileName: gone }));
      const seen: (string | undefined)[] = [];
      let page = first;
      while (page.IsTruncated === true) {
        page = await bench.iam.send(new ListInstanceProfilesCommand({ ...request, Marker: page.Marker }));
        seen.push(...(page.InstanceProfiles ?? []).map(({ InstanceProfileName }) => InstanceProfileName));
      }
      expect(seen.toSorted()).toEqual(names.filter((name) => name !== gone).toSorted());
      return `${seen.length} instance profiles`;
    },
  },
  {
    id: "marker-of-no-page",
    assumption: "A marker that IAM has not given is refused, and never taken for the first page.",
    matters: "src/aws/iam/pages.ts",
    steps: "list roles with an invented marker",
    expected: "ValidationError or InvalidInput",
    async run({ bench }) {
      const { code } = await refusal(bench.iam.send(new ListRolesCommand({ PathPrefix: bench.path, Marker: "AAAA" })));
      expect(["ValidationError", "InvalidInput"]).toContain(code);
      return code;
    },
  },
  {
    id: "last-use-of-a-new-role",
    assumption: "IAM knows no last use of a role that was just created, not even of an earlier role of its name.",
    matters: "src/plan/instances/guard-instances.ts (recentUse), src/aws/iam/iam-entities.ts (lastUsedOf)",
    steps: "create a role, get it, read it in the report and in the list of roles",
    expected: "no date of a last use",
    async run({ bench }) {
      const { RoleName } = await bench.role();
      const { Role } = await bench.iam.send(new GetRoleCommand({ RoleName }));
      const detail = await reported(bench, RoleName);
      expect([Role?.RoleLastUsed?.LastUsedDate, detail.RoleLastUsed?.LastUsedDate]).toEqual([undefined, undefined]);
      return `GetRole: ${Role?.RoleLastUsed === undefined ? "no element" : "an empty element"}`;
    },
  },
  {
    id: "tracked-actions-without-a-use",
    assumption:
      "The report on what a role has accessed lists the tracked actions that the role is allowed and has not used, without a time, and no action that IAM does not track.",
    matters: "src/plan/usage/action-use.ts, src/aws/iam/last-accessed-reader.ts",
    steps: "allow a new role s3:CreateBucket, s3:GetObject and iam:PassRole, request the report by action",
    expected: "CreateBucket without a time; neither GetObject nor PassRole",
    async run({ bench }) {
      const { RoleName, Arn } = await bench.role();
      const allowed = { Effect: "Allow", Action: ["s3:CreateBucket", "s3:GetObject", "iam:PassRole"], Resource: "*" };
      const document = { RoleName, PolicyName: "access", PolicyDocument: policy(allowed) };
      await bench.iam.send(new PutRolePolicyCommand(document));
      const tracked = await trackedActions(bench, Arn);
      const times = new Map(tracked.map(({ ActionName, LastAccessedTime }) => [ActionName, LastAccessedTime]));
      expect(times.has("CreateBucket") && times.get("CreateBucket") === undefined).toBe(true);
      expect([...times.keys()].filter((name) => name === "GetObject" || name === "PassRole")).toEqual([]);
      return `${times.size} tracked actions`;
    },
  },
];

export const listChecks = assumptions(lists);
