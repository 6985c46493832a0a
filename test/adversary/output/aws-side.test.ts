import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { type AwsSandbox, startAwsSandbox } from "../../../src/sandbox/aws/server.ts";
import { manifestText, runCli } from "../../contract/cli/run-cli.ts";
import { rememberEnvironment } from "../../support/environment.ts";
import { ALLOW_ALL, EC2_TRUST, outsider } from "../../support/outsider.ts";
import { EVERYTHING, expectSafe } from "./hostile.ts";

let aws: AwsSandbox;
let restoreEnvironment: () => void;

beforeAll(async () => {
  aws = await startAwsSandbox();
  restoreEnvironment = rememberEnvironment();
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: aws.url,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "planner",
    AWS_SECRET_ACCESS_KEY: "planner",
    AWS_EC2_METADATA_DISABLED: "true",
  });
});
beforeEach(() => aws.reset());
afterAll(async () => {
  restoreEnvironment();
  await aws.close();
});

/** All that IAM takes in a description. */
const DESCRIPTION = "x\n1 profile exported\n---\nkind: Forged\n::error::y\t\u00ad ##[error]z";
/** The tag characters of IAM are letters, digits, every separator of Unicode, and _.:/=+-@. */
const TAG_VALUE = "v\u2028::error::\u2029kind: Forged";

function inAscii(json: string): string {
  return json.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** A policy in whose values JSON's own escapes hold what IAM would refuse as a character. */
const policy = (action: string): string =>
  inAscii(
    JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Action: action,
          Resource: "*",
          Condition: {
            StringLike: { "aws:PrincipalTag/a": [EVERYTHING.toWellFormed(), "\n# spec: forged\n::error::x"] },
          },
        },
      ],
    }),
  );

interface Made {
  readonly description?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly profileTags?: Readonly<Record<string, string>>;
  readonly policies?: Readonly<Record<string, string>>;
}

function listed(tags: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(tags).flatMap(([key, value], i) => [
    [`Tags.member.${i + 1}.Key`, key],
    [`Tags.member.${i + 1}.Value`, value],
  ]);
  return Object.fromEntries(entries) as Record<string, string>;
}

async function make({ description, tags = {}, profileTags = {}, policies = { app: ALLOW_ALL } }: Made): Promise<void> {
  await outsider(aws.url, "CreateRole", {
    RoleName: "app",
    AssumeRolePolicyDocument: EC2_TRUST,
    ...(description === undefined ? {} : { Description: description }),
    ...listed(tags),
  });
  for (const [PolicyName, PolicyDocument] of Object.entries(policies)) {
    await outsider(aws.url, "PutRolePolicy", { RoleName: "app", PolicyName, PolicyDocument });
  }
  await outsider(aws.url, "CreateInstanceProfile", { InstanceProfileName: "app", ...listed(profileTags) });
  await outsider(aws.url, "AddRoleToInstanceProfile", { InstanceProfileName: "app", RoleName: "app" });
}

const EXISTING: readonly (readonly [string, Made])[] = [
  ["a description that goes over several lines", { description: DESCRIPTION }],
  ["a tag with line separators", { tags: { team: TAG_VALUE }, profileTags: { team: TAG_VALUE } }],
  ["a tag that only the role has", { tags: { [TAG_VALUE]: TAG_VALUE } }],
  ["a policy whose conditions hold control characters", { policies: { app: policy("s3:GetObject") } }],
  ["a second such policy, which goes into comments", { policies: { app: policy("s3:GetObject"), b: policy("s3:*") } }],
];

describe("what somebody wrote into AWS forges no line", () => {
  test.each(EXISTING)("of an export: %s", async (_, made) => {
    await make(made);
    const { status, out, err } = await runCli(["export", "--instance-profile", "app"]);
    expect(status).toBe(0);
    expectSafe(out);
    expectSafe(err);
    const kinds = parseAllDocuments(out).map((document) => (document.toJS() as { kind?: string } | null)?.kind);
    expect(kinds.every((kind) => kind === undefined || kind === "InstanceProfile")).toBe(true);
    // Each line is part of the manifest or a comment: none of the payloads became YAML of its own.
    expect(out).not.toMatch(/^(?:kind: Forged|---$)/m);
  });

  test.each(EXISTING)("of a plan: %s", async (_, made) => {
    await make(made);
    for (const format of ["text", "json", "markdown"]) {
      const input = manifestText({ adoptionPolicy: "IfExists", unmanagedPolicies: "Remove" });
      const { status, out, err } = await runCli(["plan", "-f", "-", "-o", format], { input });
      expect([2, 3]).toContain(status);
      expectSafe(out);
      expectSafe(err);
    }
  });

  test.each(EXISTING)("and an export of %s says what is in AWS, character by character", async (_, made) => {
    await make(made);
    const { out } = await runCli(["export", "--instance-profile", "app"]);
    const { description, tags = {} } = (parseAllDocuments(out)[0]?.toJS() as { spec?: Made } | null)?.spec ?? {};
    if (made.description !== undefined) expect(description).toBe(made.description);
    if (made.tags !== undefined && made.profileTags !== undefined) expect(tags).toEqual(made.tags);
  });
});

describe("a plan as Markdown holds user text where it belongs", () => {
  const HTML =
    "</code></summary></details><img src=x> [link](https://evil.example) @everyone `x` <!-- www.evil.example";

  test.each<[string, object]>([
    ["a description", { description: HTML }],
    ["a description with fences", { description: "```\n````\n</details>\n[a](b)" }],
    [
      "a condition",
      {
        statements: [
          {
            effect: "Allow",
            actions: ["s3:*"],
            resources: ["*"],
            conditions: { StringLike: { "aws:PrincipalTag/a": [HTML, "`````"] } },
          },
        ],
      },
    ],
  ])("%s stays in the code block", async (_, spec) => {
    const { out } = await runCli(["plan", "-f", "-", "-o", "markdown"], { input: manifestText(spec) });
    const [, fence = ""] = /^(`{3,})diff$/m.exec(out) ?? [];
    const outside = out.split(new RegExp(`^${fence}(?:diff)?$`, "m")).filter((_part, index) => index % 2 === 0);
    expect(out.split(new RegExp(`^${fence}(?:diff)?$`, "m"))).toHaveLength(3);
    expect(outside.join("")).not.toMatch(/evil|everyone|<img|\[a\]/);
    expect(outside.join("").match(/<\/?details/g)).toHaveLength(2);
  });
});
