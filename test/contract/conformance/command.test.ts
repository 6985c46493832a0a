import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type AwsSandbox, startAwsSandbox } from "../../../src/sandbox/aws/server.ts";
import { conformanceCommand, EXIT } from "../../conformance/command.ts";
import type { ConformanceOptions } from "../../conformance/conformance.ts";
import { RUN_TAG } from "../../conformance/run-marks.ts";
import { EC2_TRUST, outsider } from "../../support/outsider.ts";
import { DEVELOPER, onSandbox, presentIn } from "./sandbox-run.ts";

const template = readFileSync(join(import.meta.dirname, "../../../docs/aws-report-template.md"), "utf8");

let aws: AwsSandbox;
beforeAll(async () => {
  aws = await startAwsSandbox();
});
beforeEach(() => aws.reset());
afterAll(() => aws?.close());

interface Ended {
  readonly status: number;
  readonly text: string;
  readonly report: string | undefined;
}

/** Runs the command on the sandbox, as on a terminal where a person gives this answer; without one, not on a terminal. */
async function command(
  args: readonly string[],
  answer?: string,
  credentials: ConformanceOptions["credentials"] = DEVELOPER,
): Promise<Ended> {
  const lines: string[] = [];
  let report: string | undefined;
  const account = [
    "--account-id",
    aws.accountId,
    "--prefix",
    "conf",
    "--region",
    "us-west-2",
    "--endpoint-url",
    aws.url,
  ];
  const { network } = onSandbox(aws);
  const status = await conformanceCommand([...account, "--requests-per-second", "100000", ...args], {
    env: {},
    signal: new AbortController().signal,
    versions: "instance-profile-controller 0.0.0",
    template,
    out: (line) => lines.push(line),
    ask: async () => answer,
    writeReport: async (_, text) => {
      report = text;
    },
    change: { credentials, ...(network && { network }) },
  });
  return { status, text: lines.join("\n"), report };
}

const sent = (): readonly string[] => aws.calls.all.map(({ action }) => action);

describe("before it writes anything, the command", () => {
  test("says what it makes and what that costs, and asks", async () => {
    const { status, text } = await command(["--instance-type", "t3.micro", "--image-id", "ami-03cf127a"], "no");
    expect([status, sent()]).toEqual([EXIT.refused, ["GetCallerIdentity"]]);
    expect(text).toContain(`path /conf/, names conf-RUN-… and tag ${RUN_TAG}=conf/RUN`);
    expect(text).toMatch(/They cost nothing\.\n\d+ checks start about \d+ instances of type t3\.micro .* cents/);
  });

  test("names no instance that it does not start", async () => {
    expect((await command([], "no")).text).toContain("It starts no instance.");
  });

  test("does nothing without a terminal and without --yes", async () => {
    const { status, text } = await command([]);
    expect([status, sent()]).toEqual([EXIT.refused, ["GetCallerIdentity"]]);
    expect(text).toContain("pass --yes");
  });

  test("says why it cannot read whose the credentials are", async () => {
    const credentials = () => Promise.reject(new Error("Could not load credentials from any providers"));
    const { status, text } = await command(["--yes"], undefined, credentials);
    expect([status, sent()]).toEqual([EXIT.refused, []]);
    expect(text).toBe(
      "e2e:aws: the account of the credentials cannot be read: Could not load credentials from any providers",
    );
  });

  test.each<readonly string[]>([
    ["--account-id", "210987654321"],
    ["--account-id", "12"],
    ["--prefix", "Conf"],
    ["--prefix", "a"],
    ["--instance-type", "t3.micro"],
    ["--max-minutes", "soon"],
    ["--only", "no-such-check"],
    ["--no-such-option"],
  ])("refuses %s %s", async (...args) => {
    const { status } = await command([...args, "--yes"]);
    expect(status).toBe(EXIT.refused);
    expect(sent().filter((action) => action !== "GetCallerIdentity")).toEqual([]);
  });
});

