import { messageText } from "../../text/safe-text.ts";
import { instanceIdsIn } from "./instance-ids.ts";
import { type Touched, touchedBy } from "./touched-entities.ts";

/**
 * One change in AWS, as CloudTrail reports it through EventBridge.
 *
 * Nothing in it is proof: anybody who can write to the queue can invent it, and it can be lost, late or doubled. It says where to read.
 */
export interface ChangeEvent {
  readonly accountId: string;
  readonly region: string;
  /** The API action, such as `PutRolePolicy`. */
  readonly action: string;
  /** Who made the change, safe to show. */
  readonly principal: string;
  /** RFC 3339. */
  readonly time: string;
  /** The id that AWS gave the request. */
  readonly requestId: string | undefined;
  /** The IAM entities that the change concerns. */
  readonly touched: readonly Touched[];
  /** The ids of instances and associations that the change names; only of EC2. */
  readonly instanceIds: readonly string[];
}

/** What a message of the queue is: a change, nothing that concerns IAM or instances, or no event at all. */
export type EventReading =
  | { readonly kind: "change"; readonly event: ChangeEvent }
  | { readonly kind: "irrelevant" }
  | { readonly kind: "malformed" };

/** The maximum size of an event that CloudTrail gives to EventBridge: 256 KB. An SQS message can be larger. */
const MAX_BODY_CHARS = 262_144;
const MAX_PRINCIPAL_CHARS = 256;
const MAX_ACTION_CHARS = 128;
const MAX_REQUEST_ID_CHARS = 128;
const MAX_REGION_CHARS = 64;

const MALFORMED: EventReading = { kind: "malformed" };
const IRRELEVANT: EventReading = { kind: "irrelevant" };

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads the body of a message that EventBridge has put into the queue. Expects hostile input: everything is bounded and checked, and
 * nothing raises. The texts of an event are parts of the body, and keep all of it in memory: what is kept must be a copy.
 */
export function readChangeEvent(body: string): EventReading {
  const envelope = body.length > MAX_BODY_CHARS ? undefined : parsed(body);
  if (envelope === undefined || textIn(envelope, "source") === undefined) return MALFORMED;
  // Console sign-ins, service events and everything else that a wider rule sends.
  if (textIn(envelope, "detail-type") !== "AWS API Call via CloudTrail") return IRRELEVANT;
  const detail = fieldsIn(envelope, "detail") ?? {};
  const action = textIn(detail, "eventName");
  const accountId = textIn(envelope, "account") ?? "";
  const time = textIn(detail, "eventTime");
  if (action === undefined || !/^\d{12}$/.test(accountId) || !isTime(time)) return MALFORMED;
  const found = concernsOf(action, detail);
  if (found.touched.length === 0 && found.instanceIds.length === 0) return IRRELEVANT;
  const event: ChangeEvent = {
    accountId,
    region: (textIn(detail, "awsRegion") ?? textIn(envelope, "region") ?? "").slice(0, MAX_REGION_CHARS),
    action: messageText(action, MAX_ACTION_CHARS),
    principal: principalOf(fieldsIn(detail, "userIdentity") ?? {}),
    time,
    requestId: textIn(detail, "requestID")?.slice(0, MAX_REQUEST_ID_CHARS),
    ...found,
  };
  return { kind: "change", event };
}

type Concerns = Pick<ChangeEvent, "touched" | "instanceIds">;

const NOTHING: Concerns = { touched: [], instanceIds: [] };

function concernsOf(action: string, detail: Fields): Concerns {
  // A refused call has changed nothing.
  if (detail["readOnly"] === true || (detail["errorCode"] ?? null) !== null) return NOTHING;
  const request = fieldsIn(detail, "requestParameters") ?? {};
  switch (textIn(detail, "eventSource")) {
    case "iam.amazonaws.com":
      return { ...NOTHING, touched: touchedBy({ action, request }) };
    case "ec2.amazonaws.com":
      return { ...NOTHING, instanceIds: instanceIdsIn([request, detail["responseElements"]]) };
    default:
      return NOTHING;
  }
}

/** The ARN of the caller; for a service on behalf of a user its name. */
function principalOf(identity: Fields): string {
  const name = textIn(identity, "arn") ?? textIn(identity, "invokedBy") ?? textIn(identity, "type");
  return name === undefined ? "an unknown principal" : messageText(name, MAX_PRINCIPAL_CHARS);
}

function isTime(time: string | undefined): time is string {
  return (
    time !== undefined &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/.test(time) &&
    !Number.isNaN(Date.parse(time))
  );
}

function parsed(body: string): Fields | undefined {
  try {
    return asFields(JSON.parse(body));
  } catch {
    return undefined;
  }
}

function fieldsIn(fields: Fields | undefined, name: string): Fields | undefined {
  return asFields(fields?.[name]);
}

function textIn(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

function asFields(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}
