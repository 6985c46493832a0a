import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AwsConnection, connectAws } from "../../../src/aws/aws-connection.ts";
import type { Action } from "../../../src/plan/action.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { recordingHandler } from "../../support/recording-handler.ts";
import { type Answer, type AnsweringServer, page, startAnsweringServer } from "./answering-server.ts";

const never = new AbortController().signal;
const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" };
const ARN = "arn:aws:iam::123456789012:instance-profile/app";

let server: AnsweringServer;
let aws: AwsConnection;

beforeAll(async () => {
  server = await startAnsweringServer();
  aws = connectAws({ clock: systemClock, version: "0", region: "eu-west-1", endpoint: server.url, credentials });
});
afterAll(async () => {
  aws.close();
  await server.close();
});

function reply(action: string, content: string): Answer {
  return page(200, `<${action}Response>${content}</${action}Response>`);
}

function instances(content: string, token = ""): Answer {
  const set = `<reservationSet><item><instancesSet>${content}</instancesSet></item></reservationSet>`;
  return reply("DescribeInstances", `${set}<nextToken>${token}</nextToken>`);
}

function instance(id: string, state: string, more = ""): string {
  return `<item><instanceId>${id}</instanceId><instanceState><name>${state}</name></instanceState>${more}</item>`;
}

function associations(content: string): Answer {
  return reply(
    "DescribeIamInstanceProfileAssociations",
    `<iamInstanceProfileAssociationSet>${content}</iamInstanceProfileAssociationSet>`,
  );
}

function association(id: string, instanceId: string, state: string): string {
  return (
    `<item><associationId>${id}</associationId><instanceId>${instanceId}</instanceId><state>${state}</state>` +
    `<iamInstanceProfile><arn>${ARN}</arn><id>AIPAEXAMPLE</id></iamInstanceProfile></item>`
  );
}

function refusal(code: string, message: string): Answer {
  return page(
    400,
    `<Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors><RequestID>1</RequestID></Response>`,
  );
}

describe("a region", () => {
  test("is read whole: every page of instances, and of each instance the association that counts", async () => {
    const tags = "<tagSet><item><key>app</key><value>web</value></item><item><key>empty</key><value/></item></tagSet>";
    server.answerWith(
      instances(instance("i-2", "running", tags), "more"),
      instances(instance("i-1", "stopped")),
      associations(
        association("iip-new", "i-2", "associating") +
          association("iip-old", "i-2", "disassociating") +
          association("iip-gone", "i-1", "disassociated"),
      ),
    );
    expect(await aws.instanceReader.readRegion("eu-north-1", never)).toEqual([
      { instanceId: "i-1", region: "eu-north-1", state: "stopped", tags: {}, association: undefined },
      {
        instanceId: "i-2",
        region: "eu-north-1",
        state: "running",
        tags: { app: "web", empty: "" },
        association: {
          associationId: "iip-new",
          profileArn: ARN,
          profileId: "AIPAEXAMPLE",
          state: "associating",
        },
      },
    ]);
  });

  test("is asked for living instances alone, 1,000 a page, in its own region", async () => {
    const network = recordingHandler({});
    const connection = connectAws({
      clock: new FakeClock(),
      version: "0",
      region: "eu-west-1",
      credentials,
      requestHandler: network.handler,
    });
    await connection.instanceReader.readRegion("eu-north-1", never).catch(() => undefined);
    const [first] = network.requests;
    expect(first?.host).toBe("ec2.eu-north-1.amazonaws.com");
    expect(first?.signedFor).toBe("eu-north-1/ec2");
    expect(Object.fromEntries(first?.form ?? [])).toMatchObject({
      Action: "DescribeInstances",
      MaxResults: "1000",
      "Filter.1.Name": "instance-state-name",
      "Filter.1.Value.1": "pending",
      "Filter.1.Value.4": "stopped",
    });
    connection.close();
  });

  test("an instance that names a profile while its association is not listed has one without an id", async () => {
    const named = `<iamInstanceProfile><arn>${ARN}</arn><id>AIPAEXAMPLE</id></iamInstanceProfile>`;
    server.answerWith(instances(instance("i-1", "running", named)), associations(""));
    const [found] = await aws.instanceReader.readRegion("eu-west-1", never);
    expect(found?.association).toMatchObject({ associationId: "", profileArn: ARN, state: "associating" });
  });

  test("a reply that is no list is an error, never an empty region", async () => {
    server.answerWith(page(200, "<html>proxy</html>"));
    await expect(aws.instanceReader.readRegion("eu-west-1", never)).rejects.toMatchObject({ disposition: "retryable" });
  });
});

