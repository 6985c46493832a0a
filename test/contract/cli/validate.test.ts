import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { manifestText, runCli } from "./run-cli.ts";

const SAMPLES = join(import.meta.dirname, "../../../crds/samples");
const REFUSED = readdirSync(join(SAMPLES, "refused")).map((name) => {
  const text = readFileSync(join(SAMPLES, "refused", name), "utf8");
  return { name, text, message: /^# refused: (.+)$/m.exec(text)?.[1] ?? "", isChange: /^---$/m.test(text) };
});

/** What was said of each file, in order. */
let reports: ReadonlyMap<string, string>;
beforeAll(async () => {
  const { out } = await runCli(["validate", "-f", SAMPLES]);
  const sections = out.split(/^(?=\/)/m);
  reports = new Map(
    [...Map.groupBy(sections, (section) => section.split(" ")[0] ?? "")].map(([file, all]) => [file, all.join("")]),
  );
});

const reportOf = (name: string): string => reports.get(join(SAMPLES, name)) ?? "";

describe("validate says what the API server would say, offline", () => {
  test.each(["s3-read-only.yaml", "full.yaml"])("%s is valid", (name) => {
    expect(reportOf(name)).toMatch(/: ok\n/);
  });

  test.each(REFUSED.filter(({ isChange }) => !isChange))("$name is invalid: $message", ({ name, message }) => {
    expect(reportOf(join("refused", name))).toMatch(/: invalid\n/);
    expect(reportOf(join("refused", name))).toContain(message);
  });

  test.each(REFUSED.filter(({ isChange }) => isChange))(
    "$name is valid by itself: only the change is refused",
    async ({ text }) => {
      for (const input of text.split(/^---$/m)) {
        expect(await runCli(["validate", "-f", "-"], { input })).toMatchObject({ status: 0 });
      }
    },
  );

  test("there are all of them", () => {
    expect(REFUSED.length).toBeGreaterThanOrEqual(54);
    expect(REFUSED.filter(({ isChange }) => isChange).length).toBe(8);
  });
});

describe("validate finds what only IAM would refuse", () => {
  const statement = { effect: "Allow", actions: ["s3:Get*"], resources: ["*"] };
  const judged = async (spec: object) => runCli(["validate", "-f", "-"], { input: manifestText(spec) });

  test("each fault of a document, at its element", async () => {
    const document = { Version: "2013-10-17", Statement: { Effect: "Allow", Action: "GetObject", Resource: "*" } };
    const { status, out } = await judged({ inlinePolicies: [{ name: "a", document }] });
    expect(status).toBe(1);
    expect(out).toMatch(/: error: spec\.inlinePolicies\[0\]\.document\.Version: Unsupported value/);
    expect(out).toMatch(/: error: spec\.inlinePolicies\[0\]\.document\.Statement\.Action: Invalid value: "GetObject"/);
  });

  test.each([{ name: "a" }, { name: "a", statements: [statement], document: {} }])(
    "a policy that has not exactly one of statements and document, at the policy: %j",
    async (policy) => {
      const { status, out } = await judged({ inlinePolicies: [policy] });
      expect(status).toBe(1);
      expect(out).toMatch(/error: spec\.inlinePolicies\[0\]: .*: write exactly one of statements and document/);
    },
  );

  test.each([
    ["arn:aws:s3:::$" + "{var.bucket}/*", "looks like template text of Terraform"],
    ["arn:aws:s3:::{account}-logs/*", "{account} is not filled in within a document; write the policy as statements"],
  ])("warns of %s in a document, which IAM takes as text", async (resource, words) => {
    const document = {
      Version: "2012-10-17",
      Statement: { Effect: "Allow", Action: "s3:GetObject", Resource: resource },
    };
    const { status, out } = await judged({ inlinePolicies: [{ name: "a", document }] });
    expect(status).toBe(0);
    expect(out).toContain("warning: spec.inlinePolicies[0].document.Statement[0].Resource[0]: ");
    expect(out).toContain(words);
  });

  test("does not warn of a policy variable of IAM in a document", async () => {
    const resource = "arn:aws:s3:::a/$" + "{aws:username}";
    const document = {
      Version: "2012-10-17",
      Statement: { Effect: "Allow", Action: "s3:GetObject", Resource: resource },
    };
    const { out } = await judged({ inlinePolicies: [{ name: "a", document }] });
    expect(out).not.toContain("warning");
  });

  test("an operator that is none, with the one that was meant", async () => {
    const { status, out } = await judged({
      statements: [{ ...statement, conditions: { stringequal: { "aws:a": ["b"] } } }],
    });
    expect(status).toBe(1);
    expect(out).toContain("spec.statements[0].conditions.stringequal: ");
    expect(out).toContain("did you mean StringEquals?");
  });

  test("a policy of AWS under the wrong path is an error, one that the list does not have a warning", async () => {
    const managed = (name: string) => judged({ managedPolicyArns: [`arn:aws:iam::aws:policy/${name}`] });
    expect(await managed("AmazonEC2ContainerServiceforEC2Role")).toMatchObject({
      status: 1,
      out: expect.stringContaining("write arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role"),
    });
    expect(await managed("AmazonSSMManagedInstancesCore")).toMatchObject({
      status: 0,
      out: expect.stringContaining("did you mean AmazonSSMManagedInstanceCore?"),
    });
  });

  test("an operator in any of its forms is one", async () => {
    const conditions = { "ForAnyValue:StringLikeIfExists": { "aws:a": ["b"] }, Null: { "aws:c": ["true"] } };
    expect(await judged({ statements: [{ ...statement, conditions }] })).toMatchObject({ status: 0 });
  });

  test("a policy that is too large; a large trust policy is a warning", async () => {
    const resources = Array.from({ length: 60 }, (_, i) => `arn:aws:s3:::${"b".repeat(180)}${i}`);
    expect(await judged({ statements: [{ ...statement, resources }] })).toMatchObject({
      status: 1,
      out: expect.stringMatching(
        /error: spec[.]statements: the inline policy has more than 10,240 characters without white space/,
      ),
    });
    const aws = Array.from({ length: 50 }, (_, i) => `arn:aws:iam::123456789012:role/${"r".repeat(20)}${i}`);
    const trust = { statements: [{ effect: "Allow", principals: { aws }, actions: ["sts:AssumeRole"] }] };
    expect(await judged({ trust })).toMatchObject({
      status: 0,
      out: expect.stringMatching(/warning: spec[.]trust: the trust policy has \d+ characters/),
    });
  });
});
