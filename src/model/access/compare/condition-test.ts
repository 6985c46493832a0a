import { asciiLowerCase, canonicalJson, isJsonList, isJsonObject, type JsonValue } from "../../policy/policy-json.ts";
import { hasVariable } from "../../policy/resource-pattern.ts";
import { type Matcher, matcherOf } from "./condition-matcher.ts";

/** One operator with its values, applied to one condition key. A Condition holds when all of its tests hold. */
export interface ConditionTest {
  /** Equal for tests that always hold together. */
  readonly id: string;
  /** The operator and the key in lower case. */
  readonly operator: string;
  readonly key: string;
  /** Which values of the key must match: the one that it has, any of them, or all of them. */
  readonly quantifier: "one" | "any" | "all";
  /** `…IfExists` */
  readonly ifExists: boolean;
  /** True for an operator such as `StringNotEquals`. */
  readonly isNegated: boolean;
  readonly matcher: Matcher;
}

/** The tests of a Condition in canonical form; undefined when it is not a Condition. */
export function conditionTests(
  condition: JsonValue | undefined,
  hasVariables: boolean,
): readonly ConditionTest[] | undefined {
  if (condition === undefined) return [];
  if (!isJsonObject(condition)) return undefined;
  const tests = Object.entries(condition).map(([operator, keys]) => operatorTests(operator, keys, hasVariables));
  return tests.every((some) => some !== undefined) ? withoutAmbiguous(tests.flat()) : undefined;
}

function operatorTests(operator: string, keys: JsonValue, hasVariables: boolean): readonly ConditionTest[] | undefined {
  if (!isJsonObject(keys)) return undefined;
  const tests = Object.entries(keys).map(([key, values]) => {
    const list = isJsonList(values) ? values : [values];
    const isText = list.every((value) => typeof value === "string");
    return isText ? conditionTest(operator, key, list, hasVariables) : undefined;
  });
  return tests.every((test) => test !== undefined) ? tests : undefined;
}

function conditionTest(
  operatorName: string,
  keyName: string,
  values: readonly string[],
  hasVariables: boolean,
): ConditionTest {
  const [operator, key] = [asciiLowerCase(operatorName), asciiLowerCase(keyName)];
  const [, set, bare = ""] = /^(?:for(any|all)values?:)?(.*?)(?:ifexists)?$/.exec(operator) ?? [];
  const isNegated = /^(?:string|numeric|date|arn)not|^notip/.test(bare);
  const usesVariables = hasVariables && values.some(hasVariable);
  return {
    id: canonicalJson([operator, key, values, usesVariables]),
    operator,
    key,
    quantifier: set === "any" || set === "all" ? set : "one",
    ifExists: operator.endsWith("ifexists"),
    isNegated,
    matcher: matcherOf(operator, isNegated ? bare.replace("not", "") : bare, { key, values, hasVariables }),
  };
}

/** Two tests whose names differ only by case and whose values differ: AWS does not document whether both must hold or one of them. */
function withoutAmbiguous(tests: readonly ConditionTest[]): readonly ConditionTest[] {
  const named = Map.groupBy(tests, ({ operator, key }) => `${operator} ${key}`);
  return tests.map((test): ConditionTest => {
    const same = named.get(`${test.operator} ${test.key}`) ?? [];
    if (same.length < 2) return test;
    const reason = `it tests ${test.key} twice with the same operator`;
    return {
      ...test,
      id: canonicalJson([test.id, ...same.map(({ id }) => id)]),
      matcher: { family: "unknown", reason },
    };
  });
}
