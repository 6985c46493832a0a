import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type AwsSandbox, startAwsSandbox } from "../../../src/sandbox/aws/server.ts";
import { manifestText, runCli } from "../../contract/cli/run-cli.ts";
import { rememberEnvironment } from "../../support/environment.ts";
import { EVERYTHING, expectSafe, HOSTILE } from "./hostile.ts";

const API_VERSION = "iam.instanceprofile.dev/v1beta1";
const ESC = "\u001b";
const ALLOW = { effect: "Allow", actions: ["s3:Get*"], resources: ["*"] };

let aws: AwsSandbox;
let folder: string;
let restoreEnvironment: () => void;

beforeAll(async () => {
  [aws, folder] = await Promise.all([startAwsSandbox(), mkdtemp(join(tmpdir(), "hostile-"))]);
  restoreEnvironment = rememberEnvironment();
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: aws.url,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "planner",
    AWS_SECRET_ACCESS_KEY: "planner",
    AWS_EC2_METADATA_DISABLED: "true",
  });
});
afterAll(async () => {
  restoreEnvironment();
  await Promise.all([aws.close(), rm(folder, { recursive: true })]);
});

/** Runs `validate` and `plan` in these formats and expects bytes that no payload wrote. Colors change no text. */
async function expectSafeOutput(
  input: string,
  ofValidate: readonly string[],
  ofPlan: readonly string[],
): Promise<void> {
  const runs = [...ofValidate.map((format) => ["validate", format]), ...ofPlan.map((format) => ["plan", format])];
  for (const [command = "", format = ""] of runs) {
    const { out, err } = await runCli([command, "-f", "-", "-o", format], { input });
    expect(out + err).not.toBe("");
    expectSafe(out);
    expectSafe(err);
    if (format !== "text") continue;
    const colored = await runCli([command, "-f", "-", "--color", "always"], {
      input,
      terminal: { out: true, err: true },
    });
    expect(withoutColors(colored.out)).toBe(out);
    expect(colored.err).toBe(err);
  }
}

/** The lines without the colors that the program puts around a whole line; what is within a line stays. */
function withoutColors(text: string): string {
  return text.replaceAll(new RegExp(`^(?:${ESC}\\[(?:1|31|32|33)m)+|(?:${ESC}\\[(?:22|39)m)+$`, "gm"), "");
}

/** Where in a manifest somebody can write text; what is not a text may have text in it. */
const PLACES: Readonly<Record<string, (text: string) => string>> = {
  "the name": (text) => manifestText({}, { name: text }),
  "the namespace": (text) => manifestText({}, { namespace: text }),
  "a name that is an object": (text) => manifestText({}, { name: { [text]: text, toString: 1 } }),
  "a key of the spec": (text) => manifestText({ [text]: 1 }),
  "a value of a key that is unknown": (text) => manifestText({ unknown: text }),
  "the role's name": (text) => manifestText({ roleName: text }),
  "the description": (text) => manifestText({ description: text }),
  "the class's name": (text) => manifestText({ className: text }),
  "a tag's key": (text) => manifestText({ tags: { [text]: "v" } }),
  "a tag's value": (text) => manifestText({ tags: { key: text } }),
  "a sid": (text) => manifestText({ statements: [{ ...ALLOW, sid: text }] }),
  "an action": (text) => manifestText({ statements: [{ ...ALLOW, actions: [text] }] }),
  "a resource": (text) => manifestText({ statements: [{ ...ALLOW, resources: [text] }] }),
  "a condition's operator": (text) =>
    manifestText({ statements: [{ ...ALLOW, conditions: { [text]: { a: ["b"] } } }] }),
  "a condition's key": (text) =>
    manifestText({ statements: [{ ...ALLOW, conditions: { StringLike: { [text]: ["b"] } } }] }),
  "a condition's value": (text) =>
    manifestText({ statements: [{ ...ALLOW, conditions: { StringLike: { "aws:PrincipalTag/a": [text] } } }] }),
  "a principal": (text) =>
    manifestText({
      trust: { statements: [{ effect: "Allow", principals: { AWS: [text] }, actions: ["sts:AssumeRole"] }] },
    }),
  "a managed policy": (text) => manifestText({ managedPolicyArns: [text] }),
  "an enumeration": (text) => manifestText({ deletionPolicy: text }),
  "the API version": (text) => manifestText().replace("v1beta1", JSON.stringify(text).slice(1, -1)),
  "a label and an annotation": (text) => manifestText({}, { labels: { [text]: text }, annotations: { [text]: text } }),
  "YAML that is cut short": (text) => `kind: InstanceProfile\nmetadata: {name: ${JSON.stringify(text)}`,
  "an alias of nothing": (text) => `kind: InstanceProfile\nmetadata: *${text.replaceAll(/\s/gu, "")}`,
};

test.each(Object.entries(PLACES))("hostile text in %s reaches no terminal", async (_, of) => {
  await expectSafeOutput(of(EVERYTHING), ["text"], ["markdown"]);
});

