import { expect, test } from "vitest";
import { UsageError } from "../../../src/cli/io.ts";
import { labelSelectorOf } from "../../../src/cli/options.ts";
import { parseLabelSelector } from "../../../src/sandbox/kube/query/label-selector.ts";

test.each([
  "team=web",
  "team == web",
  "team!=web",
  "example.com/team",
  "!example.com/team",
  "team in (web, db),tier notin (front)",
  "size>3",
  "empty=",
])("takes the selector %s, as an API server does", (text) => {
  expect(labelSelectorOf(text)).toBe(text);
  expect(() => parseLabelSelector(text)).not.toThrow();
});

test.each([
  "team=",
  "team=web,",
  "=web",
  "team in web",
  "team in (web",
  "te am=web",
  "team=we/b",
  "-team=web",
  "a/b/c=d",
])("says what is wrong with %s, or takes it as an API server does", (text) => {
  const isRefused = refuses(() => parseLabelSelector(text));
  expect(refuses(() => labelSelectorOf(text))).toBe(isRefused);
});

test("names the part that is wrong and shows what to write instead", () => {
  expect(() => labelSelectorOf("team=web,tier in front")).toThrow(UsageError);
  expect(() => labelSelectorOf("team=web,tier in front")).toThrow(
    '"tier in front" is not a requirement; write for example',
  );
});

function refuses(parse: () => unknown): boolean {
  try {
    parse();
    return false;
  } catch {
    return true;
  }
}
