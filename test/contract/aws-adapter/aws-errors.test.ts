import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AwsConnection, connectAws } from "../../../src/aws/aws-connection.ts";
import type { AwsClientOptions } from "../../../src/aws/client/client-config.ts";
import { BlockedError, ControllerError, type Disposition } from "../../../src/errors.ts";
import type { Action } from "../../../src/plan/action.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { type Answer, type AnsweringServer, awsError, hangUp, page, startAnsweringServer } from "./answering-server.ts";

const never = new AbortController().signal;
const putPolicy: Action = { kind: "PutRolePolicy", roleName: "app", policyName: "s3", document: "{}", changes: [] };

let server: AnsweringServer;
let aws: AwsConnection;

beforeAll(async () => {
  server = await startAnsweringServer();
  aws = connect({});
});
afterAll(async () => {
  aws.close();
  await server.close();
});

function connect(options: Partial<AwsClientOptions>): AwsConnection {
  const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" };
  return connectAws({
    clock: systemClock,
    version: "0",
    region: "eu-west-1",
    endpoint: server.url,
    credentials,
    ...options,
  });
}

async function failure(attempt: Promise<unknown>): Promise<ControllerError> {
  const error = await attempt.then(
    () => new Error("It succeeded."),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ControllerError)) throw error;
  return error;
}

async function failureOf(answer: Answer, action: Action = putPolicy): Promise<ControllerError> {
  server.answerWith(answer);
  return failure(aws.iamWriter.perform(action, never));
}

const TABLE: readonly (readonly [number, string, Disposition, string])[] = [
  [400, "Throttling", "throttled", "Throttled"],
  [400, "ThrottlingException", "throttled", "Throttled"],
  [400, "RequestThrottled", "throttled", "Throttled"],
  [400, "RequestLimitExceeded", "throttled", "Throttled"],
  [503, "RequestLimitExceeded", "throttled", "Throttled"],
  [429, "SomethingNew", "throttled", "Throttled"],
  [409, "LimitExceeded", "blocked", "LimitExceeded"],
  [500, "ServiceFailure", "retryable", "ServiceFailure"],
  [500, "InternalFailure", "retryable", "ServiceFailure"],
  [503, "ServiceUnavailable", "retryable", "ServiceUnavailable"],
  [503, "Unavailable", "retryable", "ServiceUnavailable"],
  [409, "ConcurrentModification", "conflict", "ConcurrentModification"],
  [409, "EntityTemporarilyUnmodifiable", "retryable", "EntityTemporarilyUnmodifiable"],
  [409, "DeleteConflict", "conflict", "DeleteConflict"],
  [409, "EntityAlreadyExists", "conflict", "EntityAlreadyExists"],
  [404, "NoSuchEntity", "conflict", "NotYetVisible"],
  [400, "MalformedPolicyDocument", "terminal", "MalformedPolicyDocument"],
  [400, "InvalidInput", "terminal", "InvalidInput"],
  [400, "ValidationError", "terminal", "InvalidInput"],
  [400, "PolicyNotAttachable", "terminal", "PolicyNotAttachable"],
  [400, "UnmodifiableEntity", "terminal", "UnmodifiableEntity"],
  [403, "AccessDenied", "blocked", "AccessDenied"],
  [403, "UnauthorizedOperation", "blocked", "AccessDenied"],
  [403, "ExpiredToken", "blocked", "ExpiredToken"],
  [403, "InvalidClientTokenId", "blocked", "CredentialsRejected"],
  [403, "SignatureDoesNotMatch", "blocked", "CredentialsRejected"],
  [400, "RequestExpired", "blocked", "ClockSkew"],
  [400, "SomethingNew", "retryable", "SomethingNew"],
  [418, "not a reason!", "retryable", "UnexpectedReply"],
  [502, "SomethingNew", "retryable", "ServiceFailure"],
  [400, "constructor", "retryable", "UnexpectedReply"],
];

