import { describe, expect, test } from "vitest";
import type { PolicyUse } from "../../../src/model/policy/policy-canonical.ts";
import { buildPolicy, describePolicyChange, readPolicy } from "../../../src/model/policy/policy-document.ts";
import type { JsonObject, JsonValue } from "../../../src/model/policy/policy-json.ts";

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
    const [both, moved] = [
      { "x:Y": ["1", "2"], "x:y": "1" },
      { "x:Y": ["1", "2"], "x:y": "2" },
    ];
    expect(changeOf([condition(both)], [condition(moved)])).toEqual([
      expect.stringMatching(/^~ statement "Read": \+ condition StringEquals x:y 2, - condition StringEquals x:y 1$/i),
    ]);
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

  test("go to the best match first, and each to one", () => {
    const withActions = (...Action: string[]): JsonObject => ({ Effect: "Allow", Action, Resource: "*" });
    const before = withActions("a:1", "a:2", "a:3", "a:4");
    const [near, far] = [withActions("a:1", "a:2", "a:3"), withActions("a:1", "a:2")];
    expect(changeOf([before], [far, near])).toEqual([
      "+ statement 1: effect Allow, action a:1, a:2, resource *",
      "~ statement 2: - action a:4",
    ]);
    expect(changeOf([far, near], [before])).toEqual([
      "~ statement 1: + action a:4",
      "- statement: effect Allow, action a:1, a:2, resource *",
    ]);
  });

  test("that share a Sid with several are matched one to one", () => {
    const named = (action: string): JsonObject => ({ Sid: "S", Effect: "Allow", Action: action, Resource: "*" });
    expect(changeOf([named("a:1"), named("a:2")], [named("a:3"), named("a:4")])).toEqual([
      '~ statement "S": + action a:3, - action a:1',
      '~ statement "S": + action a:4, - action a:2',
    ]);
    expect(changeOf([named("a:1")], [named("a:3"), named("a:4")])).toHaveLength(2);
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
    const own = { ...read, Resource: `arn:aws:s3:::\${aws:username}` };
    expect(change({ Statement: [own] }, { Version: "2012-10-17", Statement: [own] })).toEqual([
      "~ Version 2008-10-17 -> 2012-10-17",
    ]);
    expect(change({ Statement: [read] }, { Version: "2012-10-17", Statement: [read] })).toEqual([]);
    expect(change({ Id: "old", Odd: [1] }, { Id: "new one", "a b": 1 })).toEqual([
      '~ Id old -> "new one"',
      "- Odd [1]",
      '+ "a b" 1',
    ]);
  });

  test("is not said of elements that are the same in another order", () => {
    expect(change({ Id: "a", Odd: { x: 1, y: 2 } }, { Id: "b", Odd: { y: 2, x: 1 } })).toEqual(["~ Id a -> b"]);
  });

  test("says when what is there cannot be read", () => {
    const wanted = buildPolicy({ Version: "2012-10-17", Statement: [read] }, "permissions");
    expect(describePolicyChange(readPolicy("junk", "permissions"), wanted)).toEqual([
      "- document unreadable",
      '+ statement "Read": effect Allow, action s3:Get*, s3:List*, resource *',
    ]);
    expect(change([], {})).toEqual(["- value []"]);
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

  test("spells names as the new document does, then as the old one", () => {
    const aStatement = (...Action: string[]): JsonObject => ({ ...read, Action });
    const other = { Sid: "O", Effect: "Allow", Action: "S3:LIST*", Resource: "*" };
    expect(
      changeOf([aStatement("S3:LIST*", "OLD:x")], [aStatement("new:X"), { ...other, Action: "s3:List*" }]),
    ).toEqual([
      '~ statement "Read": + action new:X, - action OLD:x, s3:List*',
      '+ statement "O": effect Allow, action s3:List*, resource *',
    ]);
  });

  test("spells a name in one way where a document spells it in several", () => {
    const spelled = (...actions: string[]): readonly JsonObject[] =>
      actions.map((Action, i) => ({ Sid: `S${i}`, Effect: "Allow", Action, Resource: "*" }));
    const line = '- statement "S0": effect Allow, action S3:Get, resource *';
    expect(changeOf(spelled("s3:get", "S3:Get"), [])).toContain(line);
    expect(changeOf(spelled("S3:Get", "s3:get"), [])).toContain(line);
  });

  test("holds nothing that a terminal would act on, and no line break", () => {
    const lines = changeOf(
      [],
      [{ Sid: "\u001b[2J\n", Action: "a\u0007b", Resource: "x\u202ey\u009b", "k\n": ["\u009b"] }],
    );
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

  test("shortens values of a kind that nobody expects", () => {
    const [line] = changeOf([read], [{ ...read, Odd: Array(500).fill(1), Resource: ["*", { a: "b".repeat(500) }] }]);
    expect(line).toContain("+ Odd [1,1,");
    expect(line?.length).toBeLessThan(250);
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

  test("is made without a search for the best match of documents beyond any quota", () => {
    const statement = (name: string, i: number): JsonObject => ({
      Effect: "Allow",
      Action: `${name}:${i}`,
      Resource: "*",
    });
    const long = (name: string): JsonValue[] => Array.from({ length: 120 }, (_, i) => statement(name, i));
    const lines = changeOf(long("a"), long("b"));
    expect(lines).toHaveLength(20);
    expect(lines[0]).toBe("+ statement 1: effect Allow, action b:0, resource *");
  });
});
