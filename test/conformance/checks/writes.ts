import {
  AttachRolePolicyCommand,
  CreateInstanceProfileCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  DeleteInstanceProfileCommand,
  DeletePolicyCommand,
  GetRoleCommand,
  PutRolePolicyCommand,
  TagRoleCommand,
  UpdateRoleCommand,
} from "@aws-sdk/client-iam";
import { expect } from "vitest";
import { isMissingPolicy } from "../../../src/aws/iam/iam-message-matchers.ts";
import { ec2Trust, policy, refusal, s3ReadOnly } from "../../contract/aws/harness.ts";
import { type Assumption, assumptions } from "../assumption.ts";

/** What writes do besides what they say, and what they refuse. */
const writes: readonly Assumption[] = [
  {
    id: "update-role-without-description",
    assumption: "UpdateRole without a description keeps it or clears it: the controller always sends both fields.",
    matters: "src/aws/iam/iam-commands.ts (UpdateRole)",
    steps: "create a role with a description, update its session duration alone, get it",
    expected: "the description is kept or gone; the report says which",
    async run({ bench }) {
      const { RoleName } = await bench.role();
      await bench.iam.send(new UpdateRoleCommand({ RoleName, Description: "kept", MaxSessionDuration: 7_200 }));
      await bench.iam.send(new UpdateRoleCommand({ RoleName, MaxSessionDuration: 7_200 }));
      const { Role } = await bench.iam.send(new GetRoleCommand({ RoleName }));
      expect(Role?.MaxSessionDuration).toBe(7_200);
      expect(["kept", "", undefined]).toContain(Role?.Description);
      return Role?.Description === "kept" ? "the description is kept" : "the description is cleared";
    },
  },
  {
    id: "update-role-with-an-empty-description",
    assumption: "UpdateRole with an empty description removes it, and a read then shows none or an empty one.",
    matters: "src/aws/iam/iam-commands.ts (UpdateRole), src/aws/iam/iam-entities.ts",
    steps: "create a role with a description, update it with an empty one, get it",
    expected: "no description, or an empty one",
    async run({ bench }) {
      const { RoleName } = await bench.role();
      await bench.iam.send(new UpdateRoleCommand({ RoleName, Description: "gone", MaxSessionDuration: 3_600 }));
      await bench.iam.send(new UpdateRoleCommand({ RoleName, Description: "", MaxSessionDuration: 3_600 }));
      const { Role } = await bench.iam.send(new GetRoleCommand({ RoleName }));
      expect(Role?.Description ?? "").toBe("");
      return Role?.Description === undefined ? "none" : "an empty one";
    },
  },
  {
    id: "missing-boundary-at-creation",
    assumption:
      "CreateRole with a permissions boundary that does not exist is refused with NoSuchEntity, and creates nothing.",
    matters: "src/aws/iam/iam-message-matchers.ts (isMissingPolicy)",
    steps: "create a role with a boundary that is not there, get the role",
    expected: "NoSuchEntity, and no role",
    async run({ bench, accountId }) {
      const RoleName = bench.roleName();
      const PermissionsBoundary = `arn:${bench.partition}:iam::${accountId}:policy${bench.path}never-made`;
      const request = { RoleName, AssumeRolePolicyDocument: ec2Trust, PermissionsBoundary };
      const error = await refusal(bench.iam.send(new CreateRoleCommand(request)));
      expect(error).toMatchObject({ code: "NoSuchEntity", status: 404 });
      expect(await refusal(bench.iam.send(new GetRoleCommand({ RoleName })))).toMatchObject({ code: "NoSuchEntity" });
      return error.message;
    },
  },
  {
    id: "message-of-a-missing-policy",
    assumption:
      "The message for the attachment of a missing managed policy says that it does not exist or is not attachable.",
    matters: "src/aws/iam/iam-message-matchers.ts (isMissingPolicy)",
    steps: "attach a managed policy of the account that is not there",
    expected: "NoSuchEntity, with a message that the code recognizes",
    async run({ bench, accountId }) {
      const { RoleName } = await bench.role();
      const PolicyArn = `arn:${bench.partition}:iam::${accountId}:policy${bench.path}never-made`;
      const error = await refusal(bench.iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn })));
      expect(isMissingPolicy("AttachRolePolicy", error.code, error.message)).toBe(true);
      return error.message;
    },
  },
  {
    id: "boundary-in-use-is-not-deleted",
    assumption: "A managed policy that is a role's permissions boundary cannot be deleted.",
    matters: "src/plan/role/diff-managed-policies.ts",
    steps: "create a managed policy, create a role with it as boundary, delete the policy",
    expected: "DeleteConflict",
    async run({ bench }) {
      const PolicyName = bench.policyName();
      const made = await bench.iam.send(new CreatePolicyCommand({ PolicyName, PolicyDocument: s3ReadOnly }));
      const PolicyArn = bench.ownsPolicy(made.Policy?.Arn);
      const RoleName = bench.roleName();
      await bench.iam.send(
        new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: ec2Trust, PermissionsBoundary: PolicyArn }),
      );
      const error = await refusal(bench.iam.send(new DeletePolicyCommand({ PolicyArn })));
      expect(error).toMatchObject({ code: "DeleteConflict", status: 409 });
      return error.message;
    },
  },
  {
    id: "new-id-of-an-instance-profile",
    assumption: "An instance profile that is deleted and created again has another id.",
    matters: "src/status/entities.ts, src/engine/observe/recent-writes.ts",
    steps: "create, delete and create an instance profile",
    expected: "two ids",
    async run({ bench }) {
      const InstanceProfileName = bench.profileName();
      const create = new CreateInstanceProfileCommand({ InstanceProfileName });
      const first = (await bench.iam.send(create)).InstanceProfile?.InstanceProfileId;
      await bench.iam.send(new DeleteInstanceProfileCommand({ InstanceProfileName }));
      const second = (await bench.iam.send(create)).InstanceProfile?.InstanceProfileId;
      expect(second).not.toBe(first);
      return "two ids";
    },
  },
  {
    id: "size-of-a-managed-policy",
    assumption: "A managed policy has at most 6,144 characters, white space not counted.",
    matters: "src/model/policy/policy-size.ts (MAX_MANAGED_POLICY_CHARS)",
    steps: "create a managed policy of 6,144 characters and 3,000 blanks, then one of 6,145 characters",
    expected: "the first is created, the second is refused with LimitExceeded",
    async run({ bench }) {
      const sized = (size: number): string => {
        const statement = { Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::" };
        const missing = size - policy(statement).length;
        return policy({ ...statement, Resource: `arn:aws:s3:::${"b".repeat(missing)}` });
      };
      const create = (PolicyDocument: string) =>
        bench.iam.send(new CreatePolicyCommand({ PolicyName: bench.policyName(), PolicyDocument }));
      bench.ownsPolicy((await create(`${sized(6_144)}${" ".repeat(3_000)}`)).Policy?.Arn);
      const error = await refusal(create(sized(6_145)).then(({ Policy }) => bench.ownsPolicy(Policy?.Arn)));
      expect(error).toMatchObject({ code: "LimitExceeded", status: 409 });
      return error.message;
    },
  },
  {
    id: "characters-beyond-latin-1",
    assumption: "IAM refuses a policy document with characters beyond U+00FF.",
    matters: "src/model/policy/policy-document.ts, src/model/access/compare/access-statement.ts",
    steps: "put an inline policy whose resource has the character U+0142",
    expected: "a ValidationError or MalformedPolicyDocument",
    async run({ bench }) {
      const { RoleName } = await bench.role();
      const PolicyDocument = policy({ Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::b/\u0142" });
      const put = bench.iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "access", PolicyDocument }));
      const { code } = await refusal(put);
      expect(["ValidationError", "MalformedPolicyDocument"]).toContain(code);
      return code;
    },
  },
  {
    id: "reserved-tag-keys",
    assumption: "IAM refuses tag keys that begin with `aws:`.",
    matters: "src/api/spec-fields.ts, src/aws/iam/iam-entities.ts (tagListOf)",
    steps: "tag a role with `aws:team`",
    expected: "refused as invalid",
    async run({ bench }) {
      const { RoleName } = await bench.role();
      const { code, status } = await refusal(
        bench.iam.send(new TagRoleCommand({ RoleName, Tags: [{ Key: "aws:team", Value: "one" }] })),
      );
      expect(status).toBe(400);
      return code;
    },
  },
];

export const writeChecks = assumptions(writes);
