import { describe, expect, test } from "vitest";
import { manifestText, runCli } from "./run-cli.ts";

const STATEMENT = { Sid: "Read", Effect: "Allow", Action: "s3:Get*", Resource: ["*"] };
const WRITTEN = '{"sid":"Read","effect":"Allow","actions":["s3:Get*"],"resources":["*"]}';
const TRUST = { Effect: "Allow", Principal: { AWS: "123456789012" }, Action: "sts:AssumeRole" };

async function findingsOf(spec: object): Promise<readonly { readonly path: string; readonly message: string }[]> {
  const { status, out } = await runCli(["validate", "-f", "-", "-o", "json"], { input: manifestText(spec) });
  expect(status).toBe(1);
  return JSON.parse(out).manifests[0].findings;
}

describe("a policy in IAM's JSON gets one hint, which shows the right form", () => {
  test.each<[string, object, string, string]>([
    ["a list of statements", { statements: [STATEMENT] }, "spec.statements", WRITTEN],
    ["a statement without a list", { statements: STATEMENT }, "spec.statements", WRITTEN],
    ["a document", { statements: { Version: "2012-10-17", Statement: STATEMENT } }, "spec.statements", WRITTEN],
    [
      "a document in a list",
      { statements: [{ Version: "2012-10-17", Statement: [STATEMENT] }] },
      "spec.statements",
      WRITTEN,
    ],
    [
      "one of several statements",
      { statements: [{ effect: "Allow", actions: ["s3:Get*"], resources: ["*"] }, STATEMENT] },
      "spec.statements",
      "effect",
    ],
    [
      "a document in a field of IAM's API",
      { policyDocument: { Statement: [STATEMENT] } },
      "spec.policyDocument",
      WRITTEN,
    ],
    [
      "the same as text",
      { policyDocument: JSON.stringify({ Statement: STATEMENT }) },
      "spec.policyDocument",
      "spec.inlinePolicies[].document",
    ],
    [
      "a document as an inline policy",
      { inlinePolicies: [{ Version: "2012-10-17", Statement: STATEMENT }] },
      "spec.inlinePolicies[0]",
      "move the policy unchanged to spec.inlinePolicies[0].document",
    ],
    [
      "a trust policy in a field of IAM's API",
      { assumeRolePolicyDocument: { Statement: [TRUST] } },
      "spec.assumeRolePolicyDocument",
      "move the policy unchanged to spec.trust.document",
    ],
    ["a trust policy", { trust: { Statement: [TRUST] } }, "spec.trust", '"principals":{"aws":["123456789012"]}'],
    [
      "trust statements",
      { trust: { statements: [TRUST] } },
      "spec.trust.statements",
      '"principals":{"aws":["123456789012"]}',
    ],
    [
      "a statement that no manifest can have",
      { statements: [{ ...STATEMENT, Nope: 1 }] },
      "spec.statements",
      "arn:aws:s3:::logs/*",
    ],
    [
      "a statement that is too long to show",
      { statements: [{ ...STATEMENT, Resource: ["x".repeat(400)] }] },
      "spec.statements",
      "arn:aws:s3:::logs/*",
    ],
  ])("%s", async (_, spec, path, form) => {
    const findings = await findingsOf(spec);
    expect(findings.map((finding) => finding.path)).toEqual([path]);
    expect(findings[0]?.message).toContain("this is a policy in IAM's JSON");
    expect(findings[0]?.message).toContain(form);
  });

  test("and other faults of the manifest are still reported", async () => {
    const findings = await findingsOf({ statements: [STATEMENT], maxSessionDurationSeconds: 5 });
    expect(findings.map(({ path }) => path)).toEqual(["spec.statements", "spec.maxSessionDurationSeconds"]);
  });
});
