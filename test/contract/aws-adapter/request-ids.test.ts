import { afterAll, beforeAll, expect, test } from "vitest";
import type { AwsReply } from "../../../src/aws/client/client-config.ts";
import { ControllerError } from "../../../src/errors.ts";
import type { Action } from "../../../src/plan/action.ts";
import {
  type Answer,
  type AnsweringServer,
  awsError,
  awsReply,
  connectTo,
  hangUp,
  page,
  startAnsweringServer,
} from "./answering-server.ts";

const never = new AbortController().signal;
const deleteRole: Action = { kind: "DeleteRole", roleName: "app" };
const FIRST_ID = "00000000-0000-0000-0000-000000000001";

let server: AnsweringServer;
beforeAll(async () => {
  server = await startAnsweringServer();
});
afterAll(() => server.close());

/** What one write came to, and what was told of its replies. */
async function write(answer: Answer) {
  server.answerWith(answer);
  const replies: AwsReply[] = [];
  const aws = connectTo(server, { onReply: (reply) => replies.push(reply) });
  const error = await aws.iamWriter.perform(deleteRole, never).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  aws.close();
  return { error, replies };
}

test("a failure has AWS's name of the request beside its message, not in it", async () => {
  const { error } = await write(awsError(409, "DeleteConflict", "must detach all policies first"));
  expect(error).toBeInstanceOf(ControllerError);
  expect(error).toMatchObject({ reason: "DeleteConflict", requestId: FIRST_ID });
  expect((error as ControllerError).message).not.toContain(FIRST_ID);
});

test.each<[string, Answer]>([
  ["a connection that was cut", hangUp],
  ["the page of a proxy", page(502, "<html>bad gateway</html>")],
])("%s has no name of a request", async (_what, answer) => {
  const { error, replies } = await write(answer);
  expect(error).toMatchObject({ disposition: "retryable", requestId: undefined });
  expect(replies).toEqual([]);
});

test("each reply is told with the name of its request, whether it is a success or a refusal", async () => {
  const about = { service: "IAM", operation: "DeleteRole" };
  expect((await write(awsReply("DeleteRole", ""))).replies).toEqual([{ ...about, requestId: "r-1", isSuccess: true }]);
  const refused = await write(awsError(403, "AccessDenied", "no"));
  expect(refused.replies).toEqual([{ ...about, requestId: FIRST_ID, isSuccess: false }]);
});
