import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Incarnation } from "../support/incarnation.ts";
import { manifest, World } from "../support/world.ts";

const ACCOUNT = "123456789012";
const arnOf = (name: string, path = "/"): string => `arn:aws:iam::${ACCOUNT}:policy${path}${name}`;
const BIG = arnOf("big");

const allow = (...actions: readonly string[]) => ({ effect: "Allow", actions, resources: ["*"] });
/** Part of a document that allows this. */
const saying = (action: string) => ({ Statement: [{ Action: [action] }] });
const own = (name: string, ...actions: readonly string[]) => ({ name, statements: [allow(...actions)] });

let world: World;
let controller: Incarnation;

beforeAll(async () => {
  world = await World.open();
});
beforeEach(async () => {
  await world.reset();
  controller = world.controller();
});
afterAll(() => world.close());

/** The managed policies of the account, without what differs from run to run. */
function policiesOf({ aws }: World): unknown {
  const text = JSON.stringify(aws.snapshot().policies);
  return JSON.parse(text.replaceAll(/"iam.instanceprofile.dev\/uid":"[^"]*"/g, '"uid":""'));
}

async function settled(spec: Readonly<Record<string, unknown>>): Promise<void> {
  await world.apply(manifest(spec));
  await controller.settle();
  expect(await world.ready()).toBe("True InSync");
  world.forgetCalls();
}

describe("the managed policies of an object", () => {
  test("are created and attached with two writes more, and cost no read when the scan saw nothing", async () => {
    world.isPresumptionRefuted = true;
    await world.apply(manifest({ managedPolicies: [own("big", "s3:Get*")] }));
    await world.controller().settle();
    world.isPresumptionRefuted = false;
    expect(world.awsCalls().filter((call) => call !== "GetCallerIdentity")).toEqual([
      "CreateRole",
      "CreatePolicy",
      "PutRolePolicy",
      "AttachRolePolicy",
      "CreateInstanceProfile",
      "AddRoleToInstanceProfile",
    ]);
    expect(world.aws.snapshot().roles["s3-read-only"]?.managedPolicyArns).toEqual([BIG]);
    expect((await world.object())?.status?.managedPolicies).toEqual([{ name: "big", arn: BIG }]);
    expect(world.aws.snapshot().policies[BIG]?.tags).toMatchObject({
      "iam.instanceprofile.dev/namespace": "default",
      "iam.instanceprofile.dev/name": "s3-read-only",
    });
  });

  test("go with the object, and leave nothing", async () => {
    await settled({ managedPolicies: [own("big", "s3:Get*")], tags: { team: "a" } });
    await settled({ managedPolicies: [own("big", "s3:List*")] });
    await world.delete();
    await controller.settle();
    expect(world.aws.snapshot()).toMatchObject({ roles: {}, instanceProfiles: {}, policies: {} });
    expect(world.awsWrites()).toContain("DeletePolicyVersion");
  });

  test("are the same after an edit as if they had been made so", async () => {
    const wanted = { managedPolicies: [own("big", "s3:List*"), own("new", "sqs:*")], tags: { team: "b" } };
    await settled({ managedPolicies: [own("big", "s3:Get*"), own("old", "ec2:*")], tags: { team: "a" } });
    await settled(wanted);
    const edited = [policiesOf(world), await world.awsState()];
    await world.reset();
    controller = world.controller();
    await settled(wanted);
    const withoutIds = (state: unknown): string =>
      JSON.stringify(state)
        .replaceAll(/A(ROA|IPA)[A-Z0-9]{17}/g, "")
        .replaceAll(/dev\/uid":"[^"]*"/g, '"');
    expect(withoutIds([policiesOf(world), await world.awsState()])).toEqual(withoutIds(edited));
  });

  test("keep their description, and the status says so while the spec has another one", async () => {
    const described = (description?: string) => ({
      managedPolicies: [{ ...own("big", "s3:Get*"), ...(description !== undefined && { description }) }],
    });
    const message = async (): Promise<string> => JSON.stringify((await world.object())?.status?.conditions);
    const words = `managed policy ${BIG} keeps its description, which is not that of the spec: IAM cannot change it`;
    await settled(described("as made"));
    expect(await message()).not.toContain(words);
    await settled(described("edited"));
    expect(await message()).toContain(words);
    for (const description of [undefined, "as made"]) {
      await settled(described(description));
      expect(await message()).not.toContain(words);
    }
  });

  test("have at most five versions: the oldest that is not the default goes first", async () => {
    for (const actions of ["s3:A*", "s3:B*", "s3:C*", "s3:D*", "s3:E*", "s3:F*"]) {
      await settled({ managedPolicies: [own("big", actions)] });
    }
    expect(world.aws.snapshot().policies[BIG]?.document).toMatchObject(saying("s3:F*"));
  });

  test("are written once when an edit both takes and gives", async () => {
    await settled({ managedPolicies: [own("big", "s3:Get*", "s3:Put*")] });
    await world.apply(manifest({ managedPolicies: [own("big", "s3:Get*", "sqs:*")] }));
    await controller.settle();
    expect(world.awsWrites()).toEqual(["CreatePolicyVersion"]);
  });

  test("are put right when somebody makes another version the default", async () => {
    await settled({ managedPolicies: [own("big", "s3:Get*")] });
    const document = JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
    });
    await world.outsider("CreatePolicyVersion", { PolicyArn: BIG, PolicyDocument: document, SetAsDefault: "true" });
    world.nowMs += 3_600_000;
    await world.controller().settle();
    expect(world.awsWrites()).toEqual(["CreatePolicyVersion"]);
    expect(world.aws.snapshot().policies[BIG]?.document).toMatchObject(saying("s3:Get*"));
  });
});

