import { describe, expect, test } from "vitest";
import type { AccessReport, AreaReport, ReportedExample } from "../../../../src/plan/access/access-report.ts";
import {
  accessLine,
  accessLines,
  overallLine,
  overallMarkdown,
  overallVerdict,
} from "../../../../src/plan/access/access-text.ts";

const NONE: AreaReport = { verdict: "no-new-access", examples: [], undecided: [] };
const example = (fields: Partial<ReportedExample> = {}): ReportedExample => ({
  action: "s3:PutObject",
  resource: "arn:aws:s3:::reports/a",
  context: {},
  actionPattern: "s3:PutObject",
  targetPattern: "arn:aws:s3:::reports/*",
  policy: "inline policy app",
  statement: 1,
  sid: "Write",
  ...fields,
});
const granting = (...examples: readonly ReportedExample[]): AccessReport => ({
  verdict: "new-access",
  permissions: { verdict: "new-access", examples, undecided: [] },
  trust: NONE,
});
const undecided: AccessReport = {
  verdict: "undecided",
  permissions: {
    verdict: "undecided",
    examples: [],
    undecided: [{ policy: "inline policy app", statement: 3, reason: "it depends on the variable aws:username" }],
  },
  trust: NONE,
};
const none: AccessReport = { verdict: "no-new-access", permissions: NONE, trust: NONE };

describe("the words for new access", () => {
  test("name what the statement grants, a request, the conditions of the request, and the statement", () => {
    expect(
      accessLine(
        granting(example({ context: { "aws:principaltag/team": ["a"], "x:y": ["1", "2"] }, place: "app.yaml:14:7" })),
      ),
    ).toBe(
      'Grants new access: s3:PutObject on arn:aws:s3:::reports/* (example: s3:PutObject on arn:aws:s3:::reports/a with aws:principaltag/team = "a" and ' +
        'x:y = ["1", "2"]; statement 2 "Write" of inline policy app at app.yaml:14:7)',
    );
  });

  test("leave out an example that says the same as the statement", () => {
    expect(accessLine(granting(example({ resource: "*", targetPattern: "*" })))).toBe(
      'Grants new access: s3:PutObject on * (statement 2 "Write" of inline policy app)',
    );
  });

  test("count the statements that they do not name", () => {
    const many = granting(...Array.from({ length: 8 }, (_, statement) => example({ statement })));
    expect(accessLine(many)).toMatch(/, and 7 more statements$/);
    expect(accessLines(many)).toHaveLength(5);
    expect(accessLines(many).at(-1)).toMatch(/, and 3 more statements$/);
  });

  test("say which statement is not decided, why, and what to do", () => {
    expect(accessLine(undecided)).toBe(
      "New access is not decided: statement 4 of inline policy app: it depends on the variable aws:username; review it by hand",
    );
  });

  test("have no control characters, and an end, whatever an author writes", () => {
    const line = accessLine(
      granting(
        example({
          sid: "\u001b[2K\nforged",
          targetPattern: `arn:aws:s3:::${"x".repeat(5_000)}`,
          context: { "k\r": ["v\u2028"] },
        }),
      ),
    );
    expect(line).toMatch(/^[\x20-\x7e…]+$/);
    expect(line.length).toBeLessThan(2_000);
  });
});

describe("the words for all objects together", () => {
  test("say that nothing is new", () => {
    expect(overallLine([{ name: "a/b", report: none }])).toBe("Grants no new access.");
  });

  test("name the first grant of each of three objects, and count the others", () => {
    const reports = ["a/1", "a/2", "a/3", "a/4", "a/5"].map((name) => ({ name, report: granting(example()) }));
    expect(overallLine(reports)).toBe(
      "Grants new access: s3:PutObject on arn:aws:s3:::reports/* (a/1); s3:PutObject on arn:aws:s3:::reports/* (a/2); " +
        "s3:PutObject on arn:aws:s3:::reports/* (a/3) and 2 more objects",
    );
  });

  test("put new access before what is not decided", () => {
    const reports = [
      { name: "a/1", report: undecided },
      { name: "a/2", report: granting(example({ resource: "*", targetPattern: "*" })) },
    ];
    expect(overallLine(reports)).toBe(
      "Grants new access: s3:PutObject on * (a/2). New access is not decided for a/1: review it by hand",
    );
    expect(overallVerdict(reports)).toBe("new-access");
    expect(overallVerdict([{ name: "a/1", report: undecided }])).toBe("undecided");
  });

  test("have no control characters, and an end, whatever an author writes", () => {
    const hostile = granting(example({ targetPattern: `arn:aws:s3:::\u001b[2K\n${"x".repeat(5_000)}` }));
    const line = overallLine(Array.from({ length: 9 }, () => ({ name: "a/1", report: hostile })));
    expect(line).toMatch(/^[\x20-\x7e…]+$/);
    expect(line.length).toBeLessThan(1_000);
  });

  test("keep Markdown out of what authors write", () => {
    const hostile = granting(example({ targetPattern: "`**x** [y](https://evil.example) @team `` <img src=x>" }));
    const [line = ""] = [overallMarkdown([{ name: "a/1", report: hostile }])];
    // The delimiter of the code span is longer than any run of backticks in it.
    expect(line).toBe(
      "**Grants new access: ```s3:PutObject on `**x** [y](https://evil.example) @team `` <img src=x>``` (`a/1`)**",
    );
  });
});
