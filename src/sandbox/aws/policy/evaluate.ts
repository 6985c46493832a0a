import { conditionHolds } from "./condition-match.ts";
import { type JsonObject, type Statement, statementsOf, stringList } from "./document.ts";
import { isResolvable, matchesArn, matchesPattern } from "./pattern.ts";
import type { PolicyRequest, RequestContext } from "./request-context.ts";

/** What the policies say to a request. */
export type Verdict = "allow" | "deny" | "silent";

/** Whether a statement is about who makes the request: always in policies that hang on their principal. */
export type PrincipalTest = (statement: Statement) => boolean;

/**
 * What policies of one kind say to a request: one Deny outweighs every Allow.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
export function evaluatePolicies(
  documents: readonly JsonObject[],
  request: PolicyRequest,
  concernsInstance: PrincipalTest = () => true,
): Verdict {
  const effects = documents.flatMap((document) => {
    const variables = document["Version"] === "2012-10-17" ? request.context : undefined;
    return (statementsOf(document) ?? [])
      .filter((statement) => concernsInstance(statement) && statementMatches(statement, request, variables))
      .map((statement) => statement["Effect"]);
  });
  if (effects.includes("Deny")) return "deny";
  return effects.includes("Allow") ? "allow" : "silent";
}

function statementMatches(
  statement: Statement,
  { action, resource, context }: PolicyRequest,
  variables: RequestContext | undefined,
): boolean {
  const isAction = (pattern: string): boolean => matchesPattern(pattern, action, { ignoreCase: true });
  const isResource = (pattern: string): boolean => matchesArn(pattern, resource, { variables });
  // "Not what nobody can tell" is nothing: the statement is about no resource then.
  const isMeant = (stringList(statement["NotResource"]) ?? []).every((pattern) => isResolvable(pattern, variables));
  return (
    isMeant &&
    elementMatches(statement, "Action", isAction) &&
    elementMatches(statement, "Resource", isResource) &&
    conditionHolds(statement["Condition"], context, variables)
  );
}

/** An element by its name or by its opposite (`NotAction`); a trust policy has no Resource, which then is the role. */
function elementMatches(statement: Statement, element: string, matches: (pattern: string) => boolean): boolean {
  const [wanted, unwanted] = [statement[element], statement[`Not${element}`]];
  if (unwanted !== undefined) return !(stringList(unwanted) ?? []).some(matches);
  return wanted === undefined || (stringList(wanted) ?? []).some(matches);
}
