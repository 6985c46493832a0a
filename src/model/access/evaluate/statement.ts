import { asciiLowerCase } from "../../policy/policy-json.ts";
import type { RequestContext } from "../access-request.ts";
import { type ColonReading, compileResource } from "./arn.ts";
import { compileCondition, type Truth } from "./conditions.ts";
import { type Statement, stringList } from "./document.ts";
import { compileText, type TextPattern } from "./glob.ts";
import { type Coverage, compileNotPrincipal, compilePrincipal, type PrincipalTest } from "./principals.ts";

/** How policies are read. */
export interface PolicyReading {
  /** `trust`: statements name principals and no resources. */
  readonly use: "permissions" | "trust";
  readonly colons: ColonReading;
}

/** A request as compiled statements read it. */
export interface PreparedRequest {
  /** In lower case. */
  readonly action: string;
  readonly resource: string;
  /** Every name of the principal. */
  readonly principals: readonly string[];
  readonly context: RequestContext;
}

/** A statement, ready to be evaluated. */
export interface CompiledStatement {
  readonly effect: "Allow" | "Deny";
  readonly sid: string | undefined;
  /** How the statement covers the principal; undefined when it is not about the principal. Permissions belong to theirs. */
  readonly covers: (request: PreparedRequest) => Coverage | undefined;
  /** Whether the rest of it holds; a text when that cannot be said, with the reason. */
  readonly holds: (request: PreparedRequest) => Truth;
}

/** Compiles a statement of a document; a text, with the reason, for one that IAM does not accept. */
export function compileStatement(
  statement: Statement,
  hasVariables: boolean,
  { use, colons }: PolicyReading,
): CompiledStatement | string {
  const effect = statement["Effect"];
  if (effect !== "Allow" && effect !== "Deny") return "its Effect is neither Allow nor Deny";
  const action = compileElement(statement, "Action", (name) =>
    compileText(name, { hasVariables: false, fold: asciiLowerCase }),
  );
  const resource = compileElement(statement, "Resource", (name) => compileResource(name, { hasVariables }, colons));
  const principal = use === "trust" ? compilePrincipals(statement) : undefined;
  if (typeof action !== "function") return action ?? "it has no Action";
  if (typeof resource === "string") return resource;
  if (resource === undefined && use === "permissions") return "it has no Resource";
  if (typeof principal === "string") return principal;
  const condition = compileCondition(statement["Condition"], hasVariables);
  const sid = statement["Sid"];
  return {
    effect,
    sid: typeof sid === "string" && sid !== "" ? sid : undefined,
    covers: ({ principals }) => (principal === undefined ? "name" : principal(principals)),
    holds: ({ action: actionName, resource: arn, context }) =>
      action(actionName, context) && (resource === undefined || resource(arn, context)) && condition(context),
  };
}

type ElementTest = (text: string, context: RequestContext) => boolean;

/**
 * Compiles an element or its opposite, such as Action or NotAction. An opposite with a variable that has no value is about nothing:
 * "all but something unknown" could be anything. Undefined when the statement has neither; a text for what IAM does not accept.
 */
function compileElement(
  statement: Statement,
  element: "Action" | "Resource",
  compile: (pattern: string) => TextPattern,
): ElementTest | string | undefined {
  const [wanted, unwanted] = [statement[element], statement[`Not${element}`]];
  if (wanted !== undefined && unwanted !== undefined) return `it has both ${element} and Not${element}`;
  const given = wanted ?? unwanted;
  if (given === undefined) return undefined;
  const patterns = stringList(given)?.map(compile);
  if (patterns === undefined || patterns.length === 0) return `its ${element} cannot be read`;
  if (wanted !== undefined) return (text, context) => patterns.some((pattern) => pattern.matches(text, context));
  return (text, context) =>
    patterns.every((pattern) => pattern.isResolvable(context) && !pattern.matches(text, context));
}

function compilePrincipals(statement: Statement): PrincipalTest | string {
  if (statement["NotPrincipal"] === undefined) return compilePrincipal(statement);
  return statement["Effect"] === "Allow"
    ? "IAM does not support NotPrincipal with Allow"
    : compileNotPrincipal(statement);
}
