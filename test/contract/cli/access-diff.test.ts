import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type AwsSandbox, startAwsSandbox } from "../../../src/sandbox/aws/server.ts";
import { useAws } from "../../support/environment.ts";
import { EC2_TRUST, outsider } from "../../support/outsider.ts";
import { manifestText, runCli } from "./run-cli.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "access-diff-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A file, or files of a folder. */
function given(name: string, content: unknown): string {
  const path = join(folder, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

const policy = (...statements: readonly object[]): object => ({ Version: "2012-10-17", Statement: statements });
const allow = (...actions: readonly string[]): object => ({
  Sid: "Main",
  Effect: "Allow",
  Action: actions,
  Resource: ["*"],
});
const diff = (from: string, to: string, ...more: readonly string[]) =>
  runCli(["access", "diff", "--from", from, "--to", to, "--offline", ...more]);
const app = (actions: readonly string[], spec: object = {}, metadata: object = {}): string =>
  manifestText({ statements: [{ sid: "Main", effect: "Allow", actions, resources: ["*"] }], ...spec }, metadata);

describe("access diff of two policy documents", () => {
  test("exits with 0 and says that nothing is new", async () => {
    const [from, to] = [given("from.json", policy(allow("s3:*"))), given("to.json", policy(allow("s3:Get*")))];
    expect(await diff(from, to)).toEqual({ status: 0, out: "Grants no new access.\n", err: "" });
  });

  test("exits with 2 and says what is new, by which statement and where", async () => {
    const [from, to] = [
      given("from.json", policy(allow("s3:Get*"))),
      given("to.json", policy(allow("s3:Get*", "s3:PutObject"))),
    ];
    expect(await diff(from, to)).toEqual({
      status: 2,
      out: `Grants new access: s3:PutObject on * (statement 1 "Main" of the policy at ${to}:1:38)\n`,
      err: "",
    });
  });

  test("prints JSON with verdict, action, resource and context", async () => {
    const condition = { StringEquals: { "aws:PrincipalTag/team": "a" } };
    const [from, to] = [
      given("from.json", policy(allow("s3:Get*"))),
      given("to.json", policy({ ...allow("s3:PutObject"), Condition: condition })),
    ];
    const { status, out } = await diff(from, to, "--output", "json");
    expect(status).toBe(2);
    expect(JSON.parse(out)).toMatchObject({
      apiVersion: "cli.iam.instanceprofile.dev/v1",
      kind: "AccessDiff",
      verdict: "new-access",
      examples: [
        {
          action: "s3:PutObject",
          resource: "*",
          context: { "aws:principaltag/team": ["a"] },
          statement: 0,
          sid: "Main",
        },
      ],
      undecided: [],
    });
  });

  test("compares trust policies by who may assume the role", async () => {
    const trust = (...services: readonly string[]): object =>
      policy({ Effect: "Allow", Principal: { Service: services }, Action: "sts:AssumeRole" });
    const [from, to] = [
      given("from.json", trust("ec2.amazonaws.com")),
      given("to.json", trust("ec2.amazonaws.com", "lambda.amazonaws.com")),
    ];
    expect(await diff(from, to)).toMatchObject({
      status: 2,
      out: expect.stringContaining(
        "Lets new principals assume the role: Service:lambda.amazonaws.com (sts:AssumeRole; statement 1",
      ),
    });
  });
});

describe("access diff of manifests", () => {
  test("names object, file and line", async () => {
    const [from, to] = [given("a.json", app(["s3:Get*"])), given("b.json", app(["s3:Get*", "s3:PutObject"]))];
    const { status, out } = await diff(from, to);
    expect(status).toBe(2);
    expect(out).toBe(
      [
        "Grants new access: s3:PutObject on * (team-a/app)",
        "",
        "InstanceProfile team-a/app",
        `  Grants new access: s3:PutObject on * (statement 1 "Main" of inline policy app at ${to}:1:160)`,
        "",
      ].join("\n"),
    );
  });

  test("pairs the objects of two folders by namespace and name", async () => {
    given("before/x.json", app(["s3:Get*"]));
    given("before/gone.json", app(["iam:*"], { roleName: "gone" }, { name: "gone" }));
    given("after/y.json", app(["s3:Get*"]));
    given("after/new.json", app(["sqs:SendMessage"], { roleName: "new" }, { name: "new" }));
    const { status, out } = await diff(join(folder, "before"), join(folder, "after"), "-o", "json");
    expect(status).toBe(2);
    const { objects, examples } = JSON.parse(out);
    expect(objects).toEqual([
      { object: "team-a/new", verdict: "new-access" },
      { object: "team-a/app", verdict: "no-new-access" },
      { object: "team-a/gone", verdict: "no-new-access" },
    ]);
    expect(examples).toMatchObject([
      { object: "team-a/new", action: "sqs:SendMessage" },
      { object: "team-a/new", principal: "Service:ec2.amazonaws.com" },
    ]);
  });

  test("compares a manifest with the one policy document that bounds it", async () => {
    const bound = given("bound.json", policy(allow("s3:*")));
    expect(await diff(bound, given("a.json", app(["s3:Get*"])))).toMatchObject({ status: 0 });
    expect(await diff(bound, given("b.json", app(["ec2:*"])))).toMatchObject({ status: 2 });
  });

  test("exits with 3 for an attached policy that was not read", async () => {
    const attached = { managedPolicyArns: ["arn:aws:iam::aws:policy/ReadOnlyAccess"] };
    const [from, to] = [given("a.json", app(["s3:Get*"])), given("b.json", app(["s3:Get*"], attached))];
    expect(await diff(from, to)).toMatchObject({
      status: 3,
      out: expect.stringContaining(
        "the change attaches managed policy arn:aws:iam::aws:policy/ReadOnlyAccess (not read)",
      ),
    });
    expect(await diff(to, to)).toMatchObject({
      status: 0,
      out: expect.stringContaining("Unchanged and not read: managed policy arn:aws:iam::aws:policy/ReadOnlyAccess."),
    });
  });

  test("prints Markdown in which authors can write no Markdown", async () => {
    const hostile = {
      statements: [{ effect: "Allow", actions: ["s3:Get*"], resources: ["arn:aws:s3:::```</summary>@team"] }],
    };
    const [from, to] = [
      given("a.json", app(["s3:GetObject"], { statements: [{ effect: "Deny", actions: ["*"], resources: ["*"] }] })),
      given("b.json", manifestText(hostile)),
    ];
    const { out } = await diff(from, to, "-o", "markdown");
    expect(out).toMatch(
      /^\*\*Grants new access: ````s3:Get\* on arn:aws:s3:::```<\/summary>@team```` \(`team-a\/app`\)\*\*\n/,
    );
    expect(out).toMatch(/\n````text\nGrants new access: .*\n````\n/);
  });

  test.each<[string, () => readonly string[], RegExp]>([
    ["nothing", () => [], /nothing to compare: set --from and --to, or --pairs/],
    ["live on both sides", () => ["--from", "live", "--to", "live"], /cannot both be live/],
    [
      "live beside a policy",
      () => ["--from", "live", "--to", given("p.json", policy(allow("*")))],
      /name manifests on the other side/,
    ],
    [
      "live offline",
      () => ["--from", "live", "--to", given("a.json", app(["*"])), "--offline"],
      /--offline: live reads roles in AWS/,
    ],
    ["standard input twice", () => ["--from", "-", "--to", "-"], /cannot both read standard input/],
    ["an unknown format", () => ["--from", "a", "--to", "b", "-o", "xml"], /must be one of text, json, markdown/],
    ["--pairs with --to", () => ["--pairs", "a", "--to", "b"], /--pairs and --to cannot be combined/],
    ["a missing file", () => ["--from", join(folder, "none.json"), "--to", "b"], /none\.json does not exist/],
    [
      "two objects of one name",
      () => ["--from", given("t.yaml", `${app(["*"])}\n---\n${app(["*"])}`), "--to", given("a.json", app(["*"]))],
      /InstanceProfile team-a\/app is in .* remove one of them/,
    ],
    [
      "two policies in a folder",
      () =>
        ["a.json", "b.json"]
          .map((name) => dirname(given(`d/${name}`, policy())))
          .flatMap((d, i) => [["--from", "--to"][i] ?? "", d]),
      /has 2 policy documents; name one file/,
    ],
    [
      "a policy beside several objects",
      () => [
        "--from",
        given("p.json", policy(allow("*"))),
        "--to",
        given("t.yaml", `${app(["*"])}\n---\n${app(["*"], {}, { name: "b" })}`),
      ],
      /cannot be compared with 2 objects/,
    ],
  ])("exits with 1 for %s", async (_name, args, message) => {
    const { status, err, out } = await runCli(["access", "diff", ...args()]);
    expect(err).toMatch(message);
    expect({ status, out }).toEqual({ status: 1, out: "" });
  });

  test("exits with 1 for an invalid manifest, with its place", async () => {
    const [from, to] = [given("a.json", app(["s3:Get*"])), given("b.json", manifestText({ roleNam: "x" }))];
    const { status, err } = await diff(from, to);
    expect(status).toBe(1);
    expect(err).toMatch(
      /b\.json:1:\d+: error: spec\.roleNam: unknown field "spec\.roleNam" \(did you mean roleName\?\)/,
    );
    expect(err).toContain("nothing was compared: 1 of 1 manifests are invalid");
  });
});

describe("access diff --pairs", () => {
  const line = (id: unknown, from: unknown, to: unknown): string => JSON.stringify({ id, from, to });
  const answers = (out: string): unknown[] =>
    out
      .trim()
      .split("\n")
      .map((text) => JSON.parse(text));

  test("answers each line, in order, from a file and from standard input", async () => {
    const lines = [
      line(1, policy(allow("s3:*")), policy(allow("s3:Get*"))),
      line("two", [policy(allow("s3:Get*"))], [policy(allow("s3:Get*")), policy(allow("s3:PutObject"))]),
    ].join("\n");
    const expected = [
      { id: 1, verdict: "no-new-access", examples: [] },
      { id: "two", verdict: "new-access", examples: [{ action: "s3:PutObject", policy: "policy 2" }] },
    ];
    const fromFile = await runCli(["access", "diff", "--pairs", given("pairs.jsonl", lines)]);
    expect(fromFile.status).toBe(0);
    expect(answers(fromFile.out)).toMatchObject(expected);
    const fromInput = await runCli(["access", "diff", "--pairs", "-"], { input: `${lines}\n\n` });
    expect(fromInput).toEqual(fromFile);
  });

  test("answers a bad line with an error, goes on, and exits with 1", async () => {
    const input = [
      "{",
      '{"id":1,"id":2,"from":{},"to":{}}',
      line(3, "s3:*", {}),
      line(4, {}, [1]),
      line(5, policy(), policy()),
    ].join("\n");
    const { status, out } = await runCli(["access", "diff", "--pairs", "-"], { input });
    expect(status).toBe(1);
    expect(answers(out)).toMatchObject([
      { id: null, error: expect.stringContaining("not a JSON object") },
      { id: null, error: expect.stringContaining("a key twice") },
      { id: 3, error: "from: must be a policy document or a list of them" },
      { id: 4, error: "to: must be a policy document or a list of them" },
      { id: 5, verdict: "no-new-access" },
    ]);
  });

  test("exits with 1 for a file that does not exist", async () => {
    expect(await runCli(["access", "diff", "--pairs", join(folder, "none")])).toMatchObject({
      status: 1,
      err: expect.stringContaining("none does not exist"),
    });
  });
});

describe("access diff with the roles in AWS", () => {
  let aws: AwsSandbox;
  let restoreEnvironment: () => void;
  beforeAll(async () => {
    aws = await startAwsSandbox({});
    restoreEnvironment = useAws(aws.url, "reader");
  });
  afterAll(async () => {
    restoreEnvironment();
    await aws.close();
  });

  test("compares what the role has with the manifest, in both directions", async () => {
    await outsider(aws.url, "CreateRole", { RoleName: "app", AssumeRolePolicyDocument: EC2_TRUST });
    const PolicyDocument = JSON.stringify(policy(allow("s3:Get*")));
    await outsider(aws.url, "PutRolePolicy", { RoleName: "app", PolicyName: "any", PolicyDocument });
    const manifest = given("a.json", app(["s3:*"]));
    expect(await runCli(["access", "diff", "--from", "live", "--to", manifest])).toMatchObject({
      status: 2,
      out: expect.stringContaining("Grants new access: s3:* on * (example: s3:"),
    });
    expect(await runCli(["access", "diff", "--from", manifest, "--to", "live"])).toMatchObject({ status: 0 });
    expect(aws.calls.writes()).toEqual(["CreateRole", "PutRolePolicy"]);
  });
});

test("a side that is given twice is an error; of other options the last one counts, as when a deployment overrides one", async () => {
  const [from, to] = [given("from.json", policy(allow("s3:*"))), given("to.json", policy(allow("s3:Get*")))];
  const twice = await diff(from, to, "--to", from);
  expect([twice.status, twice.err]).toEqual([1, expect.stringContaining("--to is given twice; give it once")]);
  const overridden = await diff(from, to, "--output", "json", "--output", "text");
  expect(overridden).toEqual({ status: 0, out: "Grants no new access.\n", err: "" });
});
