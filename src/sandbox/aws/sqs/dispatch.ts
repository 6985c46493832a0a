import { requestId } from "../account/identifiers.ts";
import type { Session } from "../account/session.ts";
import { denialOf, notAuthorized } from "../authorization/authorize.ts";
import { sessionKeys } from "../authorization/context.ts";
import type { Dispatcher } from "../dispatch.ts";
import { AwsFault, asFault, found } from "../fault.ts";
import { identify } from "../identity.ts";
import type { HttpAnswer } from "../protocol/answer.ts";
import type { CredentialScope } from "../protocol/request.ts";
import { SQS_OPERATIONS } from "./operations.ts";

/** The parts of an HTTP request that the JSON protocol uses. */
export interface JsonHttpParts {
  /** `AmazonSQS.ReceiveMessage` */
  readonly target: string;
  readonly body: string;
  /** Aborts when the connection is closed. */
  readonly signal: AbortSignal;
}

/** Carries out one request to SQS. It is logged and can be denied like any other; hooks and throttling are not for it. */
export async function dispatchSqs(
  dispatcher: Dispatcher,
  http: JsonHttpParts,
  scope: CredentialScope,
): Promise<HttpAnswer> {
  const id = requestId(dispatcher.requestIds);
  const action = http.target.split(".").at(-1) ?? "";
  const end = begin(dispatcher, action, scope);
  try {
    const operation = Object.hasOwn(SQS_OPERATIONS, action) ? SQS_OPERATIONS[action] : undefined;
    if (operation === undefined) throw new AwsFault("InvalidAction", 400, `The action ${action} is not valid.`);
    const input = JSON.parse(http.body === "" ? "{}" : http.body) as Readonly<Record<string, unknown>>;
    const permission = action === "DeleteMessageBatch" ? "sqs:DeleteMessage" : `sqs:${action}`;
    const caller = identify(dispatcher.cloud, "sqs", scope, permission);
    const { accountId } = dispatcher.cloud.home.settings;
    const { region } = scope;
    const name = String(input["QueueUrl"] ?? "").replace(/^.*\//, "");
    const resource = `arn:aws:sqs:${region}:${accountId}:${name}`;
    const keysOf = (session: Session) => sessionKeys(session, region);
    const reason = denialOf(dispatcher.denyActions, caller, { action: permission, resource }, keysOf);
    if (reason !== undefined) {
      throw new AwsFault("AccessDenied", 403, notAuthorized(caller, permission, resource, reason));
    }
    const queue = found(dispatcher.cloud.queues.get(name), noSuchQueue);
    const result = await operation({ queue, input, signal: http.signal });
    end("OK");
    return answer(200, JSON.stringify(result), id);
  } catch (error) {
    const fault = asFault(error);
    end(fault.code);
    const body = JSON.stringify({ __type: `com.amazonaws.sqs#${fault.code}`, message: fault.message });
    const queryCode = fault.code === "QueueDoesNotExist" ? "AWS.SimpleQueueService.NonExistentQueue" : fault.code;
    return answer(fault.status, body, id, { "x-amzn-query-error": `${queryCode};${fault.side}` });
  }
}

const noSuchQueue = () => new AwsFault("QueueDoesNotExist", 400, "The specified queue does not exist.");

function begin(
  { calls, cloud }: Dispatcher,
  action: string,
  { accessKeyId, region }: CredentialScope,
): (result: string) => void {
  return calls.begin({
    atMs: cloud.home.now(),
    service: "sqs",
    region,
    action,
    isWrite: false,
    accessKeyId,
    params: {},
  });
}

function answer(status: number, body: string, id: string, more: Readonly<Record<string, string>> = {}): HttpAnswer {
  return { status, headers: { "content-type": "application/x-amz-json-1.0", "x-amzn-requestid": id, ...more }, body };
}
