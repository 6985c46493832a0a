import { CreateRoleCommand, GetRoleCommand, IAMClient, ListRolesCommand } from "@aws-sdk/client-iam";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { IncomingCall } from "../../../src/sandbox/aws/interception.ts";
import { type AwsSandbox, startAwsSandbox } from "../../../src/sandbox/aws/server.ts";
import { ec2Trust } from "../../unit/sandbox/aws/in-process.ts";

let sandbox: AwsSandbox;
let iam: IAMClient;

const client = (endpoint: string, accessKeyId: string): IAMClient =>
  new IAMClient({
    endpoint,
    region: "us-east-1",
    maxAttempts: 1,
    credentials: { accessKeyId, secretAccessKey: "secret" },
  });

beforeAll(async () => {
  sandbox = await startAwsSandbox();
  iam = client(sandbox.url, "AKIACONTROLLER");
  await iam.send(new ListRolesCommand({}));
});
beforeEach(() => sandbox.reset());
afterAll(() => sandbox.close());

const create = (RoleName = "app"): Promise<unknown> =>
  iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: ec2Trust }));

test("listens on the loopback address only", () => {
  expect(sandbox.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
});

describe("a hook", () => {
  test("answers with an error of its own, and nothing is carried out", async () => {
    const seen: IncomingCall[] = [];
    sandbox.onRequest((call) => {
      seen.push(call);
      return { kind: "error", code: "ServiceFailure", status: 500, message: "no" };
    });
    await expect(create()).rejects.toMatchObject({ Code: "ServiceFailure", $metadata: { httpStatusCode: 500 } });
    expect(sandbox.snapshot().roles).toEqual({});
    expect(seen).toMatchObject([{ service: "iam", action: "CreateRole", isWrite: true, params: { RoleName: "app" } }]);
  });

  test("cuts the connection before the call is carried out", async () => {
    sandbox.onRequest(() => ({ kind: "cut" }));
    await expect(create()).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(sandbox.snapshot().roles).toEqual({});
  });

  test("cuts the connection after the call is carried out", async () => {
    sandbox.onRequest(() => ({ kind: "cut", after: true }));
    await expect(create()).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(Object.keys(sandbox.snapshot().roles)).toEqual(["app"]);
    expect(sandbox.calls.all).toMatchObject([{ action: "CreateRole", result: "Cut", isWrite: true }]);
  });

  test("delays the answer, not the deed", async () => {
    sandbox.onRequest(({ action }) => (action === "CreateRole" ? { kind: "delay", ms: 20 } : undefined));
    const start = performance.now();
    const creation = create();
    while (Object.keys(sandbox.snapshot().roles).length === 0) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    await creation;
    expect(performance.now() - start).toBeGreaterThanOrEqual(19);
  });

  test("may take its time to decide", async () => {
    let release = (): void => undefined;
    const gate = new Promise<undefined>((resolve) => {
      release = () => resolve(undefined);
    });
    sandbox.onRequest(() => gate);
    const creation = create();
    release();
    await creation;
  });
});

test("logs every call with its names, its caller and how it ended", async () => {
  await create();
  await expect(iam.send(new GetRoleCommand({ RoleName: "none" }))).rejects.toThrow();
  await client(sandbox.url, "AKIASOMEONE").send(new ListRolesCommand({ PathPrefix: "/x/" }));
  expect(sandbox.calls.all).toMatchObject([
    { sequence: 1, service: "iam", action: "CreateRole", names: { RoleName: "app" }, isWrite: true, result: "OK" },
    { sequence: 2, action: "GetRole", names: { RoleName: "none" }, isWrite: false, result: "NoSuchEntity" },
    { sequence: 3, action: "ListRoles", names: { PathPrefix: "/x/" }, accessKeyId: "AKIASOMEONE" },
  ]);
  expect(sandbox.calls.counts()).toEqual({ CreateRole: 1, GetRole: 1, ListRoles: 1 });
  expect(sandbox.calls.count({ accessKeyId: "AKIACONTROLLER" })).toBe(2);
  expect(sandbox.calls.writes()).toEqual(["CreateRole"]);
  sandbox.calls.reset();
  expect(sandbox.calls.all).toEqual([]);
});

test("never logs documents, signatures or secrets", async () => {
  await create();
  expect(JSON.stringify(sandbox.calls.all)).not.toMatch(/sts:AssumeRole|secret|Signature/);
});

test("logs calls that it could not route", async () => {
  const response = await fetch(sandbox.url, { method: "POST", body: "Action=ListRoles&Version=2010-05-08" });
  expect(response.status).toBe(403);
  expect(sandbox.calls.all).toMatchObject([{ action: "ListRoles", result: "MissingAuthenticationToken" }]);
});

test("is as new after a reset", async () => {
  await create();
  sandbox.denyActions.add("iam:*");
  sandbox.reset();
  expect(sandbox.snapshot()).toEqual({ roles: {}, instanceProfiles: {}, policies: {}, instances: [] });
  await create();
});

test("shows the truth as plain JSON, with ids or without", async () => {
  await create();
  const snapshot = sandbox.snapshot();
  expect(JSON.parse(JSON.stringify(snapshot))).toEqual(snapshot);
  expect(snapshot.roles["app"]).toEqual({
    arn: "arn:aws:iam::123456789012:role/app",
    id: expect.stringMatching(/^AROA/),
    path: "/",
    maxSessionSeconds: 3_600,
    trustPolicy: JSON.parse(ec2Trust),
    tags: {},
    inlinePolicies: {},
    managedPolicyArns: [],
  });
  expect(sandbox.snapshot({ ids: "omit" }).roles["app"]).not.toHaveProperty("id");
});

test("survives text that XML cannot take as it is", async () => {
  const Description = "<a> & \"b\" 'c'\tü";
  await iam.send(new CreateRoleCommand({ RoleName: "app", AssumeRolePolicyDocument: ec2Trust, Description }));
  const { Role } = await iam.send(new GetRoleCommand({ RoleName: "app" }));
  expect(Role?.Description).toBe(Description);
});

test("answers calls in the query string as well as in the body", async () => {
  const credential = encodeURIComponent("AKIA/20260101/us-east-1/sts/aws4_request");
  const response = await fetch(
    `${sandbox.url}/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Credential=${credential}`,
  );
  expect(await response.text()).toContain("<Account>123456789012</Account>");
});
