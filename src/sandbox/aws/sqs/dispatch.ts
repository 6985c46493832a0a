import { requestContext } from "../../../model/access/access-request.ts";
import { requestId } from "../account/identifiers.ts";
import { isDenied } from "../authorization/authorize.ts";
import { sessionKeys } from "../authorization/context.ts";
import { refusalOf } from "../authorization/session-policies.ts";
import type { Dispatcher } from "../dispatch.ts";
import { AwsFault, asFault } from "../fault.ts";
import type { Caller } from "../handler.ts";
import { identify } from "../identity.ts";
import type { CredentialScope } from "../protocol/request.ts";
import { SQS_OPERATIONS } from "./operations.ts";

/** The parts of an HTTP request that the JSON protocol uses. */
export interface JsonHttpParts {
  /** `AmazonSQS.ReceiveMessage` */
  readonly target: string;
  readonly host: string;
  readonly body: string;
  /** Aborts when the connection is closed. */
  readonly signal: AbortSignal;
}

/** An answer of the JSON protocol. */
export interface JsonAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Carries out one request to SQS. It is logged and can be denied like any other; hooks and throttling are not for it. */
export async function dispatchSqs(
  dispatcher: Dispatcher,
  http: JsonHttpParts,
  scope: CredentialScope,
): Promise<JsonAnswer> {
  const id = requestId(dispatcher.requestIds);
  const action = http.target.split(".").at(-1) ?? "";
  const end = begin(dispatcher, action, scope);
  try {
    const operation = Object.hasOwn(SQS_OPERATIONS, action) ? SQS_OPERATIONS[action] : undefined;
    if (operation === undefined) throw new AwsFault("InvalidAction", 400, `The action ${action} is not valid.`);
    const input = JSON.parse(http.body === "" ? "{}" : http.body) as Readonly<Record<string, unknown>>;
    const permission = `sqs:${action === "DeleteMessageBatch" ? "DeleteMessage" : action}`;
    const caller = identify(dispatcher.cloud, "sqs", scope, permission);
    const { accountId } = dispatcher.cloud.home.settings;
    const { region } = scope;
    const name = String(input["QueueUrl"] ?? "*").replace(/^.*\//, "");
    authorizeSqs(dispatcher, caller, permission, { arn: `arn:aws:sqs:${region}:${accountId}:${name}`, region });
    const result = await operation({
      queues: dispatcher.cloud.queues,
      input,
      urlOf: (queue) => `http://${http.host}/${accountId}/${queue}`,
      accountId,
      region,
      signal: http.signal,
    });
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

/** @throws AwsFault AccessDenied */
function authorizeSqs(
  { denyActions }: Dispatcher,
  caller: Caller,
  permission: string,
  { arn: resource, region }: { readonly arn: string; readonly region: string },
): void {
  const { session } = caller;
  const context = session && requestContext(sessionKeys(session, region));
  const reason = isDenied(denyActions, permission)
    ? `because no identity-based policy allows the ${permission} action`
    : session && context && refusalOf(session, { action: permission, resource, context });
  if (reason === undefined) return;
  const sentence = `User: ${caller.arn} is not authorized to perform: ${permission} on resource: ${resource} ${reason}`;
  throw new AwsFault("AccessDenied", 403, sentence);
}

function begin(
  { calls, cloud }: Dispatcher,
  action: string,
  { accessKeyId, region }: CredentialScope,
): (result: string) => void {
  const isWrite = !/^(Get|List|Receive|Delete)/.test(action);
  return calls.begin({ atMs: cloud.home.now(), service: "sqs", region, action, isWrite, accessKeyId, params: {} });
}

function answer(status: number, body: string, id: string, more: Readonly<Record<string, string>> = {}): JsonAnswer {
  return { status, headers: { "content-type": "application/x-amz-json-1.0", "x-amzn-requestid": id, ...more }, body };
}
