import { describe, expect, test } from "vitest";
import {
  ALL_WORDS,
  actionWords,
  type Extent,
  isEverything,
  NO_WORDS,
  PatternCompiler,
  spendOnReading,
  textWords,
  type WordSet,
} from "../../../../../src/model/access/compare/pattern-compiler.ts";
import { StepBudget, StepBudgetExceeded } from "../../../../../src/model/access/words/step-budget.ts";
import { literalTokens, variableCode } from "../../../../../src/model/access/words/tokens.ts";

const [USER, OTHER] = [variableCode(0, false), variableCode(1, false)];
const [NAME, ACCOUNT] = [`\${aws:username}`, `\${aws:PrincipalAccount}`];
const plain = (pattern: string) => ({ patterns: [pattern], isNegated: false });
const allBut = (pattern: string) => ({ patterns: [pattern], isNegated: true });

/** A word: texts, and codes of variables. */
const has = ({ globs, isNegated }: WordSet, ...word: readonly (string | number)[]): boolean => {
  const codes = word.flatMap((part) => (typeof part === "string" ? literalTokens(part) : [part]));
  return globs.matches(codes, new StepBudget(10_000)) !== isNegated;
};
const compiled = (pattern: string, extent: Extent, hasVariables = true): WordSet =>
  new PatternCompiler("no wildcard").resources(plain(pattern), hasVariables, extent);
const compiledAllBut = (pattern: string, extent: Extent, hasVariables = true): WordSet =>
  new PatternCompiler("no wildcard").resources(allBut(pattern), hasVariables, extent);

const S3 = "arn:aws:s3:::";

describe("a resource with a policy variable", () => {
  const pattern = `${S3}${NAME}`;

  test.each<[Extent, ownWord: boolean, text: boolean]>([
    ["own", true, false],
    ["atLeast", true, false],
    ["atMost", true, true],
  ])("has %s: its variable %s, any text in its place %s", (extent, ownWord, text) => {
    const set = compiled(pattern, extent);
    expect([has(set, S3, USER), has(set, S3, "bob")]).toEqual([ownWord, text]);
  });

  test("matches at most what its values can be: an account has no colon", () => {
    const set = compiled(`arn:aws:iam::${ACCOUNT}:x`, "atMost");
    expect([has(set, "arn:aws:iam::1:x"), has(set, "arn:aws:iam::1:2:x")]).toEqual([true, false]);
  });

  test("has plain text in a version without variables", () => {
    const set = compiled(pattern, "atLeast", false);
    expect([has(set, pattern), has(set, S3, USER)]).toEqual([true, false]);
  });
});

describe("all resources but one with a policy variable", () => {
  const pattern = `${S3}${NAME}`;

  test("are at least none, for the variable may have no value", () => {
    expect(compiledAllBut(pattern, "atLeast")).toBe(NO_WORDS);
    expect(has(compiledAllBut(pattern, "atLeast", false), S3, "x")).toBe(true);
    expect(has(compiledAllBut(`${S3}b`, "atLeast"), S3, "x")).toBe(true);
    // The variable of a request may have the value b.
    expect(has(compiledAllBut(`${S3}b`, "atLeast"), S3, USER)).toBe(false);
  });

  test.each<Extent>(["own", "atMost"])("are %s those that it does not match for all values", (extent) => {
    const set = compiledAllBut(pattern, extent);
    expect([has(set, S3, "bob"), has(set, S3, USER)]).toEqual([true, false]);
  });
});

describe("a pattern that only AWS can read", () => {
  const pattern = `${S3}a\${aws:username`;

  test("counts where it could match, and not where it must", () => {
    expect(has(compiled(pattern, "own"), S3, "ax")).toBe(true);
    expect(has(compiled(pattern, "atMost"), S3, "ax")).toBe(true);
    expect(has(compiled(pattern, "atLeast"), S3, "ax")).toBe(false);
  });

  test("excludes nothing that it need not exclude", () => {
    expect(has(compiledAllBut(pattern, "own"), S3, "ax")).toBe(true);
  });
});

describe("the same variable", () => {
  test("is the same character in every pattern of one compiler, in any case", () => {
    const compiler = new PatternCompiler("no wildcard");
    const first = compiler.resources(plain(`${S3}${NAME}`), true, "own");
    const second = compiler.resources(plain(`${S3}\${ AWS:UserName }`), true, "own");
    expect([has(first, S3, USER), has(second, S3, USER)]).toEqual([true, true]);
  });

  test.each([`\${aws:userid}`, `\${aws:username, 'x'}`])("is not %s", (variable) => {
    const compiler = new PatternCompiler("no wildcard");
    compiler.resources(plain(`${S3}${NAME}`), true, "own");
    const other = compiler.resources(plain(`${S3}${variable}`), true, "own");
    expect([has(other, S3, USER), has(other, S3, OTHER)]).toEqual([false, true]);
  });

  test("may be any other one where a set has at most its words", () => {
    expect(has(compiled(`${S3}b`, "atMost"), S3, USER)).toBe(true);
    expect(has(compiled(`${S3}b`, "atLeast"), S3, USER)).toBe(false);
  });
});

test("wildcards are read as the compiler is told", () => {
  const words = (colons: ConstructorParameters<typeof PatternCompiler>[0]) =>
    has(new PatternCompiler(colons).resources(plain("arn:aws:s3:*:1:b"), true, "own"), "arn:aws:s3:a:b:1:b");
  expect([words("every wildcard"), words("a * at the end of a field"), words("no wildcard")]).toEqual([
    true,
    true,
    false,
  ]);
});

test("actions match in any case, and other texts do not", () => {
  const pattern = { patterns: ["S3:Get*"], isNegated: false };
  expect([has(actionWords(pattern), "s3:getobject"), has(textWords(pattern), "s3:getobject")]).toEqual([true, false]);
});

test("everything is a star, and all but nothing", () => {
  const everything = [textWords(plain("*")), ALL_WORDS].map(isEverything);
  const less = [textWords(plain("?*")), textWords(allBut("a")), NO_WORDS, compiled("arn:*", "own")].map(isEverything);
  expect([everything, less]).toEqual([
    [true, true],
    [false, false, false, false],
  ]);
});

test("reading a long pattern takes steps", () => {
  expect(() => spendOnReading(["a".repeat(160)], new StepBudget(9))).toThrow(StepBudgetExceeded);
  expect(() => spendOnReading(["a".repeat(160)], new StepBudget(10))).not.toThrow();
});
