import {
  CreateInstanceProfileCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  GetInstanceProfileCommand,
  ListPolicyTagsCommand,
  ListRolePoliciesCommand,
  ListRoleTagsCommand,
  PutRolePolicyCommand,
  type Tag,
  TagInstanceProfileCommand,
  TagPolicyCommand,
  TagRoleCommand,
} from "@aws-sdk/client-iam";
import { expect } from "vitest";
import { ec2Trust, refusal, s3ReadOnly } from "../../contract/aws/harness.ts";
import { type Assumption, assumptions } from "../assumption.ts";

const TAKEN = { code: "EntityAlreadyExists", status: 409 };
const TAGS = [{ Key: "team", Value: "one" }];
const IN_CAPITALS = [{ Key: "TEAM", Value: "two" }];

const shown = (tags: readonly Tag[] = []): string =>
  tags.map(({ Key, Value }) => `${Key}=${Value}`).join(", ") || "none";

/** Names and tag keys: when IAM takes two for one. */
const names: readonly Assumption[] = [
  {
    id: "name-of-role-is-taken-under-another-path",
    assumption: "A role's name is taken in the whole account, whatever the path.",
    matters: "src/model/naming.ts, src/engine/observe/snapshot-index.ts",
    steps: "create a role, create one of the same name under another path",
    expected: "EntityAlreadyExists",
    async run({ bench }) {
      const { RoleName } = await bench.role();
      const again = new CreateRoleCommand({ RoleName, Path: bench.path, AssumeRolePolicyDocument: ec2Trust });
      const { code, status } = await refusal(bench.iam.send(again));
      expect({ code, status }).toEqual(TAKEN);
      return code;
    },
  },
  {
    id: "name-of-instance-profile-is-taken-in-any-case",
    assumption: "An instance profile's name is taken in any case and under any path.",
    matters: "src/model/naming.ts, src/engine/observe/snapshot-index.ts",
    steps: "create an instance profile, create one with its name in capitals, and one of its name under another path",
    expected: "EntityAlreadyExists for both",
    async run({ bench }) {
      const name = bench.profileName();
      await bench.iam.send(new CreateInstanceProfileCommand({ InstanceProfileName: name }));
      for (const request of [
        { InstanceProfileName: name.toUpperCase() },
        { InstanceProfileName: name, Path: bench.path },
      ]) {
        const { code, status } = await refusal(bench.iam.send(new CreateInstanceProfileCommand(request)));
        expect({ code, status }).toEqual(TAKEN);
      }
      return TAKEN.code;
    },
  },
  {
    id: "name-of-inline-policy-in-another-case",
    assumption: "Two names of inline policies that differ in case are one policy or two: the code is correct for both.",
    matters: "src/model/naming.ts, src/plan/role/order-inline-policies.ts",
    steps: "put the inline policy `access`, put `ACCESS`, list the inline policies",
    expected: "one name or two; the report says which",
    async run({ bench }) {
      const { RoleName } = await bench.role();
      for (const PolicyName of ["access", "ACCESS"]) {
        await bench.iam.send(new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument: s3ReadOnly }));
      }
      const { PolicyNames = [] } = await bench.iam.send(new ListRolePoliciesCommand({ RoleName }));
      expect([1, 2]).toContain(PolicyNames.length);
      return `${PolicyNames.length}: ${PolicyNames.join(", ")}`;
    },
  },
  {
    id: "tag-key-of-role-in-another-case",
    assumption: "The tag keys of a role are the same in any case.",
    matters: "src/model/desired-state.ts (userTags), src/plan/class/class-guards-names.ts",
    steps: "tag a role with `team`, then with `TEAM`, list its tags",
    expected: "one tag, with the last value",
    async run({ bench }) {
      const { RoleName } = await bench.role();
      for (const Tags of [TAGS, IN_CAPITALS]) await bench.iam.send(new TagRoleCommand({ RoleName, Tags }));
      const { Tags = [] } = await bench.iam.send(new ListRoleTagsCommand({ RoleName }));
      expect(Tags.map(({ Value }) => Value)).toEqual(["two"]);
      return shown(Tags);
    },
  },
  {
    id: "tag-key-beyond-ascii-in-another-case",
    assumption:
      "Tag keys that differ in the case of a letter beyond ASCII are one key or two: a class compares them in any case.",
    matters: "src/plan/class/class-guards-names.ts, src/model/policy/policy-json.ts (asciiLowerCase)",
    steps: "tag a role with `\u00e9t\u00e9`, then with `\u00c9T\u00c9`, list its tags",
    expected: "one tag or two; the report says which",
    async run({ bench }) {
      const { RoleName } = await bench.role();
      for (const Key of ["\u00e9t\u00e9", "\u00c9T\u00c9"]) {
        await bench.iam.send(new TagRoleCommand({ RoleName, Tags: [{ Key, Value: "one" }] }));
      }
      const { Tags = [] } = await bench.iam.send(new ListRoleTagsCommand({ RoleName }));
      expect([1, 2]).toContain(Tags.length);
      return shown(Tags);
    },
  },
  {
    id: "tag-key-of-instance-profile-in-another-case",
    assumption:
      "Two tag keys of an instance profile that differ in case are one tag or two: a key of the spec is compared in any case.",
    matters: "src/model/desired-state.ts (userTags)",
    steps: "tag an instance profile with `team`, then with `TEAM`, get it",
    expected: "one tag or two; the report says which",
    async run({ bench }) {
      const InstanceProfileName = bench.profileName();
      await bench.iam.send(new CreateInstanceProfileCommand({ InstanceProfileName }));
      for (const Tags of [TAGS, IN_CAPITALS]) {
        await bench.iam.send(new TagInstanceProfileCommand({ InstanceProfileName, Tags }));
      }
      const { InstanceProfile } = await bench.iam.send(new GetInstanceProfileCommand({ InstanceProfileName }));
      expect([1, 2]).toContain(InstanceProfile?.Tags?.length);
      return shown(InstanceProfile?.Tags);
    },
  },
  {
    id: "tag-key-of-managed-policy-in-another-case",
    assumption:
      "Two tag keys of a managed policy that differ in case are one tag or two: a key of the spec is compared in any case.",
    matters: "src/model/desired-state.ts (userTags)",
    steps: "tag a managed policy with `team`, then with `TEAM`, list its tags",
    expected: "one tag or two; the report says which",
    async run({ bench }) {
      const PolicyName = bench.policyName();
      const made = await bench.iam.send(new CreatePolicyCommand({ PolicyName, PolicyDocument: s3ReadOnly }));
      const PolicyArn = bench.ownsPolicy(made.Policy?.Arn);
      for (const Tags of [TAGS, IN_CAPITALS]) await bench.iam.send(new TagPolicyCommand({ PolicyArn, Tags }));
      const { Tags = [] } = await bench.iam.send(new ListPolicyTagsCommand({ PolicyArn }));
      expect([1, 2]).toContain(Tags.length);
      return shown(Tags);
    },
  },
];

export const nameChecks = assumptions(names);
