import { type Operator, operatorOf } from "./condition-operators.ts";
import { isObject } from "./document.ts";
import type { RequestContext } from "./request-context.ts";

/**
 * Whether a Condition element holds for a request: every key under every operator. `variables` is what policy variables
 * stand for; absent where the policy's version has none.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
 */
export function conditionHolds(
  condition: unknown,
  context: RequestContext,
  variables: RequestContext | undefined,
): boolean {
  if (!isObject(condition)) return true;
  return Object.entries(condition).every(
    ([operator, keys]) =>
      isObject(keys) &&
      Object.entries(keys).every(([key, values]) =>
        keyHolds(operator, textsOf(values), context.get(key.toLowerCase()), variables),
      ),
  );
}

/** Numbers and truth values are compared as the text they are written as. */
function textsOf(values: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(values) ? values : [values];
  return list.map(String);
}

function keyHolds(
  name: string,
  wanted: readonly string[],
  given: readonly string[] | undefined,
  variables: RequestContext | undefined,
): boolean {
  if (/^null$/i.test(name)) return wanted.some((value) => (value.toLowerCase() === "true") === (given === undefined));
  const operator = operatorOf(name);
  if (operator === undefined) return false;
  if (given === undefined) return holdsWithout(operator);
  const passes = (value: string): boolean =>
    wanted.some((candidate) => operator.compare(candidate, value, variables)) !== operator.isNegated;
  const needsAll = operator.set === "all" || (operator.set === undefined && operator.isNegated);
  return needsAll ? given.every(passes) : given.some(passes);
}

/** What does not have to be something is not, in a request that lacks the key; of no values there is none that matches. */
function holdsWithout({ set, ifExists, isNegated }: Operator): boolean {
  if (set === "any") return false;
  return set === "all" || ifExists || isNegated;
}
