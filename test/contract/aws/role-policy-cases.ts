import {
  AttachRolePolicyCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  DeletePolicyCommand,
  DeleteRoleCommand,
  DeleteRolePermissionsBoundaryCommand,
  DeleteRolePolicyCommand,
  DetachRolePolicyCommand,
  GetAccountSummaryCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  ListAttachedRolePoliciesCommand,
  ListRolePoliciesCommand,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { expect } from "vitest";
import { type Bench, type Case, ec2Trust, policy, refusal, s3ReadOnly, type WireError } from "./harness.ts";

const allow = { Effect: "Allow", Action: "s3:GetObject", Resource: "*" };

/** White space, and every character that encodings differ about. */
const oddDocument = `{\n  "Version": "2012-10-17",\n  "Statement": {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "arn:aws:s3:::b/(é)'!*+ %41"}\n}`;

async function customerPolicy(bench: Bench): Promise<string> {
  const PolicyName = bench.policyName();
  const { Policy } = await bench.iam.send(new CreatePolicyCommand({ PolicyName, PolicyDocument: s3ReadOnly }));
  return bench.ownsPolicy(Policy?.Arn);
}

async function refuseInline(bench: Bench, PolicyDocument: string): Promise<WireError> {
  const { RoleName } = await bench.role();
  return await refusal(bench.iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "p", PolicyDocument })));
}

/** Permissions policies that IAM refuses, with its words. */
const refusedPolicies: readonly (readonly [fault: string, document: string, message: string])[] = [
  ["is not JSON", "{", "Syntax errors in policy."],
  ["has no resource", policy({ Effect: "Allow", Action: "s3:Get*" }), "Policy statement must contain resources."],
  ["has no action", policy({ Effect: "Allow", Resource: "*" }), "Policy statement must contain actions."],
  [
    "has an action without a service",
    policy({ ...allow, Action: "GetObject" }),
    "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
  ],
  [
    "has a resource that is no ARN",
    policy({ ...allow, Resource: "my-bucket" }),
    'Resource my-bucket must be in ARN format or "*".',
  ],
  [
    "uses a Sid twice",
    policy({ ...allow, Sid: "same" }, { ...allow, Sid: "same" }),
    "Statement IDs (SID) in a single policy must be unique.",
  ],
  ["uses an unknown operator", policy({ ...allow, Condition: { Same: { "aws:a": "b" } } }), "Syntax errors in policy."],
  ["says neither Allow nor Deny", policy({ ...allow, Effect: "Permit" }), "Syntax errors in policy."],
];

