import { CreatePolicyCommand, DeletePolicyCommand, type IAMClient } from "@aws-sdk/client-iam";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type AwsConnection, connectAws } from "../../../src/aws/aws-connection.ts";
import { createIamClient } from "../../../src/aws/client/iam-client.ts";
import { TAG_KEYS, type Tags } from "../../../src/model/ownership.ts";
import type { Action, ActionOutcome, CreateRole } from "../../../src/plan/action.ts";
import { systemClock } from "../../../src/runtime/clock.ts";

/** An AWS to hold the adapter against. */
export interface AwsUnderTest {
  readonly endpoint: string;
  /** Unset: that of the environment. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly close: () => Promise<void>;
}

const never = new AbortController().signal;
const TRUST = policyOf({ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" });
const READ_S3 = policyOf({ Effect: "Allow", Action: ["s3:Get*", "s3:List*"], Resource: "*" });
// Put together, lest it look like a template literal gone wrong.
const USER_VARIABLE = ["$", "{aws:username}"].join("");

function policyOf(statement: object): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
}

/** Documents come percent-encoded (RFC 3986), or plain where the AWS is lax; the text inside must be what was sent. */
function textOf(document: string | undefined): string | undefined {
  return document?.startsWith("{") === false ? decodeURIComponent(document) : document;
}

async function oneOf<T>(pages: AsyncIterable<readonly T[]>, isIt: (item: T) => boolean): Promise<T> {
  const found: T[] = [];
  for await (const page of pages) found.push(...page.filter(isIt));
  const [first, ...others] = found;
  if (first === undefined || others.length > 0) throw new Error(`it is there ${found.length} times`);
  return first;
}

/** The adapter's promises, held against one AWS over HTTP. Leaves nothing behind. */
export function describeAdapterContract(name: string, start: () => Promise<AwsUnderTest>): void {
  describe(`the AWS adapter against ${name}`, () => {
    let underTest: AwsUnderTest;
    let aws: AwsConnection;
    let iam: IAMClient;
    let calls: string[] = [];
    let count = 0;
    let roleName = "";
    let instanceProfileName = "";
    let cleanUps: (() => Promise<unknown>)[] = [];

    beforeAll(async () => {
      underTest = await start();
      const options = {
        clock: systemClock,
        version: "0",
        region: "eu-west-1",
        endpoint: underTest.endpoint,
        ...(underTest.credentials === undefined ? {} : { credentials: underTest.credentials }),
      };
      aws = connectAws({ ...options, onCall: ({ operation, code }) => calls.push(code ?? operation) });
      iam = createIamClient(options);
    });
    afterAll(async () => {
      aws.close();
      iam.destroy();
      await underTest.close();
    });
    beforeEach(() => {
      count += 1;
      roleName = `contract-${process.pid}-role-${count}`;
      instanceProfileName = `contract-${process.pid}-profile-${count}`;
      calls = [];
    });
    afterEach(async () => {
      for (const cleanUp of cleanUps.reverse()) await cleanUp();
      cleanUps = [];
    });

    const perform = (action: Action): Promise<ActionOutcome> => aws.iamWriter.perform(action, never);
    const readRole = () => aws.iamReader.getRole(roleName, never);
    const readProfile = () => aws.iamReader.getInstanceProfile(instanceProfileName, never);

    async function createRole(given: Partial<CreateRole> = {}): Promise<ActionOutcome> {
      const defaults = { kind: "CreateRole", roleName, path: "/", description: "", document: TRUST, tags: {} } as const;
      const action = { ...defaults, maxSessionDurationSeconds: 3600, permissionsBoundaryArn: undefined, ...given };
      const outcome = await perform(action);
      const { roleName: created } = action;
      cleanUps.push(() => perform({ kind: "DeleteRole", roleName: created }));
      return outcome;
    }

    async function createInstanceProfile(tags: Tags = {}, path = "/"): Promise<ActionOutcome> {
      const outcome = await perform({ kind: "CreateInstanceProfile", instanceProfileName, path, tags });
      const created = instanceProfileName;
      cleanUps.push(() => perform({ kind: "DeleteInstanceProfile", instanceProfileName: created }));
      return outcome;
    }

    async function addRole(): Promise<void> {
      const membership = { instanceProfileName, roleName };
      await perform({ kind: "AddRoleToInstanceProfile", ...membership });
      cleanUps.push(async () => {
        // moto answers 500 to the removal of a role that is no member.
        const profile = await aws.iamReader.getInstanceProfile(membership.instanceProfileName, never);
        if (profile.presence === "absent" || profile.roleName === undefined) return;
        await perform({ kind: "RemoveRoleFromInstanceProfile", ...membership });
      });
    }

    async function putPolicy(policyName: string, document: string): Promise<void> {
      const policy = { roleName, policyName };
      await perform({ kind: "PutRolePolicy", ...policy, document, changes: [] });
      cleanUps.push(() => perform({ kind: "DeleteRolePolicy", ...policy }));
    }

    /** A managed policy of the account, in place of the user who makes one. */
    async function managedPolicy(suffix: string): Promise<string> {
      const command = new CreatePolicyCommand({ PolicyName: `${roleName}-${suffix}`, PolicyDocument: READ_S3 });
      const { Policy } = await iam.send(command);
      const arn = Policy?.Arn ?? "";
      cleanUps.push(() => iam.send(new DeletePolicyCommand({ PolicyArn: arn })));
      return arn;
    }

    describe("the account as a whole", () => {
      test("shows of a role and its profile what reading them one by one shows", async () => {
        const [boundary, attached] = [await managedPolicy("boundary"), await managedPolicy("attached")];
        const tags = { [TAG_KEYS.name]: "n", team: "a" };
        await createRole({
          ...{ path: "/apps/", description: "For tests", maxSessionDurationSeconds: 7200 },
          ...{ permissionsBoundaryArn: boundary, tags },
        });
        await putPolicy("s3", READ_S3);
        await perform({ kind: "AttachRolePolicy", roleName, policyArn: attached });
        cleanUps.push(() => perform({ kind: "DetachRolePolicy", roleName, policyArn: attached }));
        await createInstanceProfile(tags, "/apps/");
        await addRole();
        const [role, profile] = [await readRole(), await readProfile()];
        if (role.presence === "absent" || profile.presence === "absent") throw new Error("they have just been made");
        const { trustPolicy, description, maxSessionDurationSeconds, ...facts } = role;
        const { tags: _, ...listed } = profile;

        const reported = await oneOf(aws.accountReader.reportRoles(never), (it) => it.roleName === roleName);
        expect(reported).toMatchObject({ ...facts, inlinePolicyNames: ["s3"], managedPolicyArns: [attached] });
        expect(textOf(reported.trustPolicy)).toBe(textOf(trustPolicy));
        expect(textOf(reported.inlinePolicyDocuments["s3"])).toBe(READ_S3);
        const inList = await oneOf(aws.accountReader.listRoles(never), (it) => it.roleName === roleName);
        expect(inList).toEqual({ roleName, description, maxSessionDurationSeconds });
        const profiles = aws.accountReader.listInstanceProfiles(never);
        expect(await oneOf(profiles, (it) => it.instanceProfileName === instanceProfileName)).toEqual(listed);
      });

      test("tells how much of it is used, and how much may be", async () => {
        const before = await aws.accountReader.getQuotas(never);
        await createRole();
        const after = await aws.accountReader.getQuotas(never);
        expect(after.roles?.used).toBe((before.roles?.used ?? 0) + 1);
        expect(after.roles?.quota).toBeGreaterThanOrEqual(1_000);
        expect(after.instanceProfiles?.quota).toBeGreaterThanOrEqual(1_000);
        expect(after.inlinePoliciesChars).toBe(10_240);
        expect(after.trustPolicyChars).toBeGreaterThanOrEqual(2_048);
        expect(after.managedPoliciesPerRole).toBeGreaterThanOrEqual(10);
      });
    });

    describe("a role", () => {
      test("reads back as it was created, in one call each", async () => {
        const boundary = await managedPolicy("boundary");
        const tags = { [TAG_KEYS.clusterId]: "c", [TAG_KEYS.namespace]: "n", team: "äöü +/=", empty: "" };
        const outcome = await createRole({
          path: "/apps/",
          description: "For <b> & 'c'",
          maxSessionDurationSeconds: 7200,
          permissionsBoundaryArn: boundary,
          tags,
        });
        const role = await readRole();
        expect(role).toMatchObject({
          presence: "present",
          roleName,
          path: "/apps/",
          description: "For <b> & 'c'",
          maxSessionDurationSeconds: 7200,
          permissionsBoundaryArn: boundary,
          tags,
        });
        const present = role.presence === "present" ? role : undefined;
        expect(outcome).toEqual({ created: { arn: present?.arn, id: present?.roleId } });
        expect(present?.arn).toMatch(new RegExp(`^arn:aws:iam::\\d{12}:role/apps/${roleName}$`));
        expect(present?.roleId).toMatch(/^AROA/);
        expect(textOf(present?.trustPolicy)).toBe(TRUST);
        expect(calls).toEqual(["CreateRole", "GetRole"]);
      });

      test("without description, boundary and tags has none", async () => {
        await createRole();
        expect(await readRole()).toMatchObject({
          description: "",
          maxSessionDurationSeconds: 3600,
          permissionsBoundaryArn: undefined,
          tags: {},
        });
        expect(await aws.iamReader.listRolePolicies(roleName, never)).toEqual([]);
        expect(await aws.iamReader.listAttachedRolePolicies(roleName, never)).toEqual([]);
      });

      test("description and duration change together, and a description can be taken away", async () => {
        await createRole({ description: "old" });
        const update = { kind: "UpdateRole", roleName, changes: [] } as const;
        expect(await perform({ ...update, description: "new", maxSessionDurationSeconds: 7200 })).toEqual({
          created: undefined,
        });
        expect(await readRole()).toMatchObject({ description: "new", maxSessionDurationSeconds: 7200 });
        await perform({ ...update, description: "", maxSessionDurationSeconds: 7200 });
        expect(await readRole()).toMatchObject({ description: "", maxSessionDurationSeconds: 7200 });
      });

      test("the trust policy changes", async () => {
        await createRole();
        const principal = { Service: ["ec2.amazonaws.com", "ssm.amazonaws.com"] };
        const document = policyOf({ Effect: "Allow", Principal: principal, Action: "sts:AssumeRole" });
        await perform({ kind: "UpdateAssumeRolePolicy", roleName, document, changes: [] });
        const role = await readRole();
        expect(role.presence === "present" && textOf(role.trustPolicy)).toBe(document);
      });

      test("the boundary is put, and deleted", async () => {
        const boundary = await managedPolicy("boundary");
        await createRole();
        await perform({ kind: "PutRolePermissionsBoundary", roleName, permissionsBoundaryArn: boundary });
        expect(await readRole()).toMatchObject({ permissionsBoundaryArn: boundary });
        await perform({ kind: "DeleteRolePermissionsBoundary", roleName });
        expect(await readRole()).toMatchObject({ permissionsBoundaryArn: undefined });
      });

      test("tags are set, changed and removed", async () => {
        await createRole({ tags: { keep: "1", change: "1", remove: "1" } });
        await perform({ kind: "TagRole", roleName, tags: { change: "2", add: "" } });
        await perform({ kind: "UntagRole", roleName, tagKeys: ["remove", "was-never-there"] });
        expect(await readRole()).toMatchObject({ tags: { keep: "1", change: "2", add: "" } });
      });
    });

    describe("inline policies", () => {
      test("a document with awkward characters reads back as it was put", async () => {
        const condition = {
          StringLike: { "aws:PrincipalTag/x": ["100%25", "%2F", "a+b&c=d", "\u00fc <x>", USER_VARIABLE] },
        };
        const document = policyOf({ Effect: "Deny", Action: "*", Resource: "*", Condition: condition });
        await createRole();
        await putPolicy("awkward+=,.@-", document);
        const read = await aws.iamReader.getRolePolicy(roleName, "awkward+=,.@-", never);
        expect(read?.startsWith("%7B")).toBe(true);
        expect(textOf(read)).toBe(document);
      });

      test("a policy is replaced, and deleted", async () => {
        await createRole();
        await putPolicy("s3", READ_S3);
        const narrower = policyOf({ Effect: "Allow", Action: "s3:Get*", Resource: "*" });
        await perform({ kind: "PutRolePolicy", roleName, policyName: "s3", document: narrower, changes: [] });
        expect(textOf(await aws.iamReader.getRolePolicy(roleName, "s3", never))).toBe(narrower);
        await perform({ kind: "DeleteRolePolicy", roleName, policyName: "s3" });
        expect(await aws.iamReader.getRolePolicy(roleName, "s3", never)).toBeUndefined();
        expect(await aws.iamReader.listRolePolicies(roleName, never)).toEqual([]);
      });

      test("more of them than one page holds are all listed, sorted", async () => {
        await createRole();
        const names = Array.from({ length: 12 }, (_, n) => `p${String(11 - n).padStart(2, "0")}`);
        for (const policyName of names) await putPolicy(policyName, READ_S3);
        expect(await aws.iamReader.listRolePolicies(roleName, never)).toEqual(names.toSorted());
      });

      test("a document that is no policy is terminal, with IAM's words", async () => {
        await createRole();
        const attempt = perform({ kind: "PutRolePolicy", roleName, policyName: "s3", document: "{}", changes: [] });
        await expect(attempt).rejects.toMatchObject({
          disposition: "terminal",
          reason: "MalformedPolicyDocument",
          message: expect.stringMatching(/^PutRolePolicy on inline policy s3 of role \S+: MalformedPolicyDocument: \S/),
        });
      });
    });

    describe("managed policies", () => {
      test("are attached, listed and detached", async () => {
        const arns = [await managedPolicy("b"), await managedPolicy("a")];
        await createRole();
        for (const policyArn of arns) await perform({ kind: "AttachRolePolicy", roleName, policyArn });
        expect(await aws.iamReader.listAttachedRolePolicies(roleName, never)).toEqual(arns.toSorted());
        for (const policyArn of arns) await perform({ kind: "DetachRolePolicy", roleName, policyArn });
        expect(await aws.iamReader.listAttachedRolePolicies(roleName, never)).toEqual([]);
      });

      test("exist or do not", async () => {
        expect(await aws.iamReader.policyExists(await managedPolicy("a"), never)).toBe(true);
        expect(await aws.iamReader.policyExists("arn:aws:iam::123456789012:policy/contract-nope", never)).toBe(false);
      });

      test("are read by the document of their default version", async () => {
        const document = await aws.managedPolicies.document(await managedPolicy("a"), never);
        expect(JSON.parse(decodeURIComponent(document ?? ""))).toEqual(JSON.parse(READ_S3));
        const ofAws = await aws.managedPolicies.document("arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore", never);
        expect(decodeURIComponent(ofAws ?? "")).toContain("ssm:UpdateInstanceInformation");
        expect(await aws.managedPolicies.document("arn:aws:iam::123456789012:policy/contract-nope", never)).toBe(
          undefined,
        );
        expect(calls).toEqual(["GetPolicy", "GetPolicyVersion", "GetPolicy", "GetPolicyVersion", "NoSuchEntity"]);
      });

      test("one that does not exist waits for somebody to make it", async () => {
        await createRole();
        const policyArn = "arn:aws:iam::123456789012:policy/contract-nope";
        await expect(perform({ kind: "AttachRolePolicy", roleName, policyArn })).rejects.toMatchObject({
          disposition: "blocked",
          reason: "PolicyNotFound",
        });
      });
    });

    describe("an instance profile", () => {
      test("reads back as it was created, in one call each", async () => {
        const outcome = await createInstanceProfile({ team: "a" }, "/apps/");
        const profile = await readProfile();
        const present = profile.presence === "present" ? profile : undefined;
        expect(present).toEqual({
          presence: "present",
          instanceProfileName,
          arn: expect.stringMatching(new RegExp(`^arn:aws:iam::\\d{12}:instance-profile/apps/${instanceProfileName}$`)),
          id: expect.stringMatching(/^\w{16,}$/),
          createdTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
          path: "/apps/",
          tags: { team: "a" },
          roleName: undefined,
        });
        expect(outcome).toEqual({ created: { arn: present?.arn, id: present?.id } });
        expect(calls).toEqual(["CreateInstanceProfile", "GetInstanceProfile"]);
      });

      test("takes a role in and gives it up", async () => {
        await createRole();
        await createInstanceProfile();
        await addRole();
        expect(await aws.iamReader.listInstanceProfilesForRole(roleName, never)).toEqual([instanceProfileName]);
        expect(await readProfile()).toMatchObject({ roleName });
        await perform({ kind: "RemoveRoleFromInstanceProfile", instanceProfileName, roleName });
        expect(await readProfile()).toMatchObject({ roleName: undefined });
      });

      test("has no room for a second role", async () => {
        await createRole();
        await createInstanceProfile();
        await addRole();
        const second = `${roleName}-second`;
        await createRole({ roleName: second });
        await expect(
          perform({ kind: "AddRoleToInstanceProfile", instanceProfileName, roleName: second }),
        ).rejects.toMatchObject({ disposition: "conflict", reason: "InstanceProfileOccupied" });
      });

      test("its tags are set, changed and removed", async () => {
        await createInstanceProfile({ keep: "1", change: "1", remove: "1" });
        await perform({ kind: "TagInstanceProfile", instanceProfileName, tags: { change: "2" } });
        await perform({ kind: "UntagInstanceProfile", instanceProfileName, tagKeys: ["remove"] });
        expect(await readProfile()).toMatchObject({ tags: { keep: "1", change: "2" } });
      });
    });

    describe("what is not there", () => {
      test("reads as absent, and its lists as a conflict", async () => {
        expect(await readRole()).toEqual({ presence: "absent" });
        expect(await readProfile()).toEqual({ presence: "absent" });
        expect(await aws.iamReader.getRolePolicy(roleName, "s3", never)).toBeUndefined();
        const conflict = { disposition: "conflict" };
        await expect(aws.iamReader.listRolePolicies(roleName, never)).rejects.toMatchObject(conflict);
        await expect(aws.iamReader.listAttachedRolePolicies(roleName, never)).rejects.toMatchObject(conflict);
      });

      test("is removed with success, and the outcome says that nothing was there", async () => {
        const policyArn = "arn:aws:iam::123456789012:policy/contract-nope";
        const removals: readonly Action[] = [
          { kind: "DeleteRolePolicy", roleName, policyName: "s3" },
          { kind: "DetachRolePolicy", roleName, policyArn },
          { kind: "DeleteRolePermissionsBoundary", roleName },
          { kind: "RemoveRoleFromInstanceProfile", instanceProfileName, roleName },
          { kind: "DeleteInstanceProfile", instanceProfileName },
          { kind: "DeleteRole", roleName },
        ];
        for (const removal of removals) expect(await perform(removal)).toEqual({ created: undefined, wasAbsent: true });
      });

      test("cannot be changed: a conflict, look again", async () => {
        const changes: readonly Action[] = [
          { kind: "UpdateRole", roleName, description: "", maxSessionDurationSeconds: 3600, changes: [] },
          { kind: "UpdateAssumeRolePolicy", roleName, document: TRUST, changes: [] },
          { kind: "PutRolePolicy", roleName, policyName: "s3", document: READ_S3, changes: [] },
          { kind: "TagRole", roleName, tags: { a: "1" } },
          { kind: "UntagRole", roleName, tagKeys: ["a"] },
          { kind: "AddRoleToInstanceProfile", instanceProfileName, roleName },
          { kind: "TagInstanceProfile", instanceProfileName, tags: { a: "1" } },
          { kind: "UntagInstanceProfile", instanceProfileName, tagKeys: ["a"] },
        ];
        for (const change of changes) {
          await expect(perform(change), change.kind).rejects.toMatchObject({
            disposition: "conflict",
            reason: "NotYetVisible",
          });
        }
      });
    });

    describe("what is in the way", () => {
      test("a name that is taken is a conflict", async () => {
        await createRole();
        await createInstanceProfile();
        const taken = { disposition: "conflict", reason: "EntityAlreadyExists" };
        await expect(createRole()).rejects.toMatchObject(taken);
        await expect(createInstanceProfile()).rejects.toMatchObject(taken);
      });

      test("a role that still has policies, or is in a profile, is not deleted", async () => {
        await createRole();
        await createInstanceProfile();
        await addRole();
        const conflict = { disposition: "conflict", reason: "DeleteConflict" };
        await expect(perform({ kind: "DeleteRole", roleName })).rejects.toMatchObject(conflict);
        await expect(perform({ kind: "DeleteInstanceProfile", instanceProfileName })).rejects.toMatchObject(conflict);
        await putPolicy("s3", READ_S3);
        await perform({ kind: "RemoveRoleFromInstanceProfile", instanceProfileName, roleName });
        await expect(perform({ kind: "DeleteRole", roleName })).rejects.toMatchObject(conflict);
      });
    });

    test("the account is the caller's", async () => {
      await createRole();
      const role = await readRole();
      const accountId = await aws.accountIdentity.accountId(never);
      expect(role.presence === "present" && role.arn.split(":")[4]).toBe(accountId);
    });
  });
}
