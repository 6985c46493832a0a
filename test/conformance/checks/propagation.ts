import {
  AddRoleToInstanceProfileCommand,
  CreateInstanceProfileCommand,
  CreateRoleCommand,
  DeleteRoleCommand,
  GetInstanceProfileCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  ListRolesCommand,
  ListRoleTagsCommand,
  NoSuchEntityException,
  PutRolePolicyCommand,
  paginateGetAccountAuthorizationDetails,
  TagRoleCommand,
  UpdateAssumeRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { DEFAULT_PROPAGATION_WINDOW_MS } from "../../../src/engine/observe/recent-writes.ts";
import { type Bench, ec2Trust, policy, s3ReadOnly } from "../../contract/aws/harness.ts";
import { type Assumption, assumptions, inSeconds } from "../assumption.ts";
import type { CheckContext } from "../check.ts";

const POLL_MS = 500;

/** How long after now a probe first holds. The end of the wait is longer than the controller's window, so a longer delay is seen. */
async function measured(bench: Bench, what: string, probe: () => Promise<boolean>): Promise<string> {
  const startMs = performance.now();
  let attempts = 0;
  await bench.until(
    what,
    async () => {
      attempts += 1;
      return (await probe()) ? true : undefined;
    },
    { pollMs: POLL_MS },
  );
  const tookMs = performance.now() - startMs;
  if (tookMs > DEFAULT_PROPAGATION_WINDOW_MS) throw new Error(`${what}: only after ${inSeconds(tookMs)}`);
  return attempts === 1 ? "at once" : `after ${inSeconds(tookMs)}`;
}

const succeeds = (call: () => Promise<unknown>) => (): Promise<boolean> => call().then(() => true);

async function newRole(bench: Bench): Promise<string> {
  const RoleName = bench.roleName();
  await bench.iam.send(new CreateRoleCommand({ RoleName, Path: bench.path, AssumeRolePolicyDocument: ec2Trust }));
  return RoleName;
}

const isGone = (read: Promise<unknown>): Promise<boolean> =>
  read.then(
    () => false,
    (error: unknown) => {
      if (error instanceof NoSuchEntityException) return true;
      throw error;
    },
  );

/** A change and what shows it: how long that takes. */
const delay = (
  id: string,
  change: string,
  shownBy: string,
  matters: string,
  run: (context: CheckContext) => Promise<string>,
): Assumption => ({
  id: `propagation-${id}`,
  assumption: `${change} is visible to ${shownBy} within the propagation window.`,
  matters,
  steps: `${change.toLowerCase()}, then repeat ${shownBy} every half second`,
  expected: `at most ${inSeconds(DEFAULT_PROPAGATION_WINDOW_MS)}`,
  readsAtOnce: true,
  run,
});

const WINDOW = "src/engine/observe/recent-writes.ts";

const delays: readonly Assumption[] = [
  delay("role-to-read", "The creation of a role", "GetRole", WINDOW, async ({ bench }) => {
    const RoleName = await newRole(bench);
    return measured(
      bench,
      "GetRole",
      succeeds(() => bench.iam.send(new GetRoleCommand({ RoleName }))),
    );
  }),
  delay("role-to-policy", "The creation of a role", "PutRolePolicy", WINDOW, async ({ bench }) => {
    const RoleName = await newRole(bench);
    const put = new PutRolePolicyCommand({ RoleName, PolicyName: "access", PolicyDocument: s3ReadOnly });
    return measured(
      bench,
      "PutRolePolicy",
      succeeds(() => bench.iam.send(put)),
    );
  }),
  delay(
    "role-to-pass-role",
    "The creation of a role and an instance profile",
    "AddRoleToInstanceProfile, which passes the role",
    WINDOW,
    async ({ bench }) => {
      const InstanceProfileName = bench.profileName();
      const RoleName = await newRole(bench);
      await bench.iam.send(new CreateInstanceProfileCommand({ InstanceProfileName }));
      const add = new AddRoleToInstanceProfileCommand({ InstanceProfileName, RoleName });
      return measured(
        bench,
        "AddRoleToInstanceProfile",
        succeeds(() => bench.iam.send(add)),
      );
    },
  ),
  delay(
    "role-to-principal",
    "The creation of a role",
    "UpdateAssumeRolePolicy of another role, which names it as principal",
    "src/aws/iam/iam-message-matchers.ts (isInvalidPrincipal)",
    async ({ bench, prepare }) => {
      const trusting = await prepare(() => bench.role());
      const { Arn } = await bench.role();
      const statement = { Effect: "Allow", Principal: { AWS: Arn }, Action: "sts:AssumeRole" };
      const update = new UpdateAssumeRolePolicyCommand({
        RoleName: trusting.RoleName,
        PolicyDocument: policy(statement),
      });
      return measured(
        bench,
        "UpdateAssumeRolePolicy",
        succeeds(() => bench.iam.send(update)),
      );
    },
  ),
  delay(
    "role-to-list",
    "The creation of a role",
    "ListRoles",
    "src/engine/observe/snapshot-index.ts",
    async (context) => {
      const { bench } = context;
      const RoleName = await newRole(bench);
      return measured(bench, "ListRoles", async () => {
        const { Roles = [] } = await bench.iam.send(new ListRolesCommand({ PathPrefix: bench.path }));
        return Roles.some((role) => role.RoleName === RoleName);
      });
    },
  ),
  delay(
    "role-to-report",
    "The creation of a role",
    "GetAccountAuthorizationDetails",
    "src/engine/observe/snapshot-index.ts",
    async ({ bench }) => {
      const RoleName = await newRole(bench);
      return measured(bench, "the report", async () => {
        const pages = paginateGetAccountAuthorizationDetails({ client: bench.iam }, { Filter: ["Role"] });
        for await (const { RoleDetailList = [] } of pages) {
          if (RoleDetailList.some((role) => role.RoleName === RoleName)) return true;
        }
        return false;
      });
    },
  ),
  delay("profile-to-read", "The creation of an instance profile", "GetInstanceProfile", WINDOW, async ({ bench }) => {
    const InstanceProfileName = bench.profileName();
    await bench.iam.send(new CreateInstanceProfileCommand({ InstanceProfileName }));
    const get = new GetInstanceProfileCommand({ InstanceProfileName });
    return measured(
      bench,
      "GetInstanceProfile",
      succeeds(() => bench.iam.send(get)),
    );
  }),
  delay(
    "membership-to-read",
    "A role in an instance profile",
    "GetInstanceProfile",
    WINDOW,
    async ({ bench, prepare }) => {
      const InstanceProfileName = bench.profileName();
      const RoleName = await prepare(() => newRole(bench));
      await prepare(() => bench.iam.send(new CreateInstanceProfileCommand({ InstanceProfileName })));
      const add = new AddRoleToInstanceProfileCommand({ InstanceProfileName, RoleName });
      await bench.until("AddRoleToInstanceProfile", () => bench.iam.send(add));
      return measured(bench, "GetInstanceProfile", async () => {
        const { InstanceProfile } = await bench.iam.send(new GetInstanceProfileCommand({ InstanceProfileName }));
        return InstanceProfile?.Roles?.length === 1;
      });
    },
  ),
  delay("policy-to-read", "An edit of an inline policy", "GetRolePolicy", WINDOW, async ({ bench, prepare }) => {
    const { RoleName } = await prepare(() => bench.role());
    const edited = policy({ Effect: "Allow", Action: "s3:GetObject", Resource: "*" });
    for (const PolicyDocument of [s3ReadOnly, edited]) {
      const put = new PutRolePolicyCommand({ RoleName, PolicyName: "access", PolicyDocument });
      await bench.until("PutRolePolicy", () => bench.iam.send(put));
    }
    return measured(bench, "GetRolePolicy", async () => {
      const answer = await bench.iam.send(new GetRolePolicyCommand({ RoleName, PolicyName: "access" }));
      return decodeURIComponent(answer.PolicyDocument ?? "") === edited;
    });
  }),
  delay("tag-to-read", "A tag of a role", "ListRoleTags", WINDOW, async ({ bench, prepare }) => {
    const { RoleName } = await prepare(() => bench.role());
    await bench.iam.send(new TagRoleCommand({ RoleName, Tags: [{ Key: "team", Value: "one" }] }));
    return measured(bench, "ListRoleTags", async () => {
      const { Tags = [] } = await bench.iam.send(new ListRoleTagsCommand({ RoleName }));
      return Tags.some(({ Key }) => Key === "team");
    });
  }),
  delay("deletion-to-read", "The deletion of a role", "GetRole", WINDOW, async ({ bench, prepare }) => {
    const { RoleName } = await prepare(() => bench.role());
    await bench.iam.send(new DeleteRoleCommand({ RoleName }));
    return measured(bench, "GetRole", () => isGone(bench.iam.send(new GetRoleCommand({ RoleName }))));
  }),
  delay(
    "deletion-to-creation",
    "The deletion of a role",
    "CreateRole with its name",
    "src/engine/observe/recent-writes.ts",
    async ({ bench, prepare }) => {
      const { RoleName } = await prepare(() => bench.role());
      await bench.iam.send(new DeleteRoleCommand({ RoleName }));
      const create = new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: ec2Trust });
      return measured(
        bench,
        "CreateRole",
        succeeds(() => bench.iam.send(create)),
      );
    },
  ),
];

export const propagationChecks = assumptions(delays);
