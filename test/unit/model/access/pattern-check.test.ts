import { describe, expect, test } from "vitest";
import { StepBudget } from "../../../../src/model/access/words/step-budget.ts";
import { overlaps, within } from "../../../support/access/pattern-questions.ts";

const only = (...patterns: string[]) => ({ patterns, isNegated: false });
const allBut = (...patterns: string[]) => ({ patterns, isNegated: true });
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
    expect(within(only(pattern), allowed, "actions")).toEqual(NONE);
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
    expect(within(only(pattern), allowed, "actions")).toEqual({ found: "word", word });
  });

  test("a letter that is all that is left is found", () => {
    const most = [..."abcdefghijklmnopqrstuvwxyz0123456789_-"].filter((letter) => letter !== "q");
    const allowed = [...most.map((letter) => `s3:${letter}`), "s3:??*"];
    expect(within(only("s3:*"), allowed, "actions")).toEqual({ found: "word", word: "s3:q" });
    expect(within(only("s3:*"), [...allowed, "s3:Q"], "actions")).toEqual(NONE);
  });

  test("all but some are what is left of every action", () => {
    expect(within(allBut("iam:*"), ["*"], "actions")).toEqual(NONE);
    expect(within(allBut("*"), ["s3:*"], "actions")).toEqual(NONE);
    expect(within(allBut("iam:*"), ["s3:*"], "actions")).toEqual({ found: "word", word: "x:x" });
    expect(overlaps(allBut("iam:*"), ["iam:*"], "actions")).toEqual(NONE);
    expect(overlaps(allBut("iam:Get*"), ["iam:*"], "actions")).toEqual({ found: "word", word: "iam:x" });
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
    expect(overlaps(only(pattern), ["iam:PassRole"], "actions")).toEqual({ found: "word", word });
  });

  test.each(["iam:PassRoles", "iam:PassRol?e", "xiam:PassRole", "i?am:PassRole", "iam:*:PassRole"])(
    "%s does not",
    (pattern) => {
      expect(overlaps(only(pattern), ["iam:PassRole"], "actions")).toEqual(NONE);
    },
  );
});

describe("resources", () => {
  test("are compared letter by letter", () => {
    expect(within(only("arn:aws:s3:::team-a-data/*"), ["arn:aws:s3:::team-a-*"], "resources")).toEqual(NONE);
    expect(within(only("arn:aws:s3:::Team-a-data"), ["arn:aws:s3:::team-a-*"], "resources")).toEqual({
      found: "word",
      word: "arn:aws:s3:::Team-a-data",
    });
  });

  test("every ARN is not every resource: some actions know none", () => {
    expect(within(only("*"), ["arn:*"], "resources")).toEqual({ found: "word", word: "*" });
    expect(within(only("arn:*"), ["arn:*:*:*:*:*"], "resources")).toEqual(NONE);
    expect(within(only("*"), ["*"], "resources")).toEqual(NONE);
  });

  test("a pattern that leaves the bounds in the middle is found out", () => {
    const allowed = ["arn:aws:s3:::team-a-*"];
    expect(within(only("arn:aws:s3:::team-a*"), allowed, "resources")).toEqual({
      found: "word",
      word: "arn:aws:s3:::team-a",
    });
    expect(within(only("arn:aws:s3:::*team-a-*"), allowed, "resources").found).toBe("word");
    expect(within(only("arn:*:s3:::team-a-x"), allowed, "resources").found).toBe("word");
  });
});

describe("resources whose wildcards may match a colon or not", () => {
  test.each([
    ["arn:aws:sqs:*:1:q-*", ["arn:aws:sqs:*:1:q-*"]],
    ["arn:aws:sqs:us-*:1:q-*", ["arn:aws:sqs:*:1:q-*"]],
    ["arn:aws:sqs", ["arn:aws:sqs:*:*:*"]],
    ["arn:aws:sqs:*:*:*", ["arn:aws:s*"]],
    ["arn:aws:s3:::a:b:*", ["arn:aws:s3:::a:*"]],
    [`arn:aws:sqs:*:\${aws:PrincipalAccount}:q`, ["arn:aws:sqs:*:*:q"]],
    [`arn:aws:s3:::a-\${aws:PrincipalTag/t, 'x:y'}`, ["arn:aws:s3:::a-*"]],
  ])("%s is within %j, by each reading", (pattern, allowed) => {
    expect(within(only(pattern), allowed, "resources")).toEqual(NONE);
  });

  test.each([
    ["no wildcard matches a colon", "arn:aws:sqs:a:2:b:1:q", ["arn:aws:sqs:a*:1:q"]],
    ["no star within a field matches a colon", "arn:aws:sqs:a:2:b-c:1:q", ["arn:aws:sqs:a*c:1:q"]],
    ["no question mark matches a colon", "arn:aws:sqs:a:b::x", ["arn:aws:sqs:a?b::x"]],
    ["a star at the end of a field matches a colon", "arn:aws:sqs:*:1:x", ["arn:aws:sqs:*?:1:x", "arn:aws:sqs::1:x"]],
    ["the variable has a colon", `arn:aws:sqs:\${aws:PrincipalTag/t}:1:q`, ["arn:aws:sqs:*:1:q"]],
  ])("is not within, for it could be that %s", (_reading, pattern, allowed) => {
    expect(within(only(pattern), allowed, "resources").found).toBe("word");
  });

  test("overlap by one reading is overlap", () => {
    expect(overlaps(only("arn:aws:sqs:a*c:1:q"), ["arn:aws:sqs:a:b:c:1:q"], "resources").found).toBe("word");
    expect(overlaps(only("arn:aws:sqs:a*c:1:q"), ["arn:aws:sqs:a:b:1:q"], "resources")).toEqual(NONE);
  });

  test("a variable among what is left out, or allowed, is certain of nothing", () => {
    expect(within(allBut("arn:*", `*\${a}`), ["*"], "resources")).toEqual(NONE);
    expect(within(only("arn:aws:s3:::a"), [`arn:aws:s3:::\${aws:username}`], "resources").found).toBe("word");
    expect(overlaps(allBut(`arn:aws:s3:::\${aws:username}`), ["arn:aws:s3:::a"], "resources").found).toBe("word");
  });
});

