import { randomUUID } from "node:crypto";
import type { Call } from "../handler.ts";
import { timestamp, type XmlTree } from "../protocol/answer.ts";
import type { Params } from "../protocol/params.ts";
import type { QueryServiceName } from "../protocol/request.ts";

/** A successful write, as EventBridge reports it. */
export interface RecordedCall {
  readonly service: Exclude<QueryServiceName, "sts">;
  readonly action: string;
  readonly call: Call;
  readonly requestId: string;
  readonly result: XmlTree | undefined;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * The event that EventBridge sends for a call that CloudTrail has recorded.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
 */
export function cloudTrailEvent({ service, action, call, requestId, result }: RecordedCall): string {
  const eventId = randomUUID();
  const { account, caller, region } = call;
  const { accountId } = account.settings;
  const time = timestamp(account.now());
  const detail = {
    eventVersion: "1.11",
    userIdentity: userIdentity(call),
    eventTime: time,
    eventSource: `${service}.amazonaws.com`,
    eventName: action,
    awsRegion: region,
    sourceIPAddress: "127.0.0.1",
    userAgent: "sandbox",
    requestParameters: requestParameters(call.params),
    // Of IAM, only creations have any that matter; EC2's name the instances.
    responseElements: service === "ec2" ? { ...result } : null,
    requestID: requestId,
    eventID: eventId,
    readOnly: false,
    eventType: "AwsApiCall",
    managementEvent: true,
    recipientAccountId: caller.account.settings.accountId,
    eventCategory: "Management",
  };
  return JSON.stringify({
    version: "0",
    id: eventId,
    "detail-type": "AWS API Call via CloudTrail",
    source: `aws.${service}`,
    account: accountId,
    time,
    region,
    resources: [],
    detail,
  });
}

function userIdentity({ caller }: Call): Json {
  const { accountId } = caller.account.settings;
  const { arn, userId: principalId, session } = caller;
  if (session === undefined) return { type: "IAMUser", principalId, arn, accountId, userName: arn.split("/").at(-1) };
  const sessionIssuer = { type: "Role", principalId: session.roleId, accountId, userName: session.roleName };
  return { type: "AssumedRole", principalId, arn, accountId, sessionContext: { sessionIssuer } };
}

/** `Tags.member.1.Key` as `tags: [{key}]`, and `IamInstanceProfile.Name` as `iamInstanceProfile: {name}`. */
function requestParameters(params: Params): Json {
  const root = emptyJson();
  for (const [name, value] of Object.entries(params.toRecord())) {
    if (name === "Action" || name === "Version") continue;
    const steps = name.split(".").filter((step) => step !== "member");
    put(root, steps.map(lowerFirst), value);
  }
  return root;
}

function put(into: Record<string, unknown>, [step = "", ...rest]: readonly string[], value: string): void {
  if (rest.length === 0) {
    into[step] = value;
    return;
  }
  const known = into[step];
  const inner = typeof known === "object" && known !== null ? (known as Record<string, unknown>) : emptyJson();
  into[step] = inner;
  put(inner, rest, value);
}

/** An object without a prototype: the names of parameters, such as `__proto__.a`, are the client's. */
function emptyJson(): Record<string, unknown> {
  return Object.create(null) as Record<string, unknown>;
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