describe("the last use of a role", () => {
  const role = (more: string): Answer =>
    reply(
      "GetRole",
      `<GetRoleResult><Role><Path>/</Path><RoleName>app</RoleName><RoleId>AROA1</RoleId><Arn>arn:aws:iam::1:role/app</Arn>` +
        `<AssumeRolePolicyDocument>{}</AssumeRolePolicyDocument><RoleLastUsed>${more}</RoleLastUsed></Role></GetRoleResult>`,
    );

  test("has its time and region, and is unset where IAM knows none", async () => {
    server.answerWith(role("<LastUsedDate>2026-01-01T00:00:00Z</LastUsedDate><Region>eu-west-1</Region>"), role(""));
    expect(await aws.iamReader.getRole("app", never)).toMatchObject({
      lastUsed: { at: "2026-01-01T00:00:00Z", region: "eu-west-1" },
    });
    expect(await aws.iamReader.getRole("app", never)).not.toHaveProperty("lastUsed");
  });
});

describe("what uses instance profiles", () => {
  const version = (id: string, profile: string): string =>
    `<item><launchTemplateId>${id}</launchTemplateId><launchTemplateName>web</launchTemplateName>` +
    `<launchTemplateData>${profile}</launchTemplateData></item>`;
  const byName = "<iamInstanceProfile><name>app</name></iamInstanceProfile>";
  const byArn = `<iamInstanceProfile><arn>${ARN}</arn></iamInstanceProfile>`;
  const versions = (content: string, token = ""): Answer =>
    reply(
      "DescribeLaunchTemplateVersions",
      `<launchTemplateVersionSet>${content}</launchTemplateVersionSet><nextToken>${token}</nextToken>`,
    );

  test("are the launch templates that name one, each once for its latest and default versions, from every page", async () => {
    server.answerWith(
      versions(version("lt-1", byName) + version("lt-1", byName) + version("lt-2", ""), "more"),
      versions(version("lt-1", byArn)),
    );
    const template = { launchTemplateId: "lt-1", launchTemplateName: "web", region: "eu-north-1" };
    expect(await aws.instanceReader.listLaunchTemplates("eu-north-1", never)).toEqual([
      { ...template, profile: "app" },
      { ...template, profile: ARN },
    ]);
    expect(Object.fromEntries(server.received[0] ?? [])).toMatchObject({
      Action: "DescribeLaunchTemplateVersions",
      "LaunchTemplateVersion.1": "$Latest",
      "LaunchTemplateVersion.2": "$Default",
      MaxResults: "200",
    });
  });

  test("are the instances with an association that is there or on its way", async () => {
    server.answerWith(
      associations(association("iip-1", "i-1", "associating") + association("iip-2", "i-2", "disassociated")),
    );
    expect(await aws.instanceReader.listAssociations("eu-north-1", never)).toEqual([
      { instanceId: "i-1", profileArn: ARN },
    ]);
  });

  test("is searched for in the regions that the account has enabled", async () => {
    const region = (name: string, status: string): string =>
      `<item><regionName>${name}</regionName><optInStatus>${status}</optInStatus></item>`;
    const enabled = region("us-east-1", "opt-in-not-required") + region("eu-south-1", "opted-in");
    const regions = `<regionInfo>${enabled}${region("eu-south-2", "not-opted-in")}</regionInfo>`;
    server.answerWith(reply("DescribeRegions", regions));
    expect(await aws.instanceReader.listRegions("us-east-1", never)).toEqual(["eu-south-1", "us-east-1"]);
  });
});

const ASSOCIATE: Action = {
  kind: "AssociateIamInstanceProfile",
  region: "eu-north-1",
  instanceId: "i-1",
  iamInstanceProfile: "app",
};

