import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { toControllerError } from "../../../src/aws/errors/aws-errors.ts";
import { createLogger } from "../../../src/cli/logging/logger.ts";
import { RetryableError } from "../../../src/errors.ts";
import { newEventObject } from "../../../src/kube/event-object.ts";
import { toCredentialsError, toNetworkError } from "../../../src/kube/network-error.ts";
import { DEFAULT_REQUEUE_INTERVALS } from "../../../src/status/requeue.ts";
import { manifestText, runCli } from "../../contract/cli/run-cli.ts";
import { anInstanceProfile } from "../../support/builders.ts";
import { summaryAfter } from "../../support/results.ts";
import { EVERYTHING, expectSafe } from "./hostile.ts";

const SECRET = "S3CRET-t0ken";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "kubeconfigs-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const users = (user: string): string => `apiVersion: v1\nkind: Config\nusers:\n- name: u\n  user: ${user}`;
const whole = (user: string, cluster = "{server: 'http://127.0.0.1:1'}"): string =>
  [
    "apiVersion: v1",
    "kind: Config",
    `clusters: [{name: c, cluster: ${cluster}}]`,
    `users: [{name: u, user: ${user}}]`,
    "contexts: [{name: x, context: {cluster: c, user: u}}]",
    "current-context: x",
  ].join("\n");

const KUBECONFIGS: readonly (readonly [string, string, string])[] = [
  [
    "a token before wrong indentation",
    users(`\n    token: ${SECRET}\n   client-certificate: x`),
    "line 7, column 1: the indentation is wrong",
  ],
  ["a password before an open quote", users(`{password: ${SECRET}, token: "abc}`), "column"],
  ["a token that is an alias", users(`{token: *${SECRET}}`), "not a kubeconfig. Compare"],
  ["a token with a tag", users(`{token: !<${SECRET}> x}`), "has no current-context"],
  ["a token as a key that stands twice", users(`{${SECRET}: a, ${SECRET}: b}`), "a map has the same key twice"],
  ["a token with an escape that is not valid", users(`{token: "\\q${SECRET}"}`), "escape sequence"],
  ["a token where the list of users is meant", `users: ${SECRET}`, "has no current-context"],
  ["a token where a user is meant", `users: [${SECRET}]`, "users[0].name is missing"],
  ["a token where a cluster is meant", `clusters: {a: ${SECRET}}`, "has no current-context"],
  ["certificate data that is cut off", users(`{client-certificate-data: "${SECRET}`), "column"],
  ["a token alone", SECRET, "has no current-context"],
  ["a token behind a tab", users(`\n\ttoken: ${SECRET}`), "a tab is used for indentation"],
  [
    "a server that is not a URL and holds a password",
    whole("{}", `{server: "https//me:${SECRET}@host"}`),
    "cluster c: server is not a URL",
  ],
  [
    "a server with a user and password",
    whole("{}", `{server: "http://me:${SECRET}@127.0.0.1:1"}`),
    "Cannot reach the API server",
  ],
  ["a password with a slash in a server", whole("{}", `{server: "http://me:a/${SECRET}@127.0.0.1:1"}`), ""],
  [
    "a proxy with a user and password",
    whole("{}", `{server: "http://127.0.0.1:1", proxy-url: "http://me:${SECRET}@127.0.0.1:1"}`),
    "",
  ],
  [
    "certificate data that is not a certificate",
    whole(
      `{client-certificate-data: "${Buffer.from(SECRET).toString("base64")}", client-key-data: "${Buffer.from(SECRET).toString("base64")}"}`,
      "{server: 'https://127.0.0.1:1'}",
    ),
    "",
  ],
  [
    "an exec plugin that prints a token and no JSON",
    whole(
      `{exec: {apiVersion: client.authentication.k8s.io/v1, command: echo, args: [${SECRET}], interactiveMode: Never}}`,
      "{server: 'https://127.0.0.1:1'}",
    ),
    "did not print JSON",
  ],
];

test.each(KUBECONFIGS)("a kubeconfig with %s leaks nothing of it", async (name, text, words) => {
  const file = join(folder, `${name.replaceAll(" ", "-")}.yaml`);
  writeFileSync(file, text);
  const args = ["validate", "-f", "-", "--cluster-classes", "--kubeconfig", file];
  const { status, out, err } = await runCli(args, { input: manifestText({ className: "a" }), env: {} });
  expect(status).toBe(1);
  expect(out + err).not.toContain("S3CRET");
  expect(out + err).not.toContain(Buffer.from(SECRET).toString("base64").slice(0, 8));
  if (words !== "") expect(err).toContain(words);
  expectSafe(err);
});

test.each(["broken-1", "broken-2"])("the kubeconfig %s is refused by its place alone, by run too", async (name) => {
  const file = join(folder, `${name}.yaml`);
  const text =
    name === "broken-1" ? users(`\n    token: ${SECRET}\n   client-certificate: x`) : users(`{token: "${SECRET}`);
  writeFileSync(file, text);
  const { status, err } = await runCli(["run", "--kubeconfig", file]);
  expect(status).toBe(1);
  expect(err).toMatch(/Cannot read kubeconfig .*: line \d+, column \d+: /);
  expect(err).not.toContain("S3CRET");
});

