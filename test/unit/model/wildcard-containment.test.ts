import { describe, expect, test } from "vitest";
import { StepBudget } from "../../../src/model/wildcard-budget.ts";
import { overlaps, within } from "../../../src/model/wildcard-containment.ts";
import { ACTIONS, RESOURCES } from "../../../src/model/wildcard-words.ts";

const only = (...patterns: string[]) => ({ patterns, negated: false });
const allBut = (...patterns: string[]) => ({ patterns, negated: true });
const NONE = { found: "none" };

describe("actions", () => {
  test.each([
    ["s3:Get*", ["s3:*"]],
    ["s3:GetObject", ["S3:getobject"]],
    ["*", ["*:*"]],
    ["*:*", ["*"]],
    ["s3:*", ["s3:?*"]],
    ["s3:G*", ["s3:?", "s3:??*"]],
    ["s3:**Get??*", ["s3:*Get*??"]],
    ["s3:Get*", ["s3:GetO*", "s3:Get?*", "s3:Get"]],
  ])("%s is within %j", (pattern, allowed) => {
    expect(within(only(pattern), allowed, ACTIONS)).toEqual(NONE);
  });

  test.each([
    ["s3:*", ["s3:Get*", "s3:List*"], "s3:x"],
    ["*", ["s3:*"], "x:x"],
    ["s3:Get*", ["s3:Get?*"], "s3:get"],
    ["i*:Pass*", ["s3:*"], "i:pass"],
    ["s3:GetObject", [], "s3:getobject"],
    // A Cyrillic а: it looks like an action that is allowed.
    ["s3:GetObj\u0435ct", ["s3:GetObject"], "s3:getobj\u0435ct"],
  ])("%s is not within %j: there is %s", (pattern, allowed, word) => {
    expect(within(only(pattern), allowed, ACTIONS)).toEqual({ found: "word", word });
  });

  test("a letter that is all that is left is found", () => {
    const most = [..."abcdefghijklmnopqrstuvwxyz0123456789_-"].filter((letter) => letter !== "q");
    const allowed = [...most.map((letter) => `s3:${letter}`), "s3:??*"];
    expect(within(only("s3:*"), allowed, ACTIONS)).toEqual({ found: "word", word: "s3:q" });
    expect(within(only("s3:*"), [...allowed, "s3:Q"], ACTIONS)).toEqual(NONE);
  });

  test("all but some are what is left of every action", () => {
    expect(within(allBut("iam:*"), ["*"], ACTIONS)).toEqual(NONE);
    expect(within(allBut("*"), ["s3:*"], ACTIONS)).toEqual(NONE);
    expect(within(allBut("iam:*"), ["s3:*"], ACTIONS)).toEqual({ found: "word", word: "x:x" });
    expect(overlaps(allBut("iam:*"), ["iam:*"], ACTIONS)).toEqual(NONE);
    expect(overlaps(allBut("iam:Get*"), ["iam:*"], ACTIONS)).toEqual({ found: "word", word: "iam:x" });
  });

  test.each([
    ["iam:*", "iam:passrole"],
    ["i*:Pass*", "iam:passrole"],
    ["?am:PassRole", "iam:passrole"],
    ["IAM:pAsSrOlE", "iam:passrole"],
    ["*", "iam:passrole"],
    ["*:*Role", "iam:passrole"],
    ["iam*", "iam:passrole"],
  ])("%s overlaps iam:PassRole", (pattern, word) => {
    expect(overlaps(only(pattern), ["iam:PassRole"], ACTIONS)).toEqual({ found: "word", word });
  });

  test.each(["iam:PassRoles", "iam:PassRol?e", "xiam:PassRole", "i?am:PassRole", "iam:*:PassRole"])(
    "%s does not",
    (pattern) => {
      expect(overlaps(only(pattern), ["iam:PassRole"], ACTIONS)).toEqual(NONE);
    },
  );
});

describe("resources", () => {
  test("are compared letter by letter", () => {
    expect(within(only("arn:aws:s3:::team-a-data/*"), ["arn:aws:s3:::team-a-*"], RESOURCES)).toEqual(NONE);
    expect(within(only("arn:aws:s3:::Team-a-data"), ["arn:aws:s3:::team-a-*"], RESOURCES)).toEqual({
      found: "word",
      word: "arn:aws:s3:::Team-a-data",
    });
  });

  test("every ARN is not every resource: some actions know none", () => {
    expect(within(only("*"), ["arn:*"], RESOURCES)).toEqual({ found: "word", word: "*" });
    expect(within(only("arn:*"), ["arn:*:*:*:*:*"], RESOURCES)).toEqual(NONE);
    expect(within(only("*"), ["*"], RESOURCES)).toEqual(NONE);
  });

  test("a pattern that leaves the bounds in the middle is found out", () => {
    const allowed = ["arn:aws:s3:::team-a-*"];
    expect(within(only("arn:aws:s3:::team-a*"), allowed, RESOURCES)).toEqual({
      found: "word",
      word: "arn:aws:s3:::team-a",
    });
    expect(within(only("arn:aws:s3:::*team-a-*"), allowed, RESOURCES).found).toBe("word");
    expect(within(only("arn:*:s3:::team-a-x"), allowed, RESOURCES).found).toBe("word");
  });
});

describe("a question that only looks hard is decided", () => {
  const times = (count: number, make: (index: number) => string): string[] =>
    Array.from({ length: count }, (_, i) => make(i));

  test("long names, of which a class has as many as it may", () => {
    const allowed = times(100, (i) => `arn:aws:s3:::${"a".repeat(1_000)}${i}`);
    expect(within(only(...allowed.slice(50, 60)), allowed, RESOURCES)).toEqual(NONE);
    expect(within(only(`${allowed[0]}1`, `arn:aws:s3:::${"a".repeat(1_001)}`), allowed, RESOURCES).found).toBe("word");
  });

  test("many stars on both sides whose ends are at odds", () => {
    const patterns = times(70, (i) => `s3:${"*a*b".repeat(31)}${i}`);
    const others = times(200, (i) => `s3:${"*b*a".repeat(30)}${i}`);
    expect(within(only(...patterns), others, ACTIONS)).toEqual({ found: "word", word: `s3:${"ab".repeat(31)}0` });
    expect(overlaps(only(...patterns), others, ACTIONS)).toEqual(NONE);
    expect(within(only(...patterns), [...others, "s3:*b??", "s3:*b?"], ACTIONS)).toEqual(NONE);
  });
});

describe("a question that would take for ever", () => {
  const hard = Array.from(
    { length: 38 },
    (_, i) => `*:*${"abcdefghijklmnopqrstuvwxyz0123456789_-"[i]}${"?".repeat(60)}`,
  );

  test("ends undecided, and not as a yes", () => {
    expect(
      within(only("*"), [...hard, "*:*"].slice(0, 38), ACTIONS, { budget: new StepBudget(10_000) }).found,
    ).not.toBe("none");
    const short = Array.from({ length: 60 }, (_, i) => `*:${"?".repeat(i + 1)}`);
    expect(within(only("*"), [...hard, ...short], ACTIONS, { budget: new StepBudget(10_000) })).toEqual({
      found: "undecided",
    });
  });
});
