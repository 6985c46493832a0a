// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts of other tools are what is tested.
import { describe, expect, test } from "vitest";
import { fillIn, variablesIn } from "../../../../src/model/variables/template.ts";

const VALUES = { account: "123456789012", namespace: "team-a", name: "app", stage: "{account}", empty: "" };
const filled = (text: string): string => fillIn(text, VALUES).text;

describe("a variable", () => {
  test.each([
    ["{namespace}-{name}", "team-a-app"],
    ["arn:aws:iam::{account}:role/x", "arn:aws:iam::123456789012:role/x"],
    ["{name}{name}", "appapp"],
    ["{empty}", ""],
    ["a{leftBrace}name}", "a{name}"],
    ["{leftBrace}{name}}", "{{name}}"],
  ])("in %s gives %s", (text, result) => {
    expect(fillIn(text, VALUES)).toEqual({ text: result, unknown: [], pending: [] });
  });

  test("is filled in once: a value that looks like a variable is text", () => {
    expect(filled("{stage}")).toBe("{account}");
  });

  test("that nobody knows stays, and is named once", () => {
    expect(fillIn("{acount}/{acount}/{name}", VALUES)).toEqual({
      text: "{acount}/{acount}/app",
      unknown: ["acount"],
      pending: [],
    });
  });

  test("that every object has and that has no value yet is pending", () => {
    expect(fillIn("{region}-{account}", VALUES)).toEqual({
      text: "{region}-123456789012",
      unknown: [],
      pending: ["region"],
    });
  });

  test.each(["constructor", "toString", "__proto__"])("is none of the members of an object: %s", (word) => {
    expect(filled(`{${word}}`)).toBe(`{${word}}`);
  });
});

test.each([
  "${aws:username}",
  "${namespace}",
  "{{name}}",
  "{{ name }}",
  "{ name }",
  "{}",
  "{1}",
  "{a:b}",
  "{name",
  "name}",
  "$" + "{*}",
])("%s is no variable and stays", (text) => {
  expect(fillIn(text, VALUES)).toEqual({ text, unknown: [], pending: [] });
  expect(variablesIn(text)).toEqual([]);
});

test("the variables of a text are found without their values", () => {
  expect(variablesIn("{a}-{name}-{leftBrace}{a}}")).toEqual(["a", "name"]);
});
