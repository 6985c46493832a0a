import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { manifestText, runCli } from "../../contract/cli/run-cli.ts";
import { EVERYTHING, expectSafe } from "./hostile.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hostile-"));
});
afterAll(() => rm(folder, { recursive: true }));

const ALLOW = { Effect: "Allow", Action: ["s3:Get*"], Resource: ["*"] };
const policy = (statement: object): object => ({ Version: "2012-10-17", Statement: [{ ...ALLOW, ...statement }] });

/** Where an author can write text that new access shows. */
const PLACES: Readonly<Record<string, (text: string) => object>> = {
  "a sid": (text) => policy({ Sid: text }),
  "an action": (text) => policy({ Action: [`s3:${text}`] }),
  "a NotAction": (text) => policy({ Action: undefined, NotAction: [`s3:${text}`] }),
  "a resource": (text) => policy({ Resource: [`arn:aws:s3:::${text}`] }),
  "a variable": (text) => policy({ Resource: [`arn:aws:s3:::\${${text}}`] }),
  "a condition's operator": (text) => policy({ Condition: { [text]: { "aws:username": "a" } } }),
  "a condition's key": (text) => policy({ Condition: { StringEquals: { [text]: "a" } } }),
  "a condition's value": (text) => policy({ Condition: { StringLike: { "aws:username": text } } }),
  "a list of values": (text) =>
    policy({ Condition: { "ForAllValues:StringLike": { "aws:TagKeys": [text, `${text}2`] } } }),
  "a principal": (text) => policy({ Principal: { AWS: [text] }, Action: "sts:AssumeRole", Resource: undefined }),
  "a type of principals": (text) =>
    policy({ Principal: { [text]: [text] }, Action: "sts:AssumeRole", Resource: undefined }),
  "an effect": (text) => policy({ Effect: text }),
  "the version": (text) => ({ ...policy({}), Version: text }),
};

describe.each(Object.entries(PLACES))("access diff with hostile text in %s", (_place, hostile) => {
  test.each(["text", "json", "markdown"])("writes %s that no author wrote", async (format) => {
    const [from, to] = [join(folder, "from.json"), join(folder, "to.json")];
    await writeFile(from, JSON.stringify({ Version: "2012-10-17", Statement: [] }));
    await writeFile(to, JSON.stringify(hostile(EVERYTHING.toWellFormed())));
    const { out, err } = await runCli(["access", "diff", "--from", from, "--to", to, "-o", format]);
    expect(out + err).not.toBe("");
    expectSafe(out);
    expectSafe(err);
  });

  test("writes JSON lines that no author wrote", async () => {
    const input = JSON.stringify({ id: EVERYTHING, from: policy({ Action: ["ec2:*"] }), to: hostile(EVERYTHING) });
    const { out } = await runCli(["access", "diff", "--pairs", "-"], { input });
    expectSafe(out);
    expect(out.trim().split("\n")).toHaveLength(1);
    expect(() => JSON.parse(out)).not.toThrow();
  });

  test("leaves Markdown with one fence and one heading", async () => {
    const text = "``` ```` **x** </summary> [a](https://evil.example) @team #1";
    const [from, to] = [join(folder, "from.json"), join(folder, "to.json")];
    await writeFile(from, JSON.stringify({ Version: "2012-10-17", Statement: [] }));
    await writeFile(to, JSON.stringify(hostile(text)));
    const { out } = await runCli(["access", "diff", "--from", from, "--to", to, "-o", "markdown"]);
    const [fence = ""] = /^`{3,}(?=text$)/m.exec(out) ?? [];
    expect(out.split("\n").filter((line) => line.startsWith(fence))).toHaveLength(2);
    // Outside of code spans, the first line has only words of the program.
    const [line = ""] = out.split("\n");
    expect(line.replace(/(`+)[^`](?:.*?[^`])?\1(?!`)/g, "")).not.toMatch(/evil|@team|summary/);
  });
});

describe.each<[string, (text: string) => object]>([
  ["its name", (text) => ({ metadata: { name: text, namespace: text } })],
  ["the name of the object", (text) => ({ spec: { instanceProfile: text, deny: [{ actions: ["iam:*"] }] } })],
  ["an action", (text) => ({ spec: { instanceProfile: "app", allow: [{ actions: [`s3:${text}`] }] } })],
  [
    "a resource",
    (text) => ({
      spec: { instanceProfile: "app", deny: [{ actions: ["s3:Get*"], resources: [`arn:aws:s3:::${text}*`] }] },
    }),
  ],
  [
    "a key of the context",
    (text) => ({ spec: { instanceProfile: "app", allow: [{ actions: ["s3:Put"], context: { [text]: text } }] } }),
  ],
  [
    "the file of a policy",
    (text) => ({ spec: { instanceProfile: "app", noMoreThan: { policyFile: text.replaceAll("\u0000", "") } } }),
  ],
  ["a field", (text) => ({ spec: { instanceProfile: "app", [text]: 1 } })],
])("a policy test with hostile text in %s", (_place, hostile) => {
  test.each(["text", "json", "sarif"])("is reported in %s that no author wrote", async (format) => {
    const document = {
      apiVersion: "iam.instanceprofile.dev/v1beta1",
      kind: "InstanceProfileTest",
      metadata: { name: "t", namespace: "team-a" },
      ...hostile(EVERYTHING.toWellFormed()),
    };
    const input = `${manifestText()}\n---\n${JSON.stringify(document)}`;
    const { out, err, status } = await runCli(["validate", "-f", "-", "-o", format], { input });
    expect(status).toBe(1);
    expectSafe(out);
    expectSafe(err);
  });
});
