import { describe, expect, test } from "vitest";
import { type AccessStatement, statementLayers } from "../../../../../src/model/access/compare/access-statement.ts";
import {
  substituted,
  valueLiterals,
  variableKeys,
  variableValues,
} from "../../../../../src/model/access/compare/substitution.ts";
import type { JsonObject } from "../../../../../src/model/policy/policy-json.ts";

const S3 = "arn:aws:s3:::";
const NAME = `\${aws:username}`;
const DEFAULTED = `\${aws:username, 'nobody'}`;

function statement(elements: JsonObject, version = "2012-10-17"): AccessStatement {
  const written = { Effect: "Allow", Action: "s3:*", Resource: "*", ...elements };
  const document = { Version: version, Statement: [written] };
  const [read] = statementLayers({ use: "permissions", layers: [[document]] })[0] ?? [];
  if (read === undefined) throw new Error("the statement cannot be read");
  return read;
}

const resource = (pattern: string, version?: string) => statement({ Resource: `${S3}${pattern}` }, version);
const patternsOf = (one: AccessStatement | undefined) => one?.targets.patterns;

describe("the values to try", () => {
  test("are a text that no policy has, texts of the policies, and no value at all", () => {
    const like = statement({ Condition: { StringLike: { "s3:prefix": `home-${NAME}/x*` } } });
    expect(variableValues([resource(`logs/${NAME}`), like])).toEqual([
      "example",
      "aws",
      "s3",
      "logs",
      "home-",
      "x",
      undefined,
    ]);
  });

  test("are few", () => {
    const many = resource(Array.from({ length: 40 }, (_, index) => `part${index}`).join("/"));
    expect(variableValues([many])).toHaveLength(13);
  });
});

describe("the keys of variables", () => {
  test("are of resources and conditions, in lower case, each once, without escapes", () => {
    const like = statement({ Condition: { StringLike: { k: `${NAME}\${aws:UserId}\${*}` } } });
    expect(variableKeys([resource(`${NAME}/\${ AWS:UserName , 'x'}`), like])).toEqual(["aws:username", "aws:userid"]);
  });

  test("are none in a version without variables", () => {
    expect(variableKeys([resource(NAME, "2008-10-17")])).toEqual([]);
  });
});

describe("a statement with a value in place of its variables", () => {
  test("has it in resources and in values of conditions, and keeps escapes", () => {
    const one = statement({ Resource: `${S3}${NAME}/\${*}`, Condition: { StringEquals: { k: [NAME, "b"] } } });
    const chosen = substituted(one, "a");
    expect(patternsOf(chosen)).toEqual([`${S3}a/\${*}`]);
    expect(chosen?.tests).toEqual(statement({ Condition: { StringEquals: { k: ["a", "b"] } } }).tests);
  });

  test("is the same in a version without variables", () => {
    const one = resource(NAME, "2008-10-17");
    expect(substituted(one, "a")).toBe(one);
  });

  test("has the default of a variable without a value, and drops what has none", () => {
    const one = statement({ Resource: [`${S3}a${DEFAULTED}`, `${S3}b${NAME}`] });
    expect(patternsOf(substituted(one, undefined))).toEqual([`${S3}anobody`]);
  });

  test("has no default when there is a value", () => {
    expect(patternsOf(substituted(resource(DEFAULTED), "a"))).toEqual([`${S3}a`]);
  });

  test("drops a value of a condition that has none", () => {
    const one = statement({ Condition: { StringEquals: { k: [NAME, "b"] } } });
    expect(substituted(one, undefined)?.tests).toEqual(statement({ Condition: { StringEquals: { k: ["b"] } } }).tests);
  });

  test("matches nothing when it is for all resources but one that is not known", () => {
    const { Resource: _, ...rest } = {
      Resource: "",
      Effect: "Allow",
      Action: "s3:*",
      NotResource: [`${S3}${NAME}`, "*"],
    };
    const document = { Version: "2012-10-17", Statement: [rest] };
    const [one] = statementLayers({ use: "permissions", layers: [[document]] })[0] ?? [];
    expect(one && substituted(one, undefined)).toBeUndefined();
    expect(patternsOf(one && substituted(one, "a"))).toEqual(expect.arrayContaining([`${S3}a`]));
  });
});

describe("what must hold of the keys", () => {
  test("is their value, or that they are absent", () => {
    const holding = (value: string | undefined) =>
      valueLiterals(["a", "b"], value).map(({ test: { operator, key }, holds }) => [operator, key, holds]);
    expect(holding("x")).toEqual([
      ["stringequals", "a", true],
      ["stringequals", "b", true],
    ]);
    expect(holding(undefined)).toEqual([
      ["null", "a", true],
      ["null", "b", true],
    ]);
  });
});
