import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { PolicyUse } from "../../src/model/policy/policy-canonical.ts";
import { buildPolicy, describePolicyChange, readPolicy, samePolicy } from "../../src/model/policy/policy-document.ts";
import {
  isJsonList,
  isJsonObject,
  type JsonList,
  type JsonObject,
  type JsonValue,
} from "../../src/model/policy/policy-json.ts";
import { findDuplicateKeys } from "../../src/model/policy/policy-json-scan.ts";
import { lawRuns } from "../support/law-runs.ts";

const uses = fc.constantFrom<PolicyUse>("permissions", "trust");
const names = fc.constantFrom("a", "b", "C", "d+e", "50%", "%41", "a b", "é", "日本", "*", "$" + "{aws:username}");
const actions = names.map((name) => `s3:Get${name}`);
const accounts = fc.constantFrom("123456789012", "arn:aws-cn:iam::123456789012:root", "210987654321");
const principalNames = fc.oneof(accounts, fc.constantFrom("AROAEXAMPLE", "arn:aws:iam::123456789012:role/App", "*"));

function membersOf(value: fc.Arbitrary<JsonValue>): fc.Arbitrary<JsonValue> {
  return fc.oneof(value, fc.array(value, { maxLength: 4 }));
}

const principals: fc.Arbitrary<JsonValue> = fc.oneof(
  fc.constantFrom("*", "123456789012"),
  fc.record(
    { AWS: membersOf(principalNames), Service: membersOf(names), Federated: membersOf(names) },
    { requiredKeys: [] },
  ),
);

const conditions: fc.Arbitrary<JsonValue> = fc.dictionary(
  fc.constantFrom("StringEquals", "Bool", "ForAllValues:StringLikeIfExists"),
  fc.dictionary(
    fc.constantFrom("aws:SourceIp", "aws:TagKeys", "s3:prefix"),
    membersOf(fc.oneof(names, fc.boolean(), fc.integer())),
  ),
);

const statements: fc.Arbitrary<JsonObject> = fc.record(
  {
    Sid: fc.constantFrom("", "Read", "Write"),
    Effect: fc.constantFrom("Allow", "Deny"),
    Principal: principals,
    NotPrincipal: principals,
    Action: membersOf(actions),
    NotAction: membersOf(actions),
    Resource: membersOf(names),
    NotResource: membersOf(names),
    Condition: conditions,
    Extra: fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<JsonValue>,
  },
  { requiredKeys: ["Effect"] },
);

const documents: fc.Arbitrary<JsonObject> = fc.record(
  {
    Version: fc.constantFrom("2012-10-17", "2008-10-17"),
    Id: names,
    Statement: fc.oneof(statements, fc.array(statements, { maxLength: 5 })),
  },
  { requiredKeys: [] },
);

const anyJson = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<JsonValue>;

/** Every choice that writing a document leaves open is put to this; a law draws the answers. */
type Choose = (options: number) => number;

const choosers: fc.Arbitrary<Choose> = fc.infiniteStream(fc.nat()).map((stream) => (options) => {
  const { value } = stream.next();
  return Number(value) % options;
});

/** A document written another way that means the same: what a server or another author may make of it. */
function rewritten(document: JsonObject, use: PolicyUse, choose: Choose): JsonObject {
  const { Version, Statement, ...rest } = document;
  const isOld = Version === undefined || Version === "2008-10-17";
  const version = isOld && choose(2) === 0 ? {} : { Version: Version ?? "2008-10-17" };
  const list = Statement === undefined ? [] : listOf(Statement);
  const written = shuffled(
    list.map((statement) => rewrittenStatement(statement, use, choose)),
    choose,
  );
  const body = written.length === 0 && choose(2) === 0 ? {} : { Statement: collapsed(written, choose) };
  return shuffledKeys({ ...rest, ...version, ...body }, choose);
}

function rewrittenStatement(statement: JsonValue, use: PolicyUse, choose: Choose): JsonValue {
  if (!isJsonObject(statement)) return statement;
  const { Sid, ...elements } = statement;
  const sid = Sid === undefined || Sid === "" ? (choose(2) === 0 ? {} : { Sid: "" }) : { Sid };
  const acceptsAnyone = use === "trust" && statement["Effect"] === "Allow";
  const written = Object.entries(elements).map(([name, value]) => [
    name,
    rewrittenElement(name, value, acceptsAnyone, choose),
  ]);
  const condition = "Condition" in elements || choose(2) === 0 ? {} : { Condition: {} };
  return shuffledKeys({ ...sid, ...condition, ...Object.fromEntries(written) }, choose);
}

