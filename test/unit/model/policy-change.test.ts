import { describe, expect, test } from "vitest";
import type { PolicyUse } from "../../../src/model/policy-canonical.ts";
import { buildPolicy, describePolicyChange, readPolicy } from "../../../src/model/policy-document.ts";
import type { JsonObject, JsonValue } from "../../../src/model/policy-json.ts";

function change(from: JsonValue, to: JsonValue, use: PolicyUse = "permissions"): readonly string[] {
  return describePolicyChange(readPolicy(JSON.stringify(from), use), buildPolicy(to, use));
}

function changeOf(from: readonly JsonValue[], to: readonly JsonValue[], use?: PolicyUse): readonly string[] {
  return change({ Version: "2012-10-17", Statement: from }, { Version: "2012-10-17", Statement: to }, use);
}

const read: JsonObject = { Sid: "Read", Effect: "Allow", Action: ["s3:Get*", "s3:List*"], Resource: ["*"] };
const deny: JsonObject = { Effect: "Deny", Action: ["s3:Delete*"], Resource: ["arn:aws:s3:::keep/*"] };

describe("what differs in a statement", () => {
  test("is said in one line, with the names as the user spells them", () => {
    const before = { ...read, Action: ["s3:get*", "s3:Delete*"] };
    expect(changeOf([before], [{ ...read, Action: ["s3:Get*", "s3:GetObject", "s3:PutObject"] }])).toEqual([
      '~ statement "Read": + action s3:GetObject, s3:PutObject, - action s3:Delete*',
    ]);
  });

  test("covers every element, in the order of a policy", () => {
    const before = { Sid: "A", Effect: "Allow", Principal: { AWS: "*" }, Action: "a:b", Resource: "r", Odd: 1 };
    const after = {
      Sid: "A",
      Odd: [2],
      Condition: { StringEquals: { "aws:RequestedRegion": ["eu", "us"] } },
      NotResource: "r",
      NotAction: "a:b",
      Principal: { Service: "ec2.amazonaws.com" },
      Effect: "Deny",
    };
    expect(changeOf([before], [after])).toEqual([
      [
        '~ statement "A": effect Allow -> Deny',
        "+ principal Service ec2.amazonaws.com",
        "- principal AWS *",
        "- action a:b",
        "+ notAction a:b",
        "- resource r",
        "+ notResource r",
        "+ condition StringEquals aws:RequestedRegion eu",
        "StringEquals aws:RequestedRegion us",
        "Odd 1 -> [2]",
      ].join(", "),
    ]);
  });

  test("is said of the number of the statement in the new document when it has no Sid", () => {
    expect(changeOf([deny, read], [read, { ...deny, Action: ["s3:Delete*", "s3:Put*"] }])).toEqual([
      "~ statement 2: + action s3:Put*",
    ]);
  });

  test("may be its Sid", () => {
    const { Sid: _, ...unnamed } = read;
    expect(changeOf([read], [{ ...read, Sid: "Reads" }])).toEqual(['~ statement "Reads": sid Read -> Reads']);
    expect(changeOf([unnamed], [read])).toEqual(['~ statement "Read": + sid Read']);
    expect(changeOf([read], [unnamed])).toEqual(["~ statement 1: - sid Read"]);
  });

  test("tells an empty element from none", () => {
    expect(changeOf([read], [{ ...read, Resource: [] }])).toEqual([
      '~ statement "Read": + resource (none), - resource *',
    ]);
    expect(changeOf([read], [{ ...read, Principal: {} }])).toEqual(['~ statement "Read": + principal (none)']);
    expect(changeOf([{ ...read, Principal: { AWS: [] } }], [{ ...read, Principal: {} }])).toEqual([
      '~ statement "Read": + principal (none), - principal AWS (none)',
    ]);
  });

  test("shows two condition keys that only case tells apart as two", () => {
    const condition = (values: JsonObject): JsonObject => ({ ...read, Condition: { StringEquals: values } });
    const [line] = changeOf([condition({ "x:Y": "1", "x:y": "2" })], [condition({ "x:y": "2" })]);
    expect(line).toContain("- condition StringEquals x:Y 1");
  });
});