describe("a run", () => {
  test("ends with a report by the template, in which every check has its row", async () => {
    const { status, text, report = "" } = await command(["--yes", "--only", "name-of-role"]);
    expect([status, presentIn(aws)]).toEqual([EXIT.passed, []]);
    expect(report).not.toContain("{{");
    expect(report).toContain("1 passed, 0 failed, 0 not applicable");
    expect(report).toContain(`| account | ${aws.accountId} |`);
    expect(report.match(/^\| `name-of\S+` \| .* \| passed \| .*\|$/gm)).toHaveLength(1);
    expect(text).toContain("passed         name-of-role-is-taken-under-another-path: EntityAlreadyExists");
  });

  test("leaves the account and the caller out of a redacted report", async () => {
    const { report = "" } = await command(["--yes", "--redact", "--only", "name-of-role"]);
    expect(report).toContain("| account | ACCOUNT |");
    expect(report).not.toContain(aws.accountId);
  });

  test("leaves the caller that AWS names in a refusal out of a redacted report", async () => {
    const { report: whole = "" } = await command(["--yes", "--only", "name-of-role"]);
    const caller = /\| caller \| (\S+) \|/.exec(whole)?.[1] ?? "";
    expect(caller).toMatch(/:user\/\w/);
    aws.onRequest(({ action }) =>
      action === "CreateRole"
        ? { kind: "error", code: "AccessDenied", status: 403, message: `User: ${caller} is not authorized` }
        : undefined,
    );
    const { report = "" } = await command(["--yes", "--redact", "--only", "name-of-role"]);
    expect(report).toContain("user/… is not authorized");
    expect(report).not.toMatch(/:user\/\w/);
  });

  test("without instances says of their checks that they are not applicable", async () => {
    const { status, report = "" } = await command(["--yes", "--only", "propagation-profile-to-launch"]);
    expect([status, report.includes("0 passed, 0 failed, 1 not applicable")]).toEqual([EXIT.passed, true]);
  });

  test("whose checks fail ends with 1, and the report tells what was expected and what happened", async () => {
    aws.onRequest(({ action }) =>
      action === "ListRoleTags" ? { kind: "error", code: "ServiceFailure", status: 500, message: "no" } : undefined,
    );
    const { status, report = "" } = await command(["--yes", "--only", "tag-key-of-role"]);
    expect(status).toBe(EXIT.failed);
    expect(report.split("\n### tag-key-of-role-in-another-case\n")[1]).toMatch(
      /expected: one tag, .*\n- observed: .*ServiceFailure/,
    );
  });
});

describe("--clean", () => {
  const Tags = { "Tags.member.1.Key": RUN_TAG, "Tags.member.1.Value": "conf/0123abcd" };
  const role = (RoleName: string, tags = {}): Promise<void> =>
    outsider(aws.url, "CreateRole", {
      ...{ RoleName, Path: "/conf/0123abcd/1/", AssumeRolePolicyDocument: EC2_TRUST, ...tags },
    });

  test("deletes what runs have left, and checks nothing", async () => {
    await role("conf-0123abcd-1-Role-1", Tags);
    aws.calls.reset();
    const { status, text } = await command(["--clean", "--yes"]);
    expect([status, presentIn(aws)]).toEqual([EXIT.passed, []]);
    expect(text).toContain("deleted: role conf-0123abcd-1-Role-1\n1 deleted, 0 not deleted");
    expect(sent()).not.toContain("CreateRole");
  });

  test("ends with 1 when something below the path is not proved to be of a run", async () => {
    await role("conf-0123abcd-1-Role-1");
    const { status, text } = await command(["--clean", "--yes"]);
    expect([status, presentIn(aws).length]).toEqual([EXIT.failed, 1]);
    expect(text).toContain("not deleted: role conf-0123abcd-1-Role-1: it has no tag");
  });
});

test("--list names every check with what it assumes, and sends nothing", async () => {
  const { status, text } = await command(["--list"]);
  expect([status, sent()]).toEqual([EXIT.passed, []]);
  expect(text.split("\n").length).toBeGreaterThan(190);
  expect(text).toContain("name-of-role-is-taken-under-another-path: A role's name is taken in the whole account");
});
