import { asciiLowerCase } from "../../policy/policy-json.ts";
import type { Access, StatementPlace } from "../access.ts";
import type { AccessRequest } from "../access-request.ts";
import type { ColonReading } from "./arn.ts";
import { isObject, statementsOf } from "./document.ts";
import type { Coverage } from "./principals.ts";
import { type CompiledStatement, compileStatement, type PolicyReading, type PreparedRequest } from "./statement.ts";

/** A request, and who makes it. */
export interface EvaluatedRequest extends AccessRequest {
  /** Trust only: the principal by one name or all its names, such as `AWS:arn:aws:iam::111122223333:role/app`. */
  readonly principal?: string | readonly string[] | undefined;
}

/** Every reading of wildcards that AWS's documentation admits, the strictest first. */
export const COLON_READINGS: readonly ColonReading[] = ["no wildcard", "a * at the end of a field", "every wildcard"];

/** What policies say to a request. */
export type Verdict = "allow" | "deny" | "silent";

/** A statement that decided a request. */
export interface DecidingStatement extends Omit<StatementPlace, "layer"> {
  readonly effect: "Allow" | "Deny";
  /** `account` when it names the principal's account only: the policies of the account then decide which principals may act. */
  readonly by: Coverage;
}

/** A statement that could concern the request, and of which it cannot be said whether it does. It counts as not there. */
export interface UnknownStatement extends Omit<StatementPlace, "layer"> {
  /** Undefined when it cannot be read. */
  readonly effect: "Allow" | "Deny" | undefined;
  readonly reason: string;
}

/** What policies say to a request, and which statements say it. */
export interface Decision {
  readonly verdict: Verdict;
  /** Every Deny that holds, or else every Allow. */
  readonly decidedBy: readonly DecidingStatement[];
  readonly unknown: readonly UnknownStatement[];
}

/** Policies that are ready to be evaluated many times. */
export interface CompiledPolicies {
  evaluate(request: EvaluatedRequest): Decision;
}

/** What may be set about the reading of policies. */
export type EvaluateOptions = Partial<PolicyReading>;

/**
 * Compiles the policy documents of one layer, such as all identity policies of a role: one Deny outweighs every Allow.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
export function compilePolicies(documents: readonly unknown[], options: EvaluateOptions = {}): CompiledPolicies {
  const reading: PolicyReading = { use: "permissions", colons: "no wildcard", ...options };
  const placed = documents.flatMap((document, index) => compileDocument(document, index, reading));
  return { evaluate: (request) => decide(placed, prepared(request)) };
}

/** What policy documents say to one request. */
export function evaluatePolicies(
  documents: readonly unknown[],
  request: EvaluatedRequest,
  options: EvaluateOptions = {},
): Decision {
  return compilePolicies(documents, options).evaluate(request);
}

/** What each layer of an access says to a request. */
export interface AccessDecision {
  /** True when every layer allows the request, and there is one. */
  readonly isAllowed: boolean;
  readonly layers: readonly Decision[];
}

/** Compiles an access: a request is allowed when every layer allows it. */
export function compileAccess(
  { use, layers }: Access,
  options: Omit<EvaluateOptions, "use"> = {},
): { evaluate(request: EvaluatedRequest): AccessDecision } {
  const compiled = layers.map((documents) => compilePolicies(documents, { ...options, use }));
  return {
    evaluate: (request) => {
      const decisions = compiled.map((policies) => policies.evaluate(request));
      const isAllowed = decisions.length > 0 && decisions.every(({ verdict }) => verdict === "allow");
      return { isAllowed, layers: decisions };
    },
  };
}

interface PlacedStatement {
  readonly document: number;
  readonly statement: number;
  /** A text, with the reason, for a statement that IAM does not accept. */
  readonly compiled: CompiledStatement | string;
}

function compileDocument(document: unknown, index: number, reading: PolicyReading): readonly PlacedStatement[] {
  const statements = isObject(document) ? statementsOf(document) : undefined;
  if (!isObject(document) || statements === undefined) {
    return [{ document: index, statement: 0, compiled: "its document cannot be read" }];
  }
  const hasVariables = document["Version"] === "2012-10-17";
  return statements.map((statement, at) => {
    return { document: index, statement: at, compiled: compileStatement(statement, hasVariables, reading) };
  });
}

function prepared({ action, resource, context, principal = [] }: EvaluatedRequest): PreparedRequest {
  const principals = typeof principal === "string" ? [principal] : principal;
  return { action: asciiLowerCase(action), resource, context, principals };
}

function decide(placed: readonly PlacedStatement[], request: PreparedRequest): Decision {
  const found = { Allow: [] as DecidingStatement[], Deny: [] as DecidingStatement[] };
  const unknown: UnknownStatement[] = [];
  for (const { document, statement, compiled } of placed) {
    if (typeof compiled === "string") {
      unknown.push({ document, statement, sid: undefined, effect: undefined, reason: compiled });
      continue;
    }
    const { effect, sid } = compiled;
    const by = compiled.covers(request);
    const holds = by !== undefined && compiled.holds(request);
    if (holds === true && by !== undefined) found[effect].push({ document, statement, sid, effect, by });
    if (typeof holds === "string") unknown.push({ document, statement, sid, effect, reason: holds });
  }
  if (found.Deny.length > 0) return { verdict: "deny", decidedBy: found.Deny, unknown };
  return { verdict: found.Allow.length > 0 ? "allow" : "silent", decidedBy: found.Allow, unknown };
}
