import { expect, test } from "vitest";
import { TerminalError } from "../../../src/errors.ts";
import { findDuplicateKeys, scanJson } from "../../../src/model/policy/policy-json-scan.ts";

test("finds nothing in a document that says everything once", () => {
  expect(findDuplicateKeys('{"Statement":[{"Sid":"a"},{"Sid":"b"}],"Version":{"Sid":1}}')).toEqual([]);
  expect(findDuplicateKeys('[1,"a","a",true,null,{}]')).toEqual([]);
});

test("says where each repeated key is, in order and once", () => {
  const text = `{ "Version": 1, "Statement": [
    {"Effect": "Deny"},
    {"Effect": "Deny", "Condition": {"Bool": {"aws:x": [{}, {"a": 1, "a": 2}], "aws:x": 1}}, "Effect": "Allow", "Effect": 0}
  ], "Version": 2 }`;
  expect(findDuplicateKeys(text)).toEqual([
    'Statement[1].Condition.Bool["aws:x"][1].a',
    'Statement[1].Condition.Bool["aws:x"]',
    "Statement[1].Effect",
    "Version",
  ]);
});

test("knows a key that is written with escapes", () => {
  expect(findDuplicateKeys('{"Effect":1,"\\u0045ffect":2}')).toEqual(["Effect"]);
});

test("is not fooled by what strings contain", () => {
  expect(findDuplicateKeys('{"a":"\\"a\\":{,[","b":"a","c":["}","a",":"],"d\\\\":"a"}')).toEqual([]);
});

test("counts the members of lists within lists", () => {
  expect(findDuplicateKeys('[[],[0,[1],{"k":1,"k":2}]]')).toEqual(["[1][2].k"]);
});

test("refuses what is not JSON, with the reason and a way out", () => {
  expect(() => findDuplicateKeys('{"a":1,}')).toThrow(TerminalError);
  expect(() => findDuplicateKeys('{"a":1,}')).toThrow(/not JSON: .+ Correct it/);
});

test("names numbers that would change on their way through a double", () => {
  const scan = scanJson("[1,-2.5,0.1,123456789012345,9007199254740993,1e400,1e+21,0.1234567890123456789]");
  expect(scan.inexactNumbers).toEqual(["9007199254740993", "1e400", "0.1234567890123456789"]);
});

test("reads a long document in time that grows with its length", () => {
  const text = JSON.stringify({
    Statement: Array.from({ length: 2_000 }, (_, i) => ({ Sid: `s${i}`, Resource: '\\"'.repeat(15) })),
  });
  expect(text.length).toBeGreaterThan(131_072);
  expect(findDuplicateKeys(text)).toEqual([]);
});
