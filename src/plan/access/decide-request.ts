import type { AccessRequest } from "../../model/access/access-request.ts";
import {
  COLON_READINGS,
  type CompiledPolicies,
  compilePolicies,
  type EvaluateOptions,
  type UnknownStatement,
} from "../../model/access/evaluate/evaluate.ts";
import { statementsOf } from "../../model/policy/policy-canonical.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../model/policy/policy-json.ts";
import type { ReportedPlace } from "./access-report.ts";
import { placeText } from "./access-text.ts";
import type { RoleAccess, RolePolicy } from "./role-access.ts";

/** A statement that decides a request, or could with other condition keys. */
export interface DecidingPlace extends ReportedPlace {
  readonly effect: "Allow" | "Deny";
  /** The condition keys that the statement tests, sorted. Unset when it tests none. */
  readonly conditionKeys?: readonly string[];
}

/** Whether a role is allowed to make a request. Plain JSON. */
export interface RequestDecision {
  readonly answer: "allowed" | "denied" | "unknown";
  /** The statements that allow or deny the request; empty when no statement allows it, and when the answer is unknown. */
  readonly decidedBy: readonly DecidingPlace[];
  /** Why, for an answer that no statement explains: `no statement allows it`, `allowed unless managed policy … denies it`. */
  readonly reason?: string;
  /** Statements that would decide otherwise with other condition keys. */
  readonly underConditions: readonly DecidingPlace[];
}

type ColonReading = NonNullable<EvaluateOptions["colons"]>;

/** Whether the policies of a role allow a request. Policies without a document can allow and deny anything. */
export function decideRequest(access: RoleAccess, request: AccessRequest): RequestDecision {
  const [first, ...others] = COLON_READINGS.map((colons) => decideReading(access, request, colons));
  if (first === undefined || others.every(({ answer }) => answer === first.answer)) return first ?? NOTHING_ALLOWED;
  const reason =
    "it depends on whether a wildcard before the last field of an ARN matches a colon, which AWS does not document. Write each field of the ARN";
  return { answer: "unknown", decidedBy: [], reason, underConditions: [] };
}

const NOTHING_ALLOWED: RequestDecision = { answer: "denied", decidedBy: [], underConditions: [] };

function decideReading(access: RoleAccess, request: AccessRequest, colons: ColonReading): RequestDecision {
  const { permissions, boundary } = access;
  const own = decideLayer(permissions, "", request, colons);
  const layers =
    boundary === undefined ? [own] : [own, decideLayer([boundary], ` of ${boundary.name}`, request, colons)];
  const denying = layers.find(({ verdict }) => verdict === "deny");
  if (denying !== undefined) return { answer: "denied", decidedBy: denying.decidedBy, underConditions: [] };
  const silent = layers.filter(({ verdict }) => verdict === "silent");
  const refusing = silent.find(({ mayAllow }) => mayAllow.length === 0);
  if (refusing !== undefined) {
    const reason = `no statement${refusing.title} allows it`;
    return { ...NOTHING_ALLOWED, reason, underConditions: refusing.underConditions };
  }
  if (silent.length > 0) {
    const unless = silent.map(({ mayAllow }) => `${mayAllow.join(" or ")} allows it`);
    const underConditions = silent.flatMap((layer) => layer.underConditions);
    return { answer: "unknown", decidedBy: [], reason: `denied unless ${unless.join(", and ")}`, underConditions };
  }
  const mayDeny = layers.flatMap((layer) => layer.mayDeny);
  const decidedBy = layers.flatMap((layer) => layer.decidedBy);
  const underConditions = layers.flatMap((layer) => layer.underConditions);
  if (mayDeny.length === 0) return { answer: "allowed", decidedBy, underConditions };
  return { answer: "unknown", decidedBy, reason: `allowed unless ${mayDeny.join(" or ")} denies it`, underConditions };
}

/** What the policies of one layer say: those of the role, or its boundary. */
interface LayerDecision {
  readonly title: string;
  readonly verdict: "allow" | "deny" | "silent";
  readonly decidedBy: readonly DecidingPlace[];
  /** What could not be read and could allow the request, in words. */
  readonly mayAllow: readonly string[];
  readonly mayDeny: readonly string[];
  readonly underConditions: readonly DecidingPlace[];
}

function decideLayer(
  policies: readonly RolePolicy[],
  title: string,
  request: AccessRequest,
  colons: ColonReading,
): LayerDecision {
  const read = policies.filter((policy) => policy.document !== undefined);
  const unread = policies.filter((policy) => policy.document === undefined).map(({ name }) => name);
  const compile = (documents: readonly JsonValue[]): CompiledPolicies => compilePolicies(documents, { colons });
  const documents = read.map(({ document = null }) => document);
  const { verdict, decidedBy, unknown } = compile(documents).evaluate(request);
  const otherwise = verdict === "allow" ? "Deny" : "Allow";
  const conditional = compile(documents.map((document) => withoutConditions(document, otherwise))).evaluate(request);
  const placed = (places: typeof decidedBy): readonly DecidingPlace[] =>
    places.map(({ effect, ...place }) => deciding({ ...place, effect }, read));
  const could = (effect: "Allow" | "Deny"): readonly string[] => [
    ...unread,
    ...unknown.filter((one) => (one.effect ?? effect) === effect).map((one) => unknownText(one, read)),
  ];
  return {
    title,
    verdict,
    decidedBy: placed(decidedBy),
    mayAllow: could("Allow"),
    mayDeny: could("Deny"),
    underConditions: verdict === "deny" ? [] : placed(conditional.decidedBy),
  };
}

/** A statement that matches no request. */
const INERT: JsonObject = { Effect: "Allow", Action: "none:None", Resource: "none" };

/** The document with the statements of one effect that have a Condition, without it; the others match nothing, in their places. */
function withoutConditions(document: JsonValue, effect: "Allow" | "Deny"): JsonValue {
  if (!isJsonObject(document)) return { Statement: [] };
  const statements = statementsOf(document).map((statement) => {
    if (!isJsonObject(statement) || statement["Effect"] !== effect || statement["Condition"] === undefined)
      return INERT;
    const { Condition: _, ...rest } = statement;
    return rest;
  });
  return { ...document, Statement: statements };
}

interface Decided {
  readonly document: number;
  readonly statement: number;
  readonly sid: string | undefined;
  readonly effect: "Allow" | "Deny";
}

function deciding({ document, statement, sid, effect }: Decided, policies: readonly RolePolicy[]): DecidingPlace {
  const policy = policies[document];
  const conditionKeys = keysOf(policy?.document, statement);
  return {
    effect,
    policy: policy?.name ?? "",
    statement,
    ...(sid !== undefined && { sid }),
    ...(conditionKeys.length > 0 && { conditionKeys }),
  };
}

function keysOf(document: JsonValue | undefined, index: number): readonly string[] {
  const statement = isJsonObject(document) ? statementsOf(document)[index] : undefined;
  const condition = isJsonObject(statement) ? statement["Condition"] : undefined;
  const operators = isJsonObject(condition) ? Object.values(condition) : [];
  return [...new Set(operators.flatMap((keys) => (isJsonObject(keys) ? Object.keys(keys) : [])))].sort();
}

function unknownText({ document, statement, sid, reason }: UnknownStatement, policies: readonly RolePolicy[]): string {
  const place = placeText({ policy: policies[document]?.name ?? "", statement, ...(sid !== undefined && { sid }) });
  return `${place} (not decided: ${reason})`;
}
