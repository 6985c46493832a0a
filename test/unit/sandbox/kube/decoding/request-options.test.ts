import { expect, test } from "vitest";
import { writeOptions } from "../../../../../src/sandbox/kube/decoding/request-options.ts";

const options = (query: string, userAgent = "tool/1.0", kind = "UpdateOptions", isApply = false) =>
  writeOptions(new URLSearchParams(query), userAgent, kind, isApply);

test("takes the manager from the query, else the first word of the User-Agent", () => {
  expect(options("fieldManager=me").manager).toBe("me");
  expect(options("", "kubectl/v1.33 (linux)").manager).toBe("kubectl");
  expect(options("", "").manager).toBe("");
});

test("warns of unknown fields unless told otherwise", () => {
  expect(options("").fieldValidation).toBe("Warn");
  expect(options("fieldValidation=Strict").fieldValidation).toBe("Strict");
});

test.each([
  ["fieldValidation=Loose", "UpdateOptions", false, 'fieldValidation: Unsupported value: "Loose"'],
  ["dryRun=None", "CreateOptions", false, 'dryRun: Unsupported value: ["None"]: supported values: "All"'],
  [`fieldManager=${"x".repeat(129)}`, "CreateOptions", false, "fieldManager: Too long: may not be more than 128 bytes"],
  ["fieldManager=a%0Ab", "CreateOptions", false, "invalid character U+000A (at position 1)"],
  ["force=true", "PatchOptions", false, "force: Forbidden: may not be specified for non-apply patch"],
  ["", "PatchOptions", true, "fieldManager: Required value: is required for apply patch"],
])("refuses %s", (query, kind, isApply, words) => {
  expect(() => options(query, "tool", kind, isApply)).toThrow(words);
});
