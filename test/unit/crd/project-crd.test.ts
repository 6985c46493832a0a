import { readdirSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { compileCrd } from "../../../src/crd/compile-crd.ts";
import type { CompiledVersion, JsonObject } from "../../../src/crd/contract.ts";
import { lines } from "./fixtures.ts";

const folder = new URL("../../../crds/", import.meta.url);
const crd: JsonObject = parse(readFileSync(new URL("iam.instanceprofile.dev_instanceprofiles.yaml", folder), "utf8"));
const refused = readdirSync(new URL("samples/refused/", folder)).filter((name) => name.endsWith(".yaml"));
let version: CompiledVersion;

beforeAll(() => {
  const [first] = compileCrd(crd).versions;
  if (first === undefined) {
    throw new Error("the CRD has no version");
  }
  version = first;
});

function sample(name: string): { readonly text: string; readonly objects: readonly JsonObject[] } {
  const text = readFileSync(new URL(`samples/${name}`, folder), "utf8");
  return { text, objects: parseAllDocuments(text).map((document) => document.toJS()) };
}

/** What the last document of a sample is refused for, strictly decoded; the one before it, if any, is what is stored. */
function refusals(objects: readonly JsonObject[]): readonly string[] {
  const [next, live] = [...objects].reverse().map((object) => version.applyDefaults(version.prune(object)));
  const unknown = objects.flatMap((object) => version.unknownFields(object)).map((path) => `unknown field "${path}"`);
  return next === undefined ? [] : [...unknown, ...lines(version.validate(next, live))];
}

describe("the project's CRD", () => {
  test.each(["s3-read-only.yaml", "full.yaml"])("accepts samples/%s without an unknown field", (name) => {
    const { objects } = sample(name);
    expect(objects.flatMap((object) => version.unknownFields(object))).toEqual([]);
    expect(refusals(objects)).toEqual([]);
  });

  test.each(refused)("refuses samples/refused/%s with the words in its first line", (name) => {
    const { text, objects } = sample(`refused/${name}`);
    const [, expected = ""] = /^# refused: (.*)$/m.exec(text) ?? [];
    const found = refusals(objects);
    expect(expected).not.toBe("");
    expect(found.some((line) => line.includes(expected))).toBe(true);
    expect(objects.slice(0, -1).flatMap((object) => refusals([object]))).toEqual([]);
  });

  test("words its refusals exactly so", () => {
    expect(refusals(sample("refused/change-role-name.yaml").objects)).toEqual([
      "spec.roleName: Forbidden: roleName cannot be set, changed or removed later, AWS has no rename; create another InstanceProfile with the new name and delete this one",
    ]);
    expect(refusals(sample("refused/effect-lower-case.yaml").objects)).toEqual([
      'spec.statements[0].effect: Unsupported value: "allow": supported values: "Allow", "Deny"',
      expect.stringContaining("some validation rules were not checked"),
    ]);
  });
});