export const rolePolicyCases: readonly Case[] = [
  {
    test: "gives an inline policy back as it was sent",
    async run(bench) {
      const { RoleName } = await bench.role();
      await bench.iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "inline", PolicyDocument: oddDocument }));
      const answer = await bench.iam.send(new GetRolePolicyCommand({ RoleName, PolicyName: "inline" }));
      expect(decodeURIComponent(answer.PolicyDocument ?? "")).toBe(oddDocument);
    },
  },
  {
    test: "percent-encodes inline policies by RFC 3986",
    async run(bench) {
      const { RoleName } = await bench.role();
      await bench.iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "inline", PolicyDocument: oddDocument }));
      const answer = await bench.iam.send(new GetRolePolicyCommand({ RoleName, PolicyName: "inline" }));
      expect(answer.PolicyDocument).toMatch(/^[A-Za-z0-9\-._~%]+$/);
    },
  },
  {
    test: "lists inline policies, and forgets those deleted",
    async run(bench) {
      const { RoleName } = await bench.role();
      for (const PolicyName of ["b", "a"]) {
        await bench.iam.send(new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument: s3ReadOnly }));
      }
      const { PolicyNames } = await bench.iam.send(new ListRolePoliciesCommand({ RoleName }));
      expect(PolicyNames?.toSorted()).toEqual(["a", "b"]);
      await bench.iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: "a" }));
      expect((await bench.iam.send(new ListRolePoliciesCommand({ RoleName }))).PolicyNames).toEqual(["b"]);
    },
  },
  {
    test: "cannot find an inline policy that is not there",
    async run(bench) {
      const { RoleName } = await bench.role();
      for (const command of [
        () => bench.iam.send(new GetRolePolicyCommand({ RoleName, PolicyName: "none" })),
        () => bench.iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: "none" })),
      ]) {
        expect(await refusal(command())).toMatchObject({ code: "NoSuchEntity", status: 404 });
      }
    },
  },
  {
    test: "says which inline policy cannot be found",
    async run(bench) {
      const { RoleName } = await bench.role();
      const { message } = await refusal(bench.iam.send(new GetRolePolicyCommand({ RoleName, PolicyName: "none" })));
      expect(message).toBe("The role policy with name none cannot be found.");
    },
  },
  ...refusedPolicies.map(
    ([fault, document, message]): Case => ({
      test: `refuses an inline policy that ${fault}`,
      async run(bench) {
        const error = await refuseInline(bench, document);
        expect(error).toEqual({ code: "MalformedPolicyDocument", status: 400, message });
      },
    }),
  ),
  {
    test: "takes an inline policy without a version",
    async run(bench) {
      const { RoleName } = await bench.role();
      const PolicyDocument = JSON.stringify({ Statement: [allow] });
      await bench.iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "p", PolicyDocument }));
    },
  },
  {
    test: "refuses inline policies of more than 10240 characters in all, white space not counted",
    async run(bench) {
      const { RoleName } = await bench.role();
      const sized = (size: number): string => {
        const empty = policy({ ...allow, Resource: "arn:aws:s3:::" });
        return policy({ ...allow, Resource: `arn:aws:s3:::${"b".repeat(size - empty.length)}` });
      };
      const put = (PolicyName: string, PolicyDocument: string): Promise<unknown> =>
        bench.iam.send(new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument }));
      await put("first", `${sized(6_000)}${" ".repeat(5_000)}`);
      await put("second", sized(4_240));
      expect(await refusal(put("second", sized(4_241)))).toEqual({
        code: "LimitExceeded",
        status: 409,
        message: `Maximum policy size of 10240 bytes exceeded for role ${RoleName}`,
      });
    },
  },
  {
    test: "attaches managed policies once, lists and detaches them",
    async run(bench) {
      const { RoleName } = await bench.role();
      const PolicyArn = await customerPolicy(bench);
      await bench.iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
      await bench.iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
      const { AttachedPolicies } = await bench.iam.send(new ListAttachedRolePoliciesCommand({ RoleName }));
      expect(AttachedPolicies).toEqual([{ PolicyArn, PolicyName: PolicyArn.split("/").at(-1) }]);
      await bench.iam.send(new DetachRolePolicyCommand({ RoleName, PolicyArn }));
      expect(await refusal(bench.iam.send(new DetachRolePolicyCommand({ RoleName, PolicyArn })))).toMatchObject({
        code: "NoSuchEntity",
        status: 404,
      });
    },
  },
  {
    test: "attaches a policy of AWS",
    async run(bench) {
      const { RoleName } = await bench.role();
      const PolicyArn = bench.awsPolicyArn("AmazonSSMManagedInstanceCore");
      await bench.iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
      const { AttachedPolicies } = await bench.iam.send(new ListAttachedRolePoliciesCommand({ RoleName }));
      expect(AttachedPolicies).toEqual([{ PolicyArn, PolicyName: "AmazonSSMManagedInstanceCore" }]);
    },
  },
  {
    test: "gives back the document of a managed policy by its version",
    async run(bench) {
      const PolicyArn = await customerPolicy(bench);
      const { Policy } = await bench.iam.send(new GetPolicyCommand({ PolicyArn }));
      const VersionId = Policy?.DefaultVersionId;
      const { PolicyVersion } = await bench.iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId }));
      expect(JSON.parse(decodeURIComponent(PolicyVersion?.Document ?? ""))).toEqual(JSON.parse(s3ReadOnly));
      expect(PolicyVersion).toMatchObject({ VersionId, IsDefaultVersion: true });
      const missing = bench.iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId: "v9" }));
      expect(await refusal(missing)).toMatchObject({ code: "NoSuchEntity", status: 404 });
    },
  },
  {
    test: "refuses to attach a policy that is not there",
    async run(bench) {
      const { RoleName } = await bench.role();
      const PolicyArn = bench.awsPolicyArn("NoSuchPolicyOfAws");
      expect(await refusal(bench.iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn })))).toEqual({
        code: "NoSuchEntity",
        status: 404,
        message: `Policy ${PolicyArn} does not exist or is not attachable.`,
      });
    },
  },
  {
    test: "refuses more attachments than the quota",
    async run(bench) {
      const { RoleName } = await bench.role();
      const { SummaryMap } = await bench.iam.send(new GetAccountSummaryCommand({}));
      const quota = SummaryMap?.AttachedPoliciesPerRoleQuota ?? 10;
      for (let count = 0; count < quota; count += 1) {
        await bench.iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn: await customerPolicy(bench) }));
      }
      const PolicyArn = await customerPolicy(bench);
      expect(await refusal(bench.iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn })))).toEqual({
        code: "LimitExceeded",
        status: 409,
        message: `Cannot exceed quota for PoliciesPerRole: ${quota}`,
      });
    },
  },
  {
    test: "sets and removes a permissions boundary",
    async run(bench) {
      const RoleName = bench.roleName();
      const [first, second] = [await customerPolicy(bench), await customerPolicy(bench)];
      await bench.iam.send(
        new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: ec2Trust, PermissionsBoundary: first }),
      );
      const boundary = async (): Promise<unknown> =>
        (await bench.iam.send(new GetRoleCommand({ RoleName }))).Role?.PermissionsBoundary;
      expect(await boundary()).toMatchObject({ PermissionsBoundaryArn: first });
      await bench.iam.send(new PutRolePermissionsBoundaryCommand({ RoleName, PermissionsBoundary: second }));
      expect(await boundary()).toMatchObject({ PermissionsBoundaryArn: second });
      await bench.iam.send(new DeleteRolePermissionsBoundaryCommand({ RoleName }));
      expect(await boundary()).toBeUndefined();
    },
  },
  {
    test: "refuses a permissions boundary that is not there",
    async run(bench) {
      const { RoleName, Arn } = await bench.role();
      const PermissionsBoundary = `arn:${bench.partition}:iam::${Arn.split(":")[4]}:policy/never-made`;
      expect(
        await refusal(bench.iam.send(new PutRolePermissionsBoundaryCommand({ RoleName, PermissionsBoundary }))),
      ).toMatchObject({ code: "NoSuchEntity", status: 404 });
    },
  },
  {
    test: "refuses to delete a role that has an inline policy or an attachment",
    async run(bench) {
      const { RoleName } = await bench.role();
      const PolicyArn = await customerPolicy(bench);
      await bench.iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "p", PolicyDocument: s3ReadOnly }));
      await bench.iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
      expect(await refusal(bench.iam.send(new DeleteRoleCommand({ RoleName })))).toEqual({
        code: "DeleteConflict",
        status: 409,
        message: "Cannot delete entity, must detach all policies first.",
      });
      await bench.iam.send(new DetachRolePolicyCommand({ RoleName, PolicyArn }));
      expect(await refusal(bench.iam.send(new DeleteRoleCommand({ RoleName })))).toEqual({
        code: "DeleteConflict",
        status: 409,
        message: "Cannot delete entity, must delete policies first.",
      });
    },
  },
  {
    test: "refuses to delete a managed policy that is attached",
    async run(bench) {
      const { RoleName } = await bench.role();
      const PolicyArn = await customerPolicy(bench);
      await bench.iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
      expect(await refusal(bench.iam.send(new DeletePolicyCommand({ PolicyArn })))).toMatchObject({
        code: "DeleteConflict",
        status: 409,
      });
    },
  },
];