describe("a refusal of EC2", () => {
  test.each([
    ["IncorrectState", "There is an existing association for instance i-1", "conflict", "InstanceChanged"],
    ["IncorrectInstanceState", "The instance is not running", "conflict", "InstanceChanged"],
    ["InvalidInstanceID.NotFound", "The instance ID 'i-1' does not exist", "conflict", "InstanceChanged"],
    ["InvalidAssociationID.NotFound", "An invalid association-id", "conflict", "InstanceChanged"],
    ["InvalidInstanceID.Malformed", "Invalid id", "terminal", "InvalidInput"],
    ["UnauthorizedOperation", "You are not authorized to perform this operation.", "blocked", "AccessDenied"],
    ["RequestLimitExceeded", "Request limit exceeded.", "throttled", "Throttled"],
    [
      "InvalidParameterValue",
      "Value (app) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name",
      "retryable",
      "InstanceProfileNotYetUsable",
    ],
    [
      "InvalidParameterValue",
      'IAM Instance Profile "arn" has no associated IAM Roles',
      "retryable",
      "InstanceProfileNotYetUsable",
    ],
    ["NoSuchEntity", "Instance Profile app cannot be found.", "retryable", "InstanceProfileNotYetUsable"],
  ])("%s: %s is %s", async (code, message, disposition, reason) => {
    server.answerWith(refusal(code, message));
    const error = await aws.iamWriter.perform(ASSOCIATE, never).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ disposition, reason });
    expect((error as Error).message).toContain(`AssociateIamInstanceProfile on instance i-1 (eu-north-1): ${code}`);
  });

  test("that a parameter of another call is wrong is no matter of waiting", async () => {
    server.answerWith(refusal("InvalidParameterValue", "Invalid IAM Instance Profile name"));
    await expect(aws.instanceReader.readRegion("eu-west-1", never)).rejects.toMatchObject({
      reason: "InvalidParameterValue",
    });
  });
});

describe("a write", () => {
  const made = `<iamInstanceProfileAssociation>${association("iip-1", "i-1", "associating").slice(6, -7)}</iamInstanceProfileAssociation>`;
  test.each<[Action, Readonly<Record<string, string>>, unknown]>([
    [ASSOCIATE, { InstanceId: "i-1", "IamInstanceProfile.Name": "app" }, { arn: ARN, id: "iip-1" }],
    [
      {
        kind: "ReplaceIamInstanceProfileAssociation",
        region: "eu-north-1",
        instanceId: "i-1",
        associationId: "iip-0",
        iamInstanceProfile: "app",
        replaces: "arn:other",
      },
      { AssociationId: "iip-0", "IamInstanceProfile.Name": "app" },
      { arn: ARN, id: "iip-1" },
    ],
    [
      {
        kind: "DisassociateIamInstanceProfile",
        region: "eu-north-1",
        instanceId: "i-1",
        associationId: "iip-0",
        removes: "arn:other",
      },
      { AssociationId: "iip-0" },
      undefined,
    ],
    [
      { kind: "CreateTags", region: "eu-north-1", instanceId: "i-1", tags: { k: "v" } },
      { "ResourceId.1": "i-1", "Tag.1.Key": "k", "Tag.1.Value": "v" },
      undefined,
    ],
    [
      { kind: "DeleteTags", region: "eu-north-1", instanceId: "i-1", tags: { k: "v" } },
      { "ResourceId.1": "i-1", "Tag.1.Key": "k", "Tag.1.Value": "v" },
      undefined,
    ],
  ])("$kind is one request to its region", async (action, form, created) => {
    server.answerWith(reply(action.kind, made));
    const network = recordingHandler();
    const connection = connectAws({
      clock: new FakeClock(),
      version: "0",
      region: "eu-west-1",
      credentials,
      requestHandler: network.handler,
    });
    await connection.iamWriter.perform(action, never).catch(() => undefined);
    connection.close();
    expect(network.requests.map(({ host }) => host)).toEqual(["ec2.eu-north-1.amazonaws.com"]);
    const { Version: _, ...sent } = Object.fromEntries(network.requests[0]?.form ?? []);
    expect(sent).toEqual({ Action: action.kind, ...form });
    expect(await aws.iamWriter.perform(action, never)).toEqual({ created });
  });
});