test.each(Object.entries(HOSTILE))("%s cannot be forged from a key, a name or a value", async (_, payload) => {
  const spec = { [payload]: payload, roleName: payload, tags: { [payload]: payload } };
  await expectSafeOutput(
    manifestText(spec, { name: payload, namespace: payload }),
    ["text", "json", "sarif"],
    ["text"],
  );
});

test("a payload that ends a color and begins its own is shown in the color of its line", async () => {
  const payload = "x\u001b[39m\u001b[1mGrants no new access.\u009b32m";
  const tags = { k: payload };
  const input = manifestText({ description: payload, tags, statements: [{ ...ALLOW, sid: payload, extra: 1 }] });
  await expectSafeOutput(input, ["text"], ["text"]);
  const { out } = await runCli(["validate", "-f", "-", "--color", "always"], { input });
  expect(out).toContain(`${ESC}[31m  <stdin>:`);
  expect(out.replaceAll(new RegExp(`${ESC}\\[(?:1|31|33|22|39)m`, "g"), "")).not.toContain(ESC);
});

test("a plan of hostile tags is safe in every format", async () => {
  const tags = { "k\u2028\u202e": "v\u2029::error::\u00ad", k: "##[error]" };
  await expectSafeOutput(manifestText({ tags, description: "a\n::error::b\u0085" }), [], ["text", "json", "markdown"]);
});

test("the key that forged a result line and workflow commands is shown with its characters escaped", async () => {
  const operator = "X\n1 checked, 0 invalid\n::stop-commands::t0k\u001b[2J\u001b]0;title\u0007";
  const input = manifestText({ statements: [{ ...ALLOW, conditions: { [operator]: { "aws:x": ["y"] } } }] });
  const { status, out } = await runCli(["validate", "-f", "-"], { input });
  expect(status).toBe(1);
  expect(out).toMatch(/X.{0,8}\\u000a1 checked, 0 invalid|X\\n1 checked, 0 invalid/);
  expect(out).toMatch(/\n1 checked, 1 invalid\n$/);
});

test.each(Object.entries(HOSTILE))("a file name with %s is shown escaped", async (_, payload) => {
  const file = join(folder, `${payload.replaceAll("/", "").slice(0, 60)}.yaml`);
  await writeFile(file, manifestText({ roleName: "" }));
  for (const args of [
    ["validate", "-f", file, "-o", "sarif"],
    ["plan", "-f", file],
  ]) {
    const { out, err } = await runCli(args);
    expectSafe(out);
    expectSafe(err);
  }
  const missing = await runCli(["validate", "-f", join(folder, `missing-${payload.replaceAll("/", "")}`)]);
  expect(missing.status).toBe(1);
  expectSafe(missing.err);
});

test.each<[string, (text: string) => unknown]>([
  ["its name", (text) => ({ metadata: { name: text }, spec: { account: { id: "123456789012" } } })],
  ["its account", (text) => ({ metadata: { name: "a" }, spec: { account: { id: text } } })],
  ["a key", (text) => ({ metadata: { name: "a" }, spec: { account: { id: "123456789012" }, [text]: text } })],
  [
    "a bound",
    (text) => ({ metadata: { name: "a" }, spec: { account: { id: "123456789012" }, allowedActions: [text] } }),
  ],
])("a class with hostile text in %s is refused, or judged by, in safe lines", async (_, of) => {
  const file = join(folder, "class.yaml");
  const value = { apiVersion: API_VERSION, kind: "InstanceProfileClass", ...(of(EVERYTHING) as object) };
  await writeFile(file, JSON.stringify(value));
  for (const command of ["validate", "plan"]) {
    const { out, err } = await runCli([command, "-f", "-", "--class", file], {
      input: manifestText({ className: "a" }),
    });
    expectSafe(out);
    expectSafe(err);
  }
});

test.each<readonly string[]>([
  [EVERYTHING],
  ["plan", "-f", "x", "-o", EVERYTHING],
  ["plan", EVERYTHING],
  ["validate", `--${EVERYTHING}`],
  ["run", "--log-level", EVERYTHING],
  ["run", "--resync-interval", EVERYTHING],
  ["run", "--label-selector", EVERYTHING],
  ["run", "--metrics-bind-address", EVERYTHING, "--kubeconfig", "/dev/null"],
  ["export", "--tag", EVERYTHING],
  ["export", "--path-prefix", EVERYTHING],
  ["sandbox", "--kube-port", EVERYTHING],
  ["sandbox", "--once", "--kubeconfig-out", `/does/not/exist/${EVERYTHING}`],
  ["version", EVERYTHING],
])("an option with hostile text is refused in safe lines: %#", async (...args) => {
  const { status, out, err } = await runCli(args);
  expect(status).toBe(1);
  expect(out).toBe("");
  expectSafe(err);
});
