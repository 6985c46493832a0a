import { requestId } from "./account/identifiers.ts";
import { authorize } from "./authorization/authorize.ts";
import type { CallLog } from "./call-log.ts";
import type { Cloud } from "./cloud.ts";
import { ec2Operations } from "./ec2/operations.ts";
import { cloudTrailEvent } from "./event-bridge/cloud-trail-event.ts";
import { AwsFault, asFault, invalidAction } from "./fault.ts";
import type { Call, Operation, Operations } from "./handler.ts";
import { iamOperations } from "./iam/operations.ts";
import { identify } from "./identity.ts";
import type { Interception, RequestHook } from "./interception.ts";
import { faultBody, successBody, type XmlTree } from "./protocol/answer.ts";
import { type AwsRequest, type QueryServiceName, route, type Target } from "./protocol/request.ts";
import type { Random } from "./random.ts";
import { stsOperations } from "./sts/operations.ts";
import type { TokenBuckets } from "./throttle.ts";

const operationsOf: Readonly<Record<QueryServiceName, Operations>> = {
  iam: iamOperations,
  sts: stsOperations,
  ec2: ec2Operations,
};

/** What the endpoint does with an answer: send it, send it later, or destroy the connection instead. */
export type Outcome =
  | {
      readonly kind: "reply";
      readonly status: number;
      readonly requestId: string;
      readonly body: string;
      readonly delayMs: number;
    }
  | { readonly kind: "cut" };

/** Everything between a request and its outcome. */
export interface Dispatcher {
  readonly cloud: Cloud;
  readonly calls: CallLog;
  readonly denyActions: ReadonlySet<string>;
  readonly buckets: TokenBuckets;
  /** Apart from the account's, so that request ids do not change what the account's randomness gives. */
  readonly requestIds: Random;
  hook(): RequestHook | undefined;
}

/** Carries out one request. Rejects only when a hook does. */
export async function dispatch(dispatcher: Dispatcher, request: AwsRequest): Promise<Outcome> {
  const id = requestId(dispatcher.requestIds);
  const target = routeOrFault(dispatcher, request);
  if (target instanceof AwsFault) {
    begin(dispatcher, request, undefined, undefined)(target.code);
    return reply(request.scope?.service === "ec2" ? "ec2" : "iam", request.action, target, id, 0);
  }
  const operation = operationsOf[target.service][request.action];
  const end = begin(dispatcher, request, target, operation);
  const interception = await intercept(dispatcher, request, target.service, operation);
  if (interception?.kind === "cut") {
    if (interception.after === true) {
      perform(dispatcher, request, target, operation, id);
    }
    end("Cut");
    return { kind: "cut" };
  }
  const answer =
    interception?.kind === "error"
      ? new AwsFault(interception.code, interception.status, interception.message)
      : perform(dispatcher, request, target, operation, id);
  end(answer instanceof AwsFault ? answer.code : "OK");
  return reply(target.service, request.action, answer, id, interception?.kind === "delay" ? interception.ms : 0);
}

function begin(
  dispatcher: Dispatcher,
  request: AwsRequest,
  target: Target | undefined,
  operation: Operation | undefined,
): (result: string) => void {
  return dispatcher.calls.begin({
    atMs: dispatcher.cloud.home.now(),
    service: target?.service,
    region: target?.region ?? request.scope?.region ?? "",
    action: request.action,
    isWrite: operation?.kind === "write",
    accessKeyId: request.scope?.accessKeyId,
    params: request.params.toRecord(),
  });
}

function reply(
  service: QueryServiceName,
  action: string,
  answer: XmlTree | undefined | AwsFault,
  id: string,
  delayMs: number,
): Outcome {
  const [status, body] =
    answer instanceof AwsFault
      ? [answer.status, faultBody(service, answer, id)]
      : [200, successBody(service, action, answer, id)];
  return { kind: "reply", status, requestId: id, body, delayMs };
}

function routeOrFault(dispatcher: Dispatcher, request: AwsRequest): Target | AwsFault {
  try {
    return route(request, dispatcher.cloud.home.settings.partition);
  } catch (error) {
    return asFault(error);
  }
}

async function intercept(
  dispatcher: Dispatcher,
  request: AwsRequest,
  service: QueryServiceName,
  operation: Operation | undefined,
): Promise<Interception | undefined> {
  return await dispatcher.hook()?.({
    service,
    action: request.action,
    params: request.params.toRecord(),
    isWrite: operation?.kind === "write",
    sequence: dispatcher.calls.all.at(-1)?.sequence ?? 0,
  });
}

/** The result of a call or the fault it ends in; an error in the sandbox itself is an InternalFailure that names it. */
function perform(
  dispatcher: Dispatcher,
  request: AwsRequest,
  { service, region, scope }: Target,
  operation: Operation | undefined,
  id: string,
): XmlTree | undefined | AwsFault {
  try {
    if (operation === undefined) {
      throw invalidAction(request.action, request.version);
    }
    const { cloud } = dispatcher;
    const caller = identify(cloud, service, scope, `${service}:${request.action}`);
    const call: Call = { cloud, account: caller.account, params: request.params, caller, region };
    throttle(dispatcher, service, operation, call);
    authorize(dispatcher.denyActions, service, request.action, operation, call);
    failNow(call, service, operation);
    const result = operation.handle(call);
    if (operation.kind === "write" && service !== "sts") {
      cloud.queues.publish(cloudTrailEvent({ service, action: request.action, call, requestId: id, result }));
    }
    return result;
  } catch (error) {
    return asFault(error);
  }
}

function throttle({ buckets }: Dispatcher, service: QueryServiceName, { kind }: Operation, { account }: Call): void {
  const { accountId, switches } = account.settings;
  const size = switches.current.throttle;
  if (size === undefined || buckets.take(`${accountId} ${service} ${kind}`, size)) {
    return;
  }
  throw service === "ec2"
    ? new AwsFault("RequestLimitExceeded", 503, "Request limit exceeded.")
    : new AwsFault("Throttling", 400, "Rate exceeded");
}

const passingFaults: Readonly<Record<string, { readonly status: number; readonly message: string }>> = {
  EntityTemporarilyUnmodifiable: {
    status: 409,
    message: "The entity is temporarily unmodifiable. Please wait and try again.",
  },
  ConcurrentModification: {
    status: 409,
    message: "Multiple requests to change this object were submitted simultaneously. Please wait and try again.",
  },
  ServiceFailure: { status: 500, message: "The request processing has failed because of an unknown error." },
};

function failNow({ account }: Call, service: QueryServiceName, operation: Operation): void {
  if (service !== "iam" || operation.kind !== "write") {
    return;
  }
  const code = account.takePassingFault();
  const fault = code === undefined ? undefined : passingFaults[code];
  if (code !== undefined && fault !== undefined) {
    throw new AwsFault(code, fault.status, fault.message);
  }
}
