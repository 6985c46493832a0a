import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Clock, systemClock } from "../../../src/runtime/clock.ts";
import { type AwsSandbox, startAwsSandbox } from "../../../src/sandbox/aws/server.ts";
import { useAws } from "../../support/environment.ts";
import { EC2_TRUST, outsider } from "../../support/outsider.ts";
import { type Given, manifestText, runCli } from "./run-cli.ts";

/** A clock on which every delay is over at once. */
const HASTY: Clock = { ...systemClock, schedule: (_delayMs, callback) => systemClock.schedule(0, callback) };
const TERMINAL = { out: true, err: true };
const ERASED = "\r\u001b[2K";

let aws: AwsSandbox;
let restoreEnvironment: () => void;

beforeAll(async () => {
  aws = await startAwsSandbox({});
  restoreEnvironment = useAws(aws.url, "planner");
});
beforeEach(() => aws.reset());
afterAll(async () => {
  restoreEnvironment();
  await aws.close();
});

/** The lines of an output by the colors in front of them. */
function byColor(out: string): Readonly<Record<string, readonly string[] | undefined>> {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the colors are what the test looks at.
  const parts = [...out.matchAll(/^((?:\u001b\[\d+m)+) *([^\u001b\n]+)(?:\u001b\[\d+m)+$/gm)];
  const found = parts.map(([, color = "", text = ""]) => ({ color: color.replaceAll("\u001b", ""), text }));
  return Object.fromEntries(
    [...Map.groupBy(found, ({ color }) => color)].map(([color, lines]) => [color, lines.map(({ text }) => text)]),
  );
}

const [BOLD, GREEN, YELLOW, RED, RED_AND_BOLD] = ["[1m", "[32m", "[33m", "[31m", "[31m[1m"];

/** A role that the manifest changes: another trust, a policy more, no instance profile. */
async function makeOwned(): Promise<void> {
  const tags = Object.entries({
    "cluster-id": "c",
    namespace: "team-a",
    name: "app",
    uid: "u",
    applied: "v1.66.BZzBM1.",
  });
  await outsider(aws.url, "CreateRole", {
    RoleName: "app",
    AssumeRolePolicyDocument: EC2_TRUST,
    MaxSessionDuration: "7200",
    ...Object.fromEntries(
      tags.flatMap(([key, value], i) => [
        [`Tags.member.${i + 1}.Key`, `iam.instanceprofile.dev/${key}`],
        [`Tags.member.${i + 1}.Value`, value],
      ]),
    ),
  });
}

describe("on a terminal", () => {
  test("plan colors what it adds, changes and newly grants, and its headlines", async () => {
    await makeOwned();
    const { out } = await runCli(["plan", "-f", "-"], { input: manifestText(), terminal: TERMINAL });
    const lines = byColor(out);
    expect(lines[BOLD ?? ""]).toEqual([
      expect.stringMatching(/^InstanceProfile team-a\/app: /),
      "Plan: 0 in sync, 1 with changes, 0 blocked.",
    ]);
    expect(lines[GREEN ?? ""]).toContain("+ instance profile app");
    expect(lines[YELLOW ?? ""]).toContain("~ role app");
    expect(lines[RED_AND_BOLD ?? ""]?.[0]).toMatch(/^Grants new access: s3:Get/);
  });

  test("plan colors what it removes and what blocks it", async () => {
    await makeOwned();
    const args = ["plan", "-f", "-", "--since-live", "--cluster-id", "c"];
    const { out } = await runCli(args, { input: manifestText({ roleName: "b" }, { name: "b" }), terminal: TERMINAL });
    expect(byColor(out)[RED ?? ""]).toContain("- role app");
    await outsider(aws.url, "CreateRole", { RoleName: "b", AssumeRolePolicyDocument: EC2_TRUST });
    const blocked = await runCli(["plan", "-f", "-", "--color", "always"], { input: manifestText({ roleName: "b" }) });
    expect(byColor(blocked.out)[RED ?? ""]?.[0]).toMatch(/^! <stdin>:\d+:\d+: /);
  });

  test("validate colors errors and warnings", async () => {
    const statements = [{ effect: "Allow", actions: ["iam:*"], resources: ["*"] }];
    const input = `${manifestText({ statements })}\n---\n${manifestText({ extra: 1 }, { name: "b" })}\n---\nkind: [`;
    const { out } = await runCli(["validate", "-f", "-"], { input, terminal: TERMINAL });
    const lines = byColor(out);
    expect(lines[RED ?? ""]).toHaveLength(2);
    expect(lines[RED ?? ""]).toContainEqual(expect.stringContaining(": error: spec.extra: "));
    expect(lines[YELLOW ?? ""]?.[0]).toContain(": warning: spec.statements[0].actions[0]: ");
    expect(lines[BOLD ?? ""]?.at(-1)).toMatch(/^3 checked, 2 invalid/);
  });

  test.each<[string, readonly string[], Given]>([
    ["NO_COLOR", [], { env: { NO_COLOR: "1" } }],
    ["--color never", ["--color", "never"], {}],
    ["JSON", ["-o", "json"], {}],
    ["Markdown", ["-o", "markdown", "--color", "always"], {}],
  ])("%s has no colors, and is as in a pipe", async (_, args, given) => {
    const input = manifestText();
    const piped = await runCli(["plan", "-f", "-", ...args], { input });
    const shown = await runCli(["plan", "-f", "-", ...args], { input, terminal: TERMINAL, ...given });
    expect(shown).toEqual(piped);
    expect(shown.out).not.toContain("\u001b");
  });
});

describe("a command that takes long shows on a terminal how far it is", () => {
  test.each<[string, readonly string[], string]>([
    ["plan", ["plan", "-f", "-"], "plan: 0 of 1 objects"],
    ["plan --since-live", ["plan", "-f", "-", "--since-live", "--cluster-id", "c"], "plan: 0 of 1 objects"],
    ["export", ["export", "--path-prefix", "/"], "export: reading AWS"],
    ["access diff", ["access", "diff", "--from", "live", "--to", "-"], "access diff: 0 of 1 roles"],
  ])("%s", async (_, args, line) => {
    await outsider(aws.url, "CreateRole", { RoleName: "app", AssumeRolePolicyDocument: EC2_TRUST });
    await outsider(aws.url, "CreateInstanceProfile", { InstanceProfileName: "app" });
    const given: Given = { input: manifestText({}, { name: "app" }), clock: HASTY };
    const piped = await runCli(args, given);
    const shown = await runCli(args, { ...given, terminal: { out: false, err: true } });
    expect(shown.err).toContain(`${ERASED}${line}`);
    const parts = shown.err.split(ERASED).filter((part) => !/^[a-z ]+: (?:reading AWS|\d+ of \d+ [a-z ]+)$/.test(part));
    expect(parts.join("")).toBe(piped.err);
    expect(shown.out).toBe(piped.out);
    expect(shown.err.lastIndexOf(ERASED)).toBeGreaterThan(shown.err.lastIndexOf(line));
  });
});