function rewrittenElement(name: string, value: JsonValue, acceptsAnyone: boolean, choose: Choose): JsonValue {
  switch (name) {
    case "Action":
    case "NotAction":
      return rewrittenSet(value, choose, (member) => otherCase(member, choose));
    case "Resource":
    case "NotResource":
      return rewrittenSet(value, choose);
    case "Principal":
      if (acceptsAnyone && value === "*") return [value, { AWS: "*" }, { AWS: ["*"] }][choose(3)] ?? value;
      return rewrittenPrincipal(value, choose);
    case "NotPrincipal":
      return rewrittenPrincipal(value, choose);
    case "Condition":
      return rewrittenCondition(value, choose);
    default:
      return isJsonObject(value) ? shuffledKeys(value, choose) : value;
  }
}

function rewrittenPrincipal(value: JsonValue, choose: Choose): JsonValue {
  if (!isJsonObject(value)) return value;
  const types = Object.entries(value).map(([type, members]) => [
    type,
    rewrittenSet(members, choose, (member) => (type === "AWS" ? otherAccountForm(member, choose) : member)),
  ]);
  return shuffledKeys(Object.fromEntries(types), choose);
}

function rewrittenCondition(value: JsonValue, choose: Choose): JsonValue {
  if (!isJsonObject(value)) return value;
  const operators = Object.entries(value).map(([operator, keys]) => {
    const tests = Object.entries(isJsonObject(keys) ? keys : {}).map(([key, values]) => [
      otherCase(key, choose),
      rewrittenSet(values, choose, (member) => otherScalar(member, choose)),
    ]);
    return [otherCase(operator, choose), shuffledKeys(Object.fromEntries(tests), choose)];
  });
  return shuffledKeys(Object.fromEntries(operators), choose);
}

function rewrittenSet(
  value: JsonValue,
  choose: Choose,
  rewrite: (member: JsonValue) => JsonValue = (member) => member,
): JsonValue {
  const members = listOf(value);
  const repeated = members.length > 0 && choose(3) === 0 ? [...members, ...members.slice(0, 1)] : members;
  return collapsed(shuffled(repeated.map(rewrite), choose), choose);
}

function otherCase(value: JsonValue, choose: Choose): string {
  const text = String(value);
  const flip = (letter: string): string => (choose(2) === 0 ? letter.toLowerCase() : letter.toUpperCase());
  return text.replace(/[A-Za-z]/g, flip);
}

function otherAccountForm(value: JsonValue, choose: Choose): JsonValue {
  const id = /^(?:arn:aws-cn:iam::)?(\d{12})(?::root)?$/.exec(String(value))?.[1];
  return id === undefined ? value : ([id, `arn:aws:iam::${id}:root`, `arn:aws-cn:iam::${id}:root`][choose(3)] ?? value);
}

function otherScalar(value: JsonValue, choose: Choose): JsonValue {
  return typeof value !== "string" && choose(2) === 0 ? String(value) : value;
}

function listOf(value: JsonValue): JsonList {
  return isJsonList(value) ? value : [value];
}

function collapsed(list: JsonList, choose: Choose): JsonValue {
  const [only] = list;
  return list.length === 1 && only !== undefined && !isJsonList(only) && choose(2) === 0 ? only : list;
}

function shuffled<T>(list: readonly T[], choose: Choose): readonly T[] {
  const rest = [...list];
  return list.flatMap(() => rest.splice(choose(rest.length), 1));
}

function shuffledKeys(object: JsonObject, choose: Choose): JsonObject {
  return Object.fromEntries(shuffled(Object.entries(object), choose));
}

/** What the text of a document may look like on the wire. */
function transmitted(document: JsonObject, choose: Choose): string {
  const text = JSON.stringify(document, null, choose(3));
  return choose(2) === 0 ? text : encodeURIComponent(text);
}

/** One change that means something; the document itself where the drawn change finds nothing to change. */
function mutated(document: JsonObject, choose: Choose): JsonObject {
  const list = document["Statement"] === undefined ? [] : listOf(document["Statement"]);
  const target = choose(Math.max(1, list.length));
  const statement = list[target];
  if (!isJsonObject(statement) || choose(4) === 0) return mutatedDocument(document, list, target, choose);
  const mutant = mutatedStatement(statement, choose);
  return mutant === statement ? document : { ...document, Statement: list.with(target, mutant) };
}