describe("a managed policy that somebody else made", () => {
  const document = JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "s3:Put*", Resource: "*" }],
  });
  const foreign = (name: string, path = "/") =>
    world.outsider("CreatePolicy", { PolicyName: name, Path: path, PolicyDocument: document });

  test("is neither written nor attached", async () => {
    await foreign("big");
    await world.apply(manifest({ managedPolicies: [own("big", "s3:Get*")] }));
    await controller.settle();
    expect(await world.ready()).toBe("False AlreadyExists");
    expect(world.awsWrites()).toEqual([]);
  });

  test("is adopted when the object may, and stays when the object goes", async () => {
    await foreign("big");
    await settled({ managedPolicies: [own("big", "s3:Get*")], adoptionPolicy: "IfExists" });
    expect(world.aws.snapshot().policies[BIG]?.document).toMatchObject(saying("s3:Get*"));
    await world.delete();
    await controller.settle();
    expect(Object.keys(world.aws.snapshot().policies)).toEqual([BIG]);
  });

  test("is not adopted while others use it, also as a boundary", async () => {
    await foreign("big");
    const trust = {
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: { AWS: ACCOUNT }, Action: "sts:AssumeRole" }],
    };
    const user = { RoleName: "bounded", AssumeRolePolicyDocument: JSON.stringify(trust), PermissionsBoundary: BIG };
    await world.outsider("CreateRole", user);
    await world.apply(manifest({ managedPolicies: [own("big", "s3:Get*")], adoptionPolicy: "IfExists" }));
    await controller.settle();
    expect(await world.ready()).toBe("False PolicyInUse");
    const condition = (await world.object())?.status?.conditions?.find(({ type }) => type === "Ready");
    expect(condition?.message).toContain("role bounded");
    expect(world.awsWrites()).toEqual([]);
  });
});

describe("a policy of the object that others attach", () => {
  const attachElsewhere = async (): Promise<void> => {
    const trust = {
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: { AWS: ACCOUNT }, Action: "sts:AssumeRole" }],
    };
    await world.outsider("CreateRole", { RoleName: "guest", AssumeRolePolicyDocument: JSON.stringify(trust) });
    await world.outsider("AttachRolePolicy", { RoleName: "guest", PolicyArn: BIG });
  };

  test("holds the deletion of the object back, and is named with them", async () => {
    await settled({ managedPolicies: [own("big", "s3:Get*")] });
    await attachElsewhere();
    await world.delete();
    await controller.settle();
    expect(await world.ready()).toBe("False PolicyInUse");
    const condition = (await world.object())?.status?.conditions?.find(({ type }) => type === "Ready");
    expect(condition?.message).toContain("role guest");
    await world.outsider("DetachRolePolicy", { RoleName: "guest", PolicyArn: BIG });
    world.nowMs += 3_600_000;
    await world.controller().settle();
    expect(world.aws.snapshot().policies).toEqual({});
  });

  test("leaves the role at once when the spec drops it, and is deleted as soon as they detach it", async () => {
    await settled({ managedPolicies: [own("big", "s3:Get*")] });
    await attachElsewhere();
    await settled({ managedPolicies: [] });
    expect(world.aws.snapshot().roles["s3-read-only"]?.managedPolicyArns).toEqual([]);
    expect(Object.keys(world.aws.snapshot().policies)).toEqual([BIG]);
    await world.outsider("DetachRolePolicy", { RoleName: "guest", PolicyArn: BIG });
    world.nowMs += 3_600_000;
    await world.controller().settle();
    expect(world.aws.snapshot().policies).toEqual({});
  });
});
