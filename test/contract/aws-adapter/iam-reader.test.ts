import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AwsConnection } from "../../../src/aws/aws-connection.ts";
import { type AnsweringServer, awsError, awsReply, connectTo, startAnsweringServer } from "./answering-server.ts";

const never = new AbortController().signal;
let server: AnsweringServer;
let aws: AwsConnection;

beforeAll(async () => {
  server = await startAnsweringServer();
  aws = connectTo(server);
});
afterAll(async () => {
  aws.close();
  await server.close();
});

const BARE_ROLE =
  "<Path>/</Path><RoleName>app</RoleName><RoleId>AROAEXAMPLE</RoleId><Arn>AROAEXAMPLE</Arn>" +
  "<CreateDate>2026-01-01T00:00:00Z</CreateDate><AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%22%7D</AssumeRolePolicyDocument>";

describe("a role", () => {
  test("what IAM leaves out is what it means by that", async () => {
    server.answerWith(awsReply("GetRole", `<Role>${BARE_ROLE}</Role>`));
    expect(await aws.iamReader.getRole("app", never)).toEqual({
      presence: "present",
      roleName: "app",
      arn: "AROAEXAMPLE",
      roleId: "AROAEXAMPLE",
      createdTime: "2026-01-01T00:00:00.000Z",
      path: "/",
      description: "",
      maxSessionDurationSeconds: 3600,
      permissionsBoundaryArn: undefined,
      tags: {},
      trustPolicy: "%7B%22Version%22%3A%222012-10-17%22%7D",
    });
  });

  test("everything IAM says is kept, tags with odd keys too", async () => {
    const tag = (key: string, value: string): string => `<member><Key>${key}</Key><Value>${value}</Value></member>`;
    const more =
      "<Description>a &lt;b&gt; &amp; c</Description><MaxSessionDuration>43200</MaxSessionDuration><PermissionsBoundary>" +
      "<PermissionsBoundaryType>Policy</PermissionsBoundaryType><PermissionsBoundaryArn>arn:b</PermissionsBoundaryArn></PermissionsBoundary>" +
      `<Tags>${tag("team", "a")}${tag("__proto__", "x")}<member><Key>empty</Key><Value/></member></Tags>`;
    server.answerWith(awsReply("GetRole", `<Role>${BARE_ROLE}${more}</Role>`));
    const role = await aws.iamReader.getRole("app", never);
    expect(role).toMatchObject({
      description: "a <b> & c",
      maxSessionDurationSeconds: 43_200,
      permissionsBoundaryArn: "arn:b",
    });
    expect(role.presence === "present" && Object.entries(role.tags)).toEqual([
      ["team", "a"],
      ["__proto__", "x"],
      ["empty", ""],
    ]);
  });
});

describe("what is not there", () => {
  const gone = awsError(404, "NoSuchEntity", "The role with name app cannot be found.");

  test("a role, a policy, a profile that IAM does not find are absent", async () => {
    server.answerWith(gone);
    expect(await aws.iamReader.getRole("app", never)).toEqual({ presence: "absent" });
    expect(await aws.iamReader.getInstanceProfile("app", never)).toEqual({ presence: "absent" });
    expect(await aws.iamReader.getRolePolicy("app", "s3", never)).toBeUndefined();
  });

  test("the lists of a role that is gone are a conflict: look again", async () => {
    server.answerWith(gone);
    const expected = { disposition: "conflict", reason: "NotYetVisible" };
    await expect(aws.iamReader.listRolePolicies("app", never)).rejects.toMatchObject(expected);
    await expect(aws.iamReader.listAttachedRolePolicies("app", never)).rejects.toMatchObject(expected);
  });

  test.each([
    [403, "AccessDenied", "blocked"],
    [500, "ServiceFailure", "retryable"],
    [404, "NotFound", "retryable"],
  ])("%d %s is an error, never 'absent'", async (status, code, disposition) => {
    server.answerWith(awsError(status, code, "no"));
    await expect(aws.iamReader.getRole("app", never)).rejects.toMatchObject({ disposition });
    await expect(aws.iamReader.getRolePolicy("app", "s3", never)).rejects.toMatchObject({ disposition });
    await expect(aws.iamReader.getInstanceProfile("app", never)).rejects.toMatchObject({ disposition });
  });
});

describe("lists", () => {
  const names = (...members: readonly string[]): string =>
    `<PolicyNames>${members.map((name) => `<member>${name}</member>`).join("")}</PolicyNames>`;
  const more = (marker: string): string => `<IsTruncated>true</IsTruncated><Marker>${marker}</Marker>`;
  const END = "<IsTruncated>false</IsTruncated>";

  test("all pages are read, empty ones too, and the names come sorted", async () => {
    server.answerWith(
      awsReply("ListRolePolicies", names("c") + more("m1")),
      awsReply("ListRolePolicies", names() + more("m2")),
      awsReply("ListRolePolicies", names("b", "a") + END),
    );
    expect(await aws.iamReader.listRolePolicies("app", never)).toEqual(["a", "b", "c"]);
    expect(server.received.map((form) => form.get("Marker"))).toEqual([null, "m1", "m2"]);
    expect(server.received[0]?.get("MaxItems")).toBe("1000");
  });

  test("attached policies come as sorted ARNs", async () => {
    const member = (name: string): string =>
      `<member><PolicyName>${name}</PolicyName><PolicyArn>arn:aws:iam::aws:policy/${name}</PolicyArn></member>`;
    const reply = `<AttachedPolicies>${member("B")}${member("A")}</AttachedPolicies>${END}`;
    server.answerWith(awsReply("ListAttachedRolePolicies", reply));
    expect(await aws.iamReader.listAttachedRolePolicies("app", never)).toEqual([
      "arn:aws:iam::aws:policy/A",
      "arn:aws:iam::aws:policy/B",
    ]);
  });

  test.each([
    ["promises more without saying where", `${names("a")}<IsTruncated>true</IsTruncated>`],
    ["leads back to itself", names("a") + more("same")],
  ])("a list that %s is an error, not half a list", async (_what, reply) => {
    server.answerWith(awsReply("ListRolePolicies", reply));
    await expect(aws.iamReader.listRolePolicies("app", never)).rejects.toMatchObject({
      disposition: "retryable",
      reason: "UnexpectedReply",
    });
  });
});

describe("an instance profile", () => {
  const profile = (roles: string): string =>
    "<InstanceProfile><Path>/apps/</Path><InstanceProfileName>p</InstanceProfileName><InstanceProfileId>AIPAEXAMPLE</InstanceProfileId>" +
    `<Arn>arn:aws:iam::123456789012:instance-profile/apps/p</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate><Roles>${roles}</Roles>` +
    "<Tags><member><Key>team</Key><Value>a</Value></member></Tags></InstanceProfile>";
  const facts = {
    presence: "present",
    instanceProfileName: "p",
    arn: "arn:aws:iam::123456789012:instance-profile/apps/p",
    id: "AIPAEXAMPLE",
    createdTime: "2026-01-01T00:00:00.000Z",
    path: "/apps/",
    tags: { team: "a" },
  };

  test("names its role", async () => {
    server.answerWith(awsReply("GetInstanceProfile", profile(`<member>${BARE_ROLE}</member>`)));
    expect(await aws.iamReader.getInstanceProfile("p", never)).toEqual({ ...facts, roleName: "app" });
  });

  test("may have none", async () => {
    server.answerWith(awsReply("GetInstanceProfile", profile("")));
    expect(await aws.iamReader.getInstanceProfile("p", never)).toEqual({ ...facts, roleName: undefined });
  });
});
