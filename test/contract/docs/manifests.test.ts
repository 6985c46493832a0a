import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { parseInstanceProfile } from "../../../src/api/parse-instance-profile.ts";
import { AdmissionPolicy } from "../../support/admission-policy.ts";
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

test("the admission policy that the page on security shows refuses documents, and each trust beyond EC2", () => {
  const text = DOCUMENTS.find(({ path }) => path === "docs/explanation/security.md")?.fences.find(
    ({ language }) => language === "yaml",
  )?.text;
  const policy = new AdmissionPolicy(parse(text ?? "").spec);
  const spec = {
    ...{ path: "/k8s/my-cluster/team-a/", permissionsBoundaryArn: "arn:aws:iam::111122223333:policy/k8s-boundary" },
    ...{ inlinePolicies: [], managedPolicies: [], trust: { statements: [] } },
  };
  const refusals = (change: object) =>
    policy.refusals({
      object: { metadata: { name: "app", namespace: "team-a" }, spec: { ...spec, ...change } },
      operation: "CREATE",
    });
  expect(refusals({})).toEqual([]);
  expect(refusals({ trust: { statements: [], services: ["ec2.amazonaws.com"] } })).toEqual([]);
  const ec2 = ["these roles are for EC2 alone"];
  expect(refusals({ trust: { statements: [{}] } })).toEqual(ec2);
  expect(refusals({ trust: { statements: [], document: {} } })).toEqual(ec2);
  expect(refusals({ trust: { statements: [], services: ["lambda.amazonaws.com"] } })).toEqual(ec2);
  for (const field of ["inlinePolicies", "managedPolicies"]) {
    expect(refusals({ [field]: [{ name: "a", document: "{}" }] })).toEqual(["write statements instead of a document"]);
  }
});

function isInstanceProfile(value: unknown): boolean {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "InstanceProfile";
}