function mutatedDocument(document: JsonObject, list: JsonList, target: number, choose: Choose): JsonObject {
  const statement = list[target];
  const changes: readonly JsonObject[] = [
    // Where no variable stands, the version has no effect.
    ...(JSON.stringify(document["Statement"] ?? null).includes("${")
      ? [{ ...document, Version: document["Version"] === "2012-10-17" ? "2008-10-17" : "2012-10-17" }]
      : []),
    { ...document, Id: "another id" },
    { ...document, Unknown: [] },
    { ...document, Statement: [...list, { Effect: "Deny", Action: "x:Fresh" }] },
    statement === undefined ? document : { ...document, Statement: list.toSpliced(target, 1) },
    statement === undefined ? document : { ...document, Statement: [...list, statement] },
  ];
  return changes[choose(changes.length)] ?? document;
}

const SETS = ["Action", "NotAction", "Resource", "NotResource"] as const;

function mutatedStatement(statement: JsonObject, choose: Choose): JsonObject {
  const name = SETS[choose(SETS.length)] ?? "Action";
  const value = statement[name];
  const members = value === undefined ? [] : listOf(value);
  const without = (element: string): JsonObject =>
    Object.fromEntries(Object.entries(statement).filter(([key]) => key !== element));
  const changes: readonly JsonObject[] = [
    { ...statement, Effect: statement["Effect"] === "Allow" ? "Deny" : "Allow" },
    { ...statement, Sid: "Fresh" },
    { ...statement, Unknown: ["x"] },
    { ...statement, Principal: { AWS: "arn:aws:iam::123456789012:role/fresh" } },
    isJsonObject(statement["Principal"]) ? { ...statement, Principal: "anyone" } : statement,
    { ...statement, Condition: { StringEquals: { "x:Fresh": "y" } } },
    tightened(statement),
    { ...statement, [name]: [...members, "x:Fresh"] },
    members.length === 0 ? statement : { ...statement, [name]: members.filter((member) => member !== members[0]) },
    value === undefined ? { ...statement, [name]: [] } : without(name),
    value === undefined ? statement : { ...without(name), [`${name}s`]: value },
    members.includes("C") ? { ...statement, [name]: [...members.filter((member) => member !== "C"), "c"] } : statement,
    "Effect" in statement ? without("Effect") : statement,
  ];
  return changes[choose(changes.length)] ?? statement;
}

/** The statement with one more value in the first test of its condition. */
function tightened(statement: JsonObject): JsonObject {
  const condition = statement["Condition"];
  const [operator, keys] =
    Object.entries(isJsonObject(condition) ? condition : {}).find(([, k]) => k !== null && Object.keys(k).length > 0) ??
    [];
  const [key, values] = Object.entries(isJsonObject(keys) ? keys : {})[0] ?? [];
  if (!isJsonObject(condition) || operator === undefined || key === undefined || values === undefined) return statement;
  const tests = { ...(isJsonObject(keys) ? keys : {}), [key]: [...listOf(values), "fresh"] };
  return { ...statement, Condition: { ...condition, [operator]: tests } };
}

const read = (document: JsonValue, use: PolicyUse) => readPolicy(JSON.stringify(document), use);

describe("the same policy written another way", () => {
  test("is the same, whatever a server does to order, lists, encoding and a missing Version", () => {
    fc.assert(
      fc.property(documents, uses, choosers, (document, use, choose) => {
        const original = buildPolicy(document, use);
        const returned = readPolicy(transmitted(rewritten(document, use, choose), choose), use);
        expect(returned.canonical).toBe(original.canonical);
        expect(samePolicy(returned, original)).toBe(true);
        expect(describePolicyChange(returned, original)).toEqual([]);
      }),
      { numRuns: lawRuns(300) },
    );
  });

  test("is the same from either side and through a third", () => {
    fc.assert(
      fc.property(documents, uses, choosers, (document, use, choose) => {
        const [a, b, c] = [document, rewritten(document, use, choose), rewritten(document, use, choose)].map((d) =>
          read(d, use),
        );
        if (a === undefined || b === undefined || c === undefined)
          throw new Error("three documents make three policies");
        expect([samePolicy(a, a), samePolicy(a, b), samePolicy(b, a), samePolicy(b, c), samePolicy(a, c)]).toEqual(
          Array(5).fill(true),
        );
      }),
    );
  });

  test("has a canonical form that is its own canonical form", () => {
    fc.assert(
      fc.property(fc.oneof(documents, anyJson), uses, (document, use) => {
        const { canonical } = read(document, use);
        expect(readPolicy(canonical, use).canonical).toBe(canonical);
      }),
    );
  });
});