describe("what AWS's codes mean, over the wire", () => {
  test.each(TABLE)("%d %s is %s (%s) and is sent once", async (status, code, disposition, reason) => {
    const error = await failureOf(awsError(status, code, "AWS&apos;s words."));
    expect(error).toMatchObject({ disposition, reason });
    expect(error.message).toContain(`PutRolePolicy on inline policy s3 of role app: ${code}: `);
    expect(server.received).toHaveLength(1);
  });

  test("a message is the call, the entity, the code and IAM's words", async () => {
    const error = await failureOf(awsError(400, "MalformedPolicyDocument", "Syntax errors in policy."));
    expect(error.message).toBe(
      "PutRolePolicy on inline policy s3 of role app: MalformedPolicyDocument: Syntax errors in policy.",
    );
  });

  test("attempts that fail alike have the same message, though each has its own request id and session", async () => {
    const denied = (session: string) =>
      `User: arn:aws:sts::123456789012:assumed-role/controller/${session} is not authorized to perform: ` +
      "iam:PutRolePolicy on resource: role app because no identity-based policy allows the iam:PutRolePolicy action";
    const first = await failureOf(awsError(403, "AccessDenied", denied("aws-sdk-js-session-1795457341123")));
    const second = await failureOf(awsError(403, "AccessDenied", denied("aws-sdk-js-session-1795460941456")));
    expect(first).toBeInstanceOf(BlockedError);
    expect(first.message).toBe(second.message);
    expect(first.message).toContain("assumed-role/controller is not authorized to perform: iam:PutRolePolicy");
  });

  test("a signature that is too old says to set the clock's or the credentials right, without the moment", async () => {
    const words = (time: string) => `Signature expired: ${time} is now earlier than 20261123T180000Z`;
    const first = await failureOf(awsError(403, "SignatureDoesNotMatch", words("20261123T170000Z")));
    const second = await failureOf(awsError(403, "SignatureDoesNotMatch", words("20261123T171500Z")));
    expect(first.message).toBe(second.message);
    expect(first.message).toContain("clock");
  });

  test("an unknown principal in a trust policy is told apart from other malformed policies", async () => {
    const trust: Action = { kind: "UpdateAssumeRolePolicy", roleName: "app", document: "{}", changes: [] };
    const words = "Invalid principal in policy: &quot;AWS&quot;:&quot;arn:aws:iam::123456789012:role/new&quot;";
    const error = await failureOf(awsError(400, "MalformedPolicyDocument", words), trust);
    expect(error).toMatchObject({ disposition: "terminal", reason: "InvalidPrincipal" });
    expect(error.message).toContain('"arn:aws:iam::123456789012:role/new"');
  });

  test("a managed policy that does not exist waits for a person, not for IAM", async () => {
    const policyArn = "arn:aws:iam::123456789012:policy/nope";
    const attach: Action = { kind: "AttachRolePolicy", roleName: "app", policyArn };
    const words = `Policy ${policyArn} does not exist or is not attachable.`;
    const error = await failureOf(awsError(404, "NoSuchEntity", words), attach);
    expect(error).toMatchObject({ disposition: "blocked", reason: "PolicyNotFound" });
  });

  test("a new role whose boundary does not exist waits for a person too, whatever the words", async () => {
    const create: Action = {
      kind: "CreateRole",
      roleName: "app",
      path: "/",
      description: "",
      maxSessionDurationSeconds: 3600,
      permissionsBoundaryArn: "arn:aws:iam::123456789012:policy/nope",
      document: "{}",
      tags: {},
    };
    const error = await failureOf(awsError(404, "NoSuchEntity", "Scope ARN is unknown."), create);
    expect(error).toMatchObject({ disposition: "blocked", reason: "PolicyNotFound" });
  });

  test("a profile that holds another role by now is looked at anew, not taken for a quota", async () => {
    const add: Action = { kind: "AddRoleToInstanceProfile", instanceProfileName: "app", roleName: "app" };
    const words = "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1";
    const error = await failureOf(awsError(409, "LimitExceeded", words), add);
    expect(error).toMatchObject({ disposition: "conflict", reason: "InstanceProfileOccupied" });
  });

  test("a refused value is not repeated in full", async () => {
    const words = `1 validation error detected: Value '${"x".repeat(20_000)}' at 'policyDocument' failed`;
    expect((await failureOf(awsError(400, "ValidationError", words))).message.length).toBeLessThan(1_000);
  });

  test("the wait that a throttling reply asks for is passed on", async () => {
    const error = await failureOf(page(429, "", { "retry-after": "7" }));
    expect(error).toMatchObject({ disposition: "throttled", reason: "Throttled", retryAfterMs: 7_000 });
  });
});

