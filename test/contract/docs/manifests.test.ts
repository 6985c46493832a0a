import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { parseInstanceProfile } from "../../../src/api/parse-instance-profile.ts";
import { DOCUMENTS, ROOT, sectionOf } from "./document.ts";

const WITH_YAML = DOCUMENTS.filter(({ fences }) => fences.some(({ language }) => language === "yaml"));

describe.each(WITH_YAML)("$path", ({ fences }) => {
  const manifests = fences
    .filter(({ language }) => language === "yaml")
    .flatMap(({ text }) => parseAllDocuments(text))
    .map((document) => ({ errors: document.errors, value: document.toJS() as unknown }));

  test("shows YAML that can be read", () => {
    expect(manifests.flatMap(({ errors }) => errors)).toEqual([]);
  });

  const profiles = manifests.map(({ value }) => value).filter(isInstanceProfile);
  if (profiles.length > 0)
    test("shows InstanceProfiles that are valid", () => {
      for (const profile of profiles) expect(() => parseInstanceProfile(profile)).not.toThrow();
    });
});

test("the README shows the sample that it names", () => {
  const { fences, codeSpans } = sectionOf("README.md", "The story: s3-read-only");
  const file = codeSpans.find((span) => span.startsWith("crds/samples/")) ?? "";
  const shown = fences.find(({ language }) => language === "yaml")?.text ?? "";
  expect(parse(shown)).toEqual(parse(readFileSync(join(ROOT, file), "utf8")));
});

function isInstanceProfile(value: unknown): boolean {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "InstanceProfile";
}