describe("a policy that differs in one thing that matters", () => {
  test("is different, from either side, also when it is written another way", () => {
    let changed = 0;
    fc.assert(
      fc.property(documents, uses, choosers, (document, use, choose) => {
        const mutant = mutated(document, choose);
        if (mutant === document) return;
        changed += 1;
        const [a, b] = [read(document, use), read(rewritten(mutant, use, choose), use)];
        expect(samePolicy(a, b)).toBe(false);
        expect(samePolicy(b, a)).toBe(false);
      }),
      { numRuns: lawRuns(500) },
    );
    expect(changed).toBeGreaterThan(lawRuns(250));
  });

  test("has a description, bounded and printable, that does not depend on how AWS writes what it has", () => {
    fc.assert(
      fc.property(documents, documents, uses, choosers, (from, to, use, choose) => {
        const [before, after] = [read(from, use), buildPolicy(to, use)];
        const lines = describePolicyChange(before, after);
        expect(lines.length > 0).toBe(!samePolicy(before, after));
        expect(lines.length).toBeLessThanOrEqual(20);
        for (const line of lines) expect(line).toMatch(/^[ -~]{1,400}$/);
        expect(describePolicyChange(read(orderedAnew(from, choose), use), after)).toEqual(lines);
      }),
      { numRuns: lawRuns(300) },
    );
  });
});

/** The same members and statements in another order, in the same spelling. */
function orderedAnew(value: JsonObject, choose: Choose): JsonObject {
  const Statement = value["Statement"];
  if (Statement === undefined) return value;
  const anew = listOf(Statement).map((statement) => {
    if (!isJsonObject(statement)) return statement;
    const elements = Object.entries(statement).map(([name, member]) => [
      name,
      name !== "Extra" && isJsonList(member) ? shuffled(member, choose) : member,
    ]);
    return shuffledKeys(Object.fromEntries(elements), choose);
  });
  return { ...value, Statement: shuffled(anew, choose) };
}

describe("text", () => {
  const texts = fc.string({
    unit: fc.oneof(
      fc.constantFrom("%", "+", "%2B", "%25", " ", "&", "é", "日", "\\", '"'),
      fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }),
    ),
  });

  test("of any kind survives the way to AWS and back, encoded or not", () => {
    fc.assert(
      fc.property(texts, uses, (text, use) => {
        const document = {
          Statement: [{ Effect: "Allow", Resource: text, Condition: { StringEquals: { "x:y": text } } }],
        };
        const built = buildPolicy(document, use);
        expect(built.text).toMatch(/^[\x20-\xff]+$/);
        expect(JSON.parse(built.text)).toEqual(document);
        expect(readPolicy(encodeURIComponent(built.text), use)).toEqual(built);
        expect(readPolicy(built.text, use)).toEqual(built);
      }),
      { numRuns: lawRuns(300) },
    );
  });

  test("that is encoded means what it means unencoded, for all JSON", () => {
    fc.assert(
      fc.property(anyJson, uses, fc.constantFrom(0, 2), (value, use, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(readPolicy(encodeURIComponent(text), use)).toEqual(readPolicy(text, use));
      }),
    );
  });

  test("never makes reading fail, and is always the same as itself", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          texts,
          anyJson.map((value) => JSON.stringify(value).slice(0, -1)),
        ),
        uses,
        (text, use) => {
          expect(samePolicy(readPolicy(text, use), readPolicy(text, use))).toBe(true);
          expect(readPolicy(text, use).sizeChars).toBeLessThanOrEqual(text.length * 6);
        },
      ),
    );
  });

  test("that has a key twice is found out, and only that", () => {
    fc.assert(
      fc.property(anyJson, fc.constantFrom(0, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(findDuplicateKeys(text)).toEqual([]);
        expect(findDuplicateKeys(`{"k":${text},"k":${text}}`)).toEqual(["k"]);
        expect(findDuplicateKeys(`[${text},{"k":${text},"l":{"k":1},"k":${text}}]`)).toEqual(["[1].k"]);
      }),
    );
  });
});