describe("replies that are no AWS error documents", () => {
  const HTML = "<!doctype html>\n<html lang=en><title>500 Internal Server Error</title><h1>Oops</h1>";

  test.each([
    ["a crash's page", page(500, HTML), "ServiceFailure"],
    ["a proxy's text", page(502, "Bad gateway"), "ServiceFailure"],
    ["an empty 404", page(404, ""), "UnexpectedReply"],
    ["an empty 503", page(503, ""), "ServiceUnavailable"],
    ["a firewall's JSON", page(403, '{"message":"Forbidden"}'), "UnexpectedReply"],
    ["a redirect", page(302, "", { location: "https://login.example/" }), "UnexpectedReply"],
    ["a success that is no XML", page(200, "hello"), "UnexpectedReply"],
  ])("%s is retryable", async (_name, answer, reason) => {
    const error = await failureOf(answer);
    expect(error).toMatchObject({ disposition: "retryable", reason });
    expect(error.message).toMatch(
      /^PutRolePolicy on inline policy s3 of role app: HTTP \d+ without an AWS error document$/,
    );
    expect(server.received).toHaveLength(1);
  });

  test.each([
    ["GetRole", () => aws.iamReader.getRole("app", never)],
    ["ListRolePolicies", () => aws.iamReader.listRolePolicies("app", never)],
    ["GetRolePolicy", () => aws.iamReader.getRolePolicy("app", "s3", never)],
    ["ListAttachedRolePolicies", () => aws.iamReader.listAttachedRolePolicies("app", never)],
    ["GetInstanceProfile", () => aws.iamReader.getInstanceProfile("app", never)],
    ["GetCallerIdentity", () => aws.accountIdentity.accountId(never)],
    ["CreateRole", () => aws.iamWriter.perform(createRole, never)],
  ])("a login page in place of %s's reply is never read as 'nothing there'", async (_name, attempt) => {
    server.answerWith(page(200, "<html><body>Please log in</body></html>"));
    expect(await failure(attempt())).toMatchObject({ disposition: "retryable", reason: "UnexpectedReply" });
  });

  const createRole: Action = {
    kind: "CreateRole",
    roleName: "app",
    path: "/",
    description: "",
    maxSessionDurationSeconds: 3600,
    permissionsBoundaryArn: undefined,
    document: "{}",
    tags: {},
  };
});

describe("no reply at all", () => {
  test("a write whose connection breaks is retryable and not sent again: it may have been carried out", async () => {
    const error = await failureOf(hangUp);
    expect(error).toMatchObject({ disposition: "retryable", reason: "EndpointUnreachable" });
    expect(error.message).toContain(`no reply from ${server.host} (ECONNRESET)`);
    expect(server.received).toHaveLength(1);
  });

  test("a reply that breaks off is retryable", async () => {
    const error = await failureOf((request, response) => {
      response.writeHead(200, { "content-length": "1000" });
      response.write("<PutRole", () => request.socket.destroy());
    });
    expect(error).toMatchObject({ disposition: "retryable", reason: "EndpointUnreachable" });
  });

  test.each([
    ["nobody listens", "http://127.0.0.1:1", "no reply from 127.0.0.1:1 (ECONNREFUSED)"],
    ["the server speaks no TLS", "https", "(EPROTO)"],
  ])("%s: retryable, and the host is named", async (_name, endpoint, words) => {
    const unreachable = connect({ endpoint: endpoint === "https" ? `https://${server.host}` : endpoint });
    const error = await failure(unreachable.iamReader.getRole("app", never));
    expect(error).toMatchObject({ disposition: "retryable", reason: "EndpointUnreachable" });
    expect(error.message).toContain(words);
  });

  test("an endpoint that is no URL is somebody's to mend", async () => {
    const error = await failure(connect({ endpoint: "localhost 4566" }).iamReader.getRole("app", never));
    expect(error).toMatchObject({ disposition: "blocked", reason: "InvalidEndpoint" });
    expect(error.message).toContain('"localhost 4566" is not a URL');
  });
});