test.each<[string, string]>([
  ["a context", `contexts: [{name: "${"a\\n::error::b\\e[2J"}", context: {cluster: c, user: u}}]`],
  ["the current context", `current-context: "${"a\\n::error::b\\e[2J"}"`],
])("hostile text in the name of %s forges no line", async (name, text) => {
  const file = join(folder, `name-${name.replaceAll(" ", "-")}.yaml`);
  writeFileSync(file, text);
  const { status, err } = await runCli(["run", "--kubeconfig", file]);
  expect(status).toBe(1);
  expectSafe(err);
});

test.each<[string, string]>([
  ["a manifest's place", users(`{token: "${SECRET}`)],
  ["a class's place", `kind: InstanceProfileClass\nusers: {token: *${SECRET}}`],
])("a secret in %s is refused without an excerpt", async (_, text) => {
  const file = join(folder, "secret.yaml");
  writeFileSync(file, text);
  for (const args of [
    ["validate", "-f", file],
    ["plan", "-f", file],
    ["sandbox", "--once", "--apply", file],
  ]) {
    const { status, out, err } = await runCli(args);
    expect(status).toBe(1);
    expect(out + err).not.toContain("S3CRET");
  }
});

const URLS = [
  `https://me:${SECRET}@proxy.example:3128`,
  `https://${SECRET}@host`,
  `http://me:p@${SECRET}@host/path`,
  `socks5://me:a/b?c#${SECRET}@host`,
  `//me:${SECRET}@host`,
];

test.each(URLS)("the user and password of %s are in no message, status, Event or log line", (url) => {
  const lines: string[] = [];
  const logger = createLogger("debug", { write: (line: string) => lines.push(line) });
  const errors = [
    new RetryableError(`cannot reach ${url}`, { reason: "Unreachable" }),
    toNetworkError(new Error(`proxy ${url} refused`), url),
    toCredentialsError(new Error(`ask "${url}"`)),
    toControllerError(new Error(`request to ${url} failed`), {
      service: "IAM",
      operation: "GetRole",
      entity: "role a",
    }),
  ];
  for (const error of errors) {
    logger.with({ server: url }).warn(`failed at ${url}`, { err: error, nested: { deep: [url, new Error(url)] } });
    const { status, events } = summaryAfter(anInstanceProfile(), { kind: "failed", error }, aContext());
    expect(JSON.stringify([status, events, error.message])).not.toContain("S3CRET");
  }
  logger.error("bug", { err: new Error(url, { cause: new Error(url) }) });
  expect(lines.join("")).not.toContain("S3CRET");
  expect(lines.join("")).toContain("[redacted]@");
});

const aContext = (): Parameters<typeof summaryAfter>[2] => ({
  now: "2026-01-01T00:00:00Z",
  random: 0,
  intervals: DEFAULT_REQUEUE_INTERVALS,
  failures: 9,
});

test("the AWS endpoint of the environment that is not a URL is shown without its user and password", () => {
  const error = Object.assign(new TypeError("Invalid URL"), { code: "ERR_INVALID_URL", input: `me:${SECRET}@host:x` });
  const { message } = toControllerError(error, { service: "IAM", operation: "GetRole", entity: "role a" });
  expect(message).toContain('the AWS endpoint "host:x" is not a URL');
});

test("an excerpt of a document that is not JSON is in no message", () => {
  const parse = (text: string): unknown => {
    try {
      return JSON.parse(text);
    } catch (error) {
      return error;
    }
  };
  for (const text of [SECRET, `{"token": ${SECRET}}`, `{"a": "${"x".repeat(99)}", "token": ${SECRET}`]) {
    const { message } = toControllerError(parse(text), { service: "IAM", operation: "GetRole", entity: "role a" });
    expect(message).toContain("is not valid JSON");
    expect(message).not.toContain("S3CRET".slice(0, 3));
  }
});

test("hostile words of AWS and of the API server are escaped in status, Events and logs", () => {
  const lines: string[] = [];
  const logger = createLogger("info", { write: (line: string) => lines.push(line) });
  const error = toControllerError(new Error(`${EVERYTHING} FORGED`), {
    service: "IAM",
    operation: "GetRole",
    entity: EVERYTHING,
  });
  const summary = summaryAfter(anInstanceProfile(), { kind: "failed", error }, aContext());
  for (const { message } of summary.status.conditions ?? []) expectSafe(message.replaceAll("##", "#"));
  for (const event of summary.events) {
    const regarding = { apiVersion: "v1", kind: "A", namespace: "a", name: "a", uid: "a", resourceVersion: "1" };
    const { note } = newEventObject({ ...event, regarding }, { controller: "a", instance: "b" }, 0, 0);
    expectSafe(String(note).replaceAll("##", "#"));
    expect(Buffer.byteLength(String(note))).toBeLessThanOrEqual(1_024);
  }
  logger.warn(EVERYTHING, { err: error, key: EVERYTHING, [EVERYTHING]: EVERYTHING });
  const [line = ""] = lines;
  expect(line.trimEnd()).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  expect(JSON.parse(line)["key"].toWellFormed()).toBe(EVERYTHING.toWellFormed());
});

test.each(["control-characters", "long"])("a message with %s is bounded and one line", (kind) => {
  const text = kind === "long" ? "x".repeat(1_000_000) : "\u001b".repeat(1_000_000);
  const { message } = new RetryableError(text, { reason: "A" });
  expect(message.length).toBeLessThanOrEqual(16_384);
  expect(message).toMatch(/^[ -~]+…$/);
});
