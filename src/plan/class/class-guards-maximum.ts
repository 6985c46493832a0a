import type { PolicySpec } from "../../api/instance-profile.ts";
import type { AccessExample, StatementPlace } from "../../model/access/access.ts";
import { requestContext } from "../../model/access/access-request.ts";
import { compareAccess } from "../../model/access/compare-access.ts";
import { evaluatePolicies } from "../../model/access/evaluate/evaluate.ts";
import { StepBudget } from "../../model/access/words/step-budget.ts";
import { showValue } from "../../model/policy/policy-elements.ts";
import type { JsonValue } from "../../model/policy/policy-json.ts";
import { documentOf, permissionsDocument, statementPath } from "../../model/policy/policy-spec.ts";
import { contextText, placeText } from "../access/access-text.ts";
import { type Bounds, classTitle, filledIn, type Violation, violation } from "./class-bounds.ts";

/** Steps that the comparison of one object with its class may take: some milliseconds for most, up to half a second for policies made to be hard. */
const MAX_STEPS = 150_000;

/**
 * Checks that the policies together allow no request that `maximumAccess` of the class does not allow. What the Deny statements of any of
 * them deny is not allowed.
 */
export function guardMaximumAccess(policies: readonly PolicySpec[], bounds: Bounds): readonly Violation[] {
  const { maximumAccess } = bounds.class.spec;
  if (maximumAccess === undefined || policies.length === 0) return [];
  const most = filledInAll(permissionsDocument(maximumAccess.statements), bounds);
  const budget = new StepBudget(MAX_STEPS);
  const comparison = compareAccess(
    { use: "permissions", layers: [[most]] },
    { use: "permissions", layers: [policies.map(documentOf)] },
    { budget },
  );
  if (comparison.verdict === "no-new-access") return [];
  const examples = comparison.verdict === "new-access" ? comparison.examples : [];
  const found = examples.flatMap((example) => {
    return statementsAt(example.place, policies).map((one) => beyond(one, example, most, bounds));
  });
  // Where the steps ran out, no statement without an example was compared to the end.
  if (budget.left < 0) return [...found, ...notCompared(policies, found, bounds)];
  return [
    ...found,
    ...comparison.undecided.flatMap(({ place, reason }) => {
      return statementsAt(place, policies).map((one) => undecided(one, reason, bounds));
    }),
  ];
}

/** The violations of the Allow statements that none was found for, when the policies are too complex. */
function notCompared(
  policies: readonly PolicySpec[],
  found: readonly Violation[],
  bounds: Bounds,
): readonly Violation[] {
  const known = new Set(found.map(({ excess }) => JSON.stringify(excess)));
  return statementsAt(undefined, policies)
    .filter(({ policy, index }) => policy.statements[index]?.effect !== "Deny")
    .map((one) => undecided(one, "the policies are too complex to compare", bounds))
    .filter(({ excess }) => !known.has(JSON.stringify(excess)));
}

/** A statement of one of the policies. */
interface PlacedStatement {
  readonly policy: PolicySpec;
  readonly index: number;
}

/** The statement at a place of the comparison; without a place, every statement. */
function statementsAt(place: StatementPlace | undefined, policies: readonly PolicySpec[]): readonly PlacedStatement[] {
  if (place === undefined)
    return policies.flatMap((policy) => policy.statements.map((_, index) => ({ policy, index })));
  return policies.slice(place.document, place.document + 1).map((policy) => ({ policy, index: place.statement }));
}

function violationOf({ policy, index }: PlacedStatement, reason: string, problem: string): Violation {
  const excess = { kind: "statement" as const, policy: policy.fieldPath, index };
  return violation(reason, `${statementPath(policy, index)}: ${problem}`, excess);
}

function beyond(one: PlacedStatement, example: AccessExample, most: JsonValue, bounds: Bounds): Violation {
  const { action, resource, context } = example;
  const problem =
    `allows ${showValue(action)} on ${showValue(resource)}${contextText({ context })}, which maximumAccess of ` +
    `${classTitle(bounds)} does not allow: ${whyNot(example, most)}. Narrow the statement.`;
  return violationOf(one, "AccessNotAllowed", problem);
}

/** What the policy of the class says to a request that it does not allow. */
function whyNot({ action, resource, context }: AccessExample, most: JsonValue): string {
  const { verdict, decidedBy, unknown } = evaluatePolicies([most], {
    action,
    resource,
    context: requestContext(context),
  });
  const [denying] = decidedBy;
  if (verdict === "deny" && denying !== undefined) {
    return `its ${placeText({ statement: denying.statement, ...(denying.sid !== undefined && { sid: denying.sid }) })} denies it`;
  }
  return unknown.length === 0 ? "no statement of it allows this" : "no statement of it is known to allow this";
}

function undecided(one: PlacedStatement, reason: string, bounds: Bounds): Violation {
  const problem =
    `whether maximumAccess of ${classTitle(bounds)} allows it cannot be decided: ${reason}. Write the ` +
    "statement as the class has it, or with fewer wildcards and conditions.";
  return violationOf(one, "PolicyTooComplex", problem);
}

/** The document with the placeholders of the class filled in, wherever they are. */
function filledInAll(value: JsonValue, bounds: Bounds): JsonValue {
  if (typeof value === "string") return filledIn(value, bounds);
  if (Array.isArray(value)) return value.map((member: JsonValue) => filledInAll(member, bounds));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]: [string, JsonValue]) => [key, filledInAll(member, bounds)]),
  );
}