describe("statements that come and go", () => {
  test("are shown whole", () => {
    expect(changeOf([deny], [read])).toEqual([
      '+ statement "Read": effect Allow, action s3:Get*, s3:List*, resource *',
      "- statement: effect Deny, action s3:Delete*, resource arn:aws:s3:::keep/*",
    ]);
    expect(changeOf([read], [read, deny])).toEqual([
      "+ statement 2: effect Deny, action s3:Delete*, resource arn:aws:s3:::keep/*",
    ]);
  });

  test("are matched by Sid even when nothing else is left", () => {
    expect(changeOf([read], [{ ...deny, Sid: "Read" }])).toHaveLength(1);
  });

  test("are matched by what they have most in common, not by their place", () => {
    const a = { Effect: "Allow", Action: ["a:1", "a:2", "a:3"], Resource: "*" };
    const b = { Effect: "Allow", Action: ["b:1", "b:2", "b:3"], Resource: "*" };
    expect(
      changeOf(
        [b, a],
        [
          { ...a, Action: ["a:1", "a:2"] },
          { ...b, Action: ["b:2", "b:3"] },
        ],
      ),
    ).toEqual(["~ statement 1: - action a:3", "~ statement 2: - action b:1"]);
  });

  test("that are there twice are told from those that are there once", () => {
    expect(changeOf([deny, deny], [deny])).toHaveLength(1);
    expect(changeOf([deny], [deny, deny])).toEqual([
      "+ statement 2: effect Deny, action s3:Delete*, resource arn:aws:s3:::keep/*",
    ]);
  });

  test("may say nothing at all, or be no statement", () => {
    expect(changeOf([], [{}, "x", { Sid: "S" }])).toEqual([
      "+ statement 1: (empty)",
      "+ statement 2: statement x",
      '+ statement "S": (empty)',
    ]);
  });
});

describe("what differs outside the statements", () => {
  test("is said by element", () => {
    expect(change({ Statement: [read] }, { Version: "2012-10-17", Statement: [read] })).toEqual([
      "~ Version 2008-10-17 -> 2012-10-17",
    ]);
    expect(change({ Id: "old", Odd: [1] }, { Id: "new one", "a b": 1 })).toEqual([
      '~ Id old -> "new one"',
      "- Odd [1]",
      '+ "a b" 1',
    ]);
  });

  test("says when what is there cannot be read", () => {
    const wanted = buildPolicy({ Version: "2012-10-17", Statement: [read] }, "permissions");
    expect(describePolicyChange(readPolicy("junk", "permissions"), wanted)).toEqual([
      "- document unreadable",
      "+ Version 2012-10-17",
      '+ statement "Read": effect Allow, action s3:Get*, s3:List*, resource *',
    ]);
    expect(change([], {})).toEqual(["- value []", "+ Version 2008-10-17"]);
  });

  test("is nothing when the documents mean the same", () => {
    expect(changeOf([deny, { ...read, Action: ["S3:LIST*", "s3:Get*"] }], [read, deny])).toEqual([]);
  });
});

describe("the text", () => {
  test("does not depend on the order in which AWS returns things", () => {
    const gone = [1, 2, 3].map((n) => ({ Effect: "Allow", Action: `old${n}:*`, Resource: [`r${n}`, "x", "Y"] }));
    const wanted = [read, deny];
    expect(
      changeOf(
        [...gone].reverse().map((s) => ({ ...s, Resource: [...s.Resource].reverse() })),
        wanted,
      ),
    ).toEqual(changeOf(gone, wanted));
  });

  test("holds nothing that a terminal would act on, and no line break", () => {
    const lines = changeOf([], [{ Sid: "\u001b[2J\n", Action: "a\u0007b", Resource: "x\u202ey\u009b", "k\n": "\r" }]);
    expect(lines).toHaveLength(1);
    expect(lines.join("")).toMatch(/^[ -~]+$/);
    expect(lines.join("")).toContain('statement "\\u001b[2J\\n"');
  });

  test("quotes values that could be taken for two", () => {
    expect(changeOf([read], [{ ...read, Resource: ["*", "a, b", 'c"d', ""] }])).toEqual([
      '~ statement "Read": + resource "", "a, b", "c\\"d"',
    ]);
  });

  test("shows both ends of a long name", () => {
    const resource = (tail: string): string => `arn:aws:s3:::${"b".repeat(200)}/${tail}`;
    const [line] = changeOf([{ ...read, Resource: resource("old") }], [{ ...read, Resource: resource("new") }]);
    expect(line).toMatch(/\+ resource arn:aws:s3:::b+\.\.\.b+\/new, - resource arn:aws:s3:::b+\.\.\.b+\/old$/);
  });

  test("counts what does not fit in a line", () => {
    const actions = Array.from({ length: 500 }, (_, i) => `service:Action${i}`);
    const [line] = changeOf([read], [{ ...read, Action: [...actions, "s3:Get*", "s3:List*"] }]);
    expect(line).toMatch(/, and \d+ more$/);
    expect(line?.length).toBeLessThan(400);
  });

  test("counts what does not fit in a list", () => {
    const many = Array.from({ length: 60 }, (_, i) => ({
      Sid: `S${i}`,
      Effect: "Allow",
      Action: "a:b",
      Resource: "*",
    }));
    const lines = changeOf([], many);
    expect(lines).toHaveLength(20);
    expect(lines.at(-1)).toBe("and 41 more differences");
  });

  test("is made in good time of the longest document that IAM accepts", () => {
    const statement = (name: string, i: number): JsonObject => ({
      Effect: "Allow",
      Action: `${name}:${i}`,
      Resource: "*",
    });
    const long = (name: string): JsonValue[] => Array.from({ length: 2_500 }, (_, i) => statement(name, i));
    expect(changeOf(long("a"), long("b"))).toHaveLength(20);
  });
});
