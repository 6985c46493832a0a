import type { InstanceProfileSpec } from "../../api/instance-profile.ts";
import type { AccessExample, UndecidedPart } from "../../model/access/access.ts";
import { requestContext } from "../../model/access/access-request.ts";
import { compareAccess } from "../../model/access/compare-access.ts";
import { evaluatePolicies } from "../../model/access/evaluate/evaluate.ts";
import { permissionsDocument } from "../../model/policy/policy-document.ts";
import { showValue } from "../../model/policy/policy-elements.ts";
import type { JsonValue } from "../../model/policy/policy-json.ts";
import { contextText, placeText } from "../access/access-text.ts";
import { type Bounds, filledIn, type Violation } from "./class-bounds.ts";
import { classTitle, violation } from "./class-messages.ts";

/** Steps that the comparison of one object with its class may take: some milliseconds for most, up to half a second for policies made to be hard. */
const MAX_STEPS = 150_000;

/**
 * Checks that the inline policy allows no request that `maximumAccess` of the class does not allow. What the Deny statements of the object
 * deny is not allowed.
 */
export function guardMaximumAccess(
  { statements }: Pick<InstanceProfileSpec, "statements">,
  bounds: Bounds,
): readonly Violation[] {
  const { maximumAccess } = bounds.class.spec;
  if (maximumAccess === undefined || statements.length === 0) return [];
  const most = filledInAll(permissionsDocument(maximumAccess.statements), bounds);
  const comparison = compareAccess(
    { use: "permissions", layers: [[most]] },
    { use: "permissions", layers: [[permissionsDocument(statements)]] },
    { maxSteps: MAX_STEPS },
  );
  if (comparison.verdict === "no-new-access") return [];
  const examples = comparison.verdict === "new-access" ? comparison.examples : [];
  return [
    ...examples.map((example) => beyond(example, most, bounds)),
    ...comparison.undecided.flatMap((part) => undecided(part, statements.length, bounds)),
  ];
}

function beyond(example: AccessExample, most: JsonValue, bounds: Bounds): Violation {
  const { place, action, resource, context } = example;
  const index = place.statement;
  const message =
    `spec.statements[${index}]: allows ${showValue(action)} on ${showValue(resource)}${contextText({ context })}, which maximumAccess of ` +
    `${classTitle(bounds)} does not allow: ${whyNot(example, most)}. Narrow the statement.`;
  return violation("AccessNotAllowed", message, { kind: "statement", index });
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

/** A part without a place is every statement. */
function undecided({ place, reason }: UndecidedPart, count: number, bounds: Bounds): readonly Violation[] {
  const indexes = place === undefined ? Array.from({ length: count }, (_, index) => index) : [place.statement];
  return indexes.map((index) => {
    const message =
      `spec.statements[${index}]: whether maximumAccess of ${classTitle(bounds)} allows it cannot be decided: ${reason}. Write the ` +
      "statement as the class has it, or with fewer wildcards and conditions.";
    return violation("PolicyTooComplex", message, { kind: "statement", index });
  });
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