describe("a question that only looks hard is decided", () => {
  test("twenty statements by a class of as many patterns as it may have, in one budget", () => {
    const allowed = Array.from({ length: 100 }, (_, i) => `arn:aws:sqs:*:123456789012:team-${i}-of-the-house-*`);
    const budget = new StepBudget(60_000);
    for (let i = 0; i < 20; i += 1) {
      const own = only(`arn:aws:sqs:eu-*:123456789012:team-${i}-of-the-house-queue-*`);
      expect(within(own, allowed, "resources", { budget })).toEqual(NONE);
    }
  });

  const times = (count: number, make: (index: number) => string): string[] =>
    Array.from({ length: count }, (_, i) => make(i));

  test("long names, of which a class has as many as it may", () => {
    const allowed = times(100, (i) => `arn:aws:s3:::${"a".repeat(1_000)}${i}`);
    expect(within(only(...allowed.slice(50, 60)), allowed, "resources")).toEqual(NONE);
    expect(within(only(`${allowed[0]}1`, `arn:aws:s3:::${"a".repeat(1_001)}`), allowed, "resources").found).toBe(
      "word",
    );
  });

  test("many stars on both sides whose ends are at odds", () => {
    const patterns = times(70, (i) => `s3:${"*a*b".repeat(31)}${i}`);
    const others = times(200, (i) => `s3:${"*b*a".repeat(30)}${i}`);
    expect(within(only(...patterns), others, "actions")).toEqual({ found: "word", word: `s3:${"ab".repeat(31)}0` });
    expect(overlaps(only(...patterns), others, "actions")).toEqual(NONE);
    expect(within(only(...patterns), [...others, "s3:*b??", "s3:*b?"], "actions")).toEqual(NONE);
  });
});

describe("a question that would take for ever", () => {
  const hard = Array.from(
    { length: 38 },
    (_, i) => `*:*${"abcdefghijklmnopqrstuvwxyz0123456789_-"[i]}${"?".repeat(60)}`,
  );

  test("ends undecided, and not as a yes", () => {
    expect(
      within(only("*"), [...hard, "*:*"].slice(0, 38), "actions", { budget: new StepBudget(10_000) }).found,
    ).not.toBe("none");
    const short = Array.from({ length: 60 }, (_, i) => `*:${"?".repeat(i + 1)}`);
    expect(within(only("*"), [...hard, ...short], "actions", { budget: new StepBudget(10_000) })).toEqual({
      found: "undecided",
    });
  });
});

describe("plain names are decided by looking them up", () => {
  const names = (count: number, prefix: string): readonly string[] =>
    Array.from({ length: count }, (_, i) => `s3:${prefix}${i}`);

  test("300 of them against 200 others", () => {
    const words = { patterns: names(300, "Get"), isNegated: false };
    expect(overlaps(words, names(200, "Put"), "actions")).toEqual({ found: "none" });
    expect(overlaps(words, [...names(199, "Put"), "S3:GET7"], "actions")).toEqual({ found: "word", word: "s3:get7" });
  });

  test("1,000 of them, with a few steps for each", () => {
    const words = { patterns: names(1_000, "Get"), isNegated: false };
    const budget = new StepBudget(7_000);
    expect(within(words, names(1_000, "get"), "actions", { budget })).toEqual({ found: "none" });
    expect(overlaps(words, names(1_000, "Put"), "actions", { budget })).toEqual({ found: "none" });
  });

  test("what is no action at all, without or with two colons, matches nothing", () => {
    const words = { patterns: ["s3", "s3:a:b"], isNegated: false };
    expect(within(words, ["ec2:Run"], "actions")).toEqual({ found: "none" });
    expect(overlaps(words, ["s3", "s3:a:b"], "actions")).toEqual({ found: "none" });
  });
});
