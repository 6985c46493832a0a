import { describe, expect, test } from "vitest";
import { conditionTests } from "../../../../../src/model/access/compare/access-statement.ts";
import { ConditionSolver, literals } from "../../../../../src/model/access/compare/condition-solver.ts";
import type { Literal } from "../../../../../src/model/access/compare/key-solver.ts";
import { StepBudget, StepBudgetExceeded } from "../../../../../src/model/access/words/step-budget.ts";
import type { JsonObject } from "../../../../../src/model/policy/policy-json.ts";

const holds = (condition: JsonObject): readonly Literal[] => literals(conditionTests(condition, false) ?? [], true);
const fails = (condition: JsonObject): readonly Literal[] => literals(conditionTests(condition, false) ?? [], false);
const equals = (key: string, value: string): JsonObject => ({ StringEquals: { [key]: value } });
const solver = (...multivalued: string[]) => new ConditionSolver(new Set(multivalued), new StepBudget(100_000));
const solve = (all: readonly Literal[], anyOf: readonly (readonly Literal[])[] = []) =>
  solver().solve([{ all, anyOf }]);
const contextOf = (all: readonly Literal[], anyOf: readonly (readonly Literal[])[] = []) => {
  const solution = solve(all, anyOf);
  return solution && Object.fromEntries(solution.context);
};

describe("a context", () => {
  test("meets every literal, each key on its own, and leaves absent keys out", () => {
    const all = [...holds(equals("a", "1")), ...holds(equals("b", "2")), ...fails(equals("c", "3"))];
    expect(contextOf(all)).toEqual({ a: ["1"], b: ["2"] });
  });

  test("does not exist when two literals of one key exclude each other", () => {
    expect(solve([...holds(equals("a", "1")), ...holds({ StringLike: { a: "2" } })])).toBeUndefined();
  });

  test("meets one literal of each clause, and goes back where a choice leads nowhere", () => {
    const clauses = [
      [...holds(equals("a", "1")), ...holds({ StringLike: { a: "2*" } })],
      [...holds({ StringLike: { a: "?1" } }), ...holds({ StringLike: { a: "2?" } })],
      [...holds(equals("b", "1")), ...holds({ StringLike: { a: "2?" } })],
    ];
    expect(contextOf([], clauses)).toMatchObject({ a: [expect.stringMatching(/^2/)] });
  });

  test("does not exist when a clause has nothing to choose, or nothing that is possible", () => {
    expect(solve([], [[]])).toBeUndefined();
    expect(solve(holds(equals("a", "1")), [fails(equals("a", "1"))])).toBeUndefined();
  });

  test("does not exist when each clause is possible alone, and not both", () => {
    const [one, other] = [holds(equals("a", "1")), holds({ StringLike: { a: "2" } })];
    expect(solve([], [one, other])).toBeUndefined();
  });

  test("of the first constraint that has one", () => {
    const impossible = { all: holds(equals("a", "1")), anyOf: [[]] };
    const solution = solver().solve([impossible, { all: holds(equals("a", "2")), anyOf: [] }]);
    expect(solution?.context.get("a")).toEqual(["2"]);
  });

  test("has several values for a key that can have several", () => {
    const all = holds({ "ForAnyValue:StringEquals": { a: "1" }, "ForAnyValue:StringLike": { a: "2" } });
    expect(
      solver("a")
        .solve([{ all, anyOf: [] }])
        ?.context.get("a"),
    ).toEqual(["1", "2"]);
    expect(solver("b").solve([{ all, anyOf: [] }])).toBeUndefined();
  });
});

describe("a doubt", () => {
  const odd = holds({ Odd: { a: "1" } });

  test("is named by the first test that is unknown", () => {
    expect(solve(odd)?.doubt).toBe("the condition operator for a is not known");
  });

  test("is of the types when all tests are known", () => {
    const all = holds({ StringEquals: { a: "1" }, NumericEquals: { a: "1" } });
    expect(solve(all)?.doubt).toBe("it tests a as values of different types");
  });

  test("is avoided by another choice, and by another constraint", () => {
    const certain = holds(equals("b", "1"));
    expect(solve([], [[...odd, ...certain]])).toEqual({ context: new Map([["b", ["1"]]]), doubt: undefined });
    const solution = solver().solve([
      { all: odd, anyOf: [] },
      { all: certain, anyOf: [] },
    ]);
    expect(solution?.doubt).toBeUndefined();
  });
});

test("a solver knows a test that must hold from the same test that must not", () => {
  const one = solver();
  const found = [holds, fails].map((must) => one.solve([{ all: must(equals("a", "1")), anyOf: [] }])?.context.get("a"));
  expect(found).toEqual([["1"], undefined]);
});

test("choosing takes steps besides those of each key", () => {
  const poor = new ConditionSolver(new Set(), new StepBudget(1));
  expect(() => poor.solve([{ all: holds({ Null: { a: "true" } }), anyOf: [] }])).toThrow(StepBudgetExceeded);
});
