import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { manifestText, runCli } from "./run-cli.ts";

let folder: string;
let classFile: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cli-sandbox-"));
  classFile = join(folder, "class.json");
  const aClass = {
    apiVersion: "iam.instanceprofile.dev/v1beta1",
    kind: "InstanceProfileClass",
    metadata: { name: "team-a" },
    spec: {
      account: { id: "123456789012" },
      namespaces: ["team-a"],
      allowedActions: ["s3:Get*"],
      path: "/{cluster}/",
    },
  };
  writeFileSync(classFile, JSON.stringify(aClass));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const once = (spec: object, ...options: readonly string[]) =>
  runCli(["sandbox", "--once", "--apply", "-", ...options], { input: manifestText(spec) });

test("the sandbox refuses a lifetime of credentials that no program could renew in time", async () => {
  const { status, err } = await once({}, "--credential-lifetime", "1s");
  expect(status).toBe(1);
  expect(err).toContain("--credential-lifetime: 1s is too short; write 2s or more");
});

describe("the sandbox in hardened mode", () => {
  test("blocks an object without a class, also where there are no classes", async () => {
    const { status, out } = await once({}, "--require-class");
    expect(status).toBe(1);
    expect(out).toContain("InstanceProfile team-a/app: Ready=False ClassRequired: ");
  });

  test("creates what the class allows under the id of the cluster", async () => {
    const options = ["--require-class", "--cluster-id", "prod-1", "--class", classFile, "--orphan-policy", "Delete"];
    const { status, out } = await once({ className: "team-a", path: "/prod-1/" }, ...options);
    expect(out).toContain(`Applied ${classFile}`);
    expect(out).toContain("Ready=True InSync");
    expect(out).toContain("role/prod-1/app");
    expect(status).toBe(0);
  });

  test("says what the class does not allow", async () => {
    const { status, out } = await once(
      { className: "team-a", path: "/other/" },
      ...["--cluster-id", "prod-1", "--class", classFile],
    );
    expect(status).toBe(1);
    expect(out).toContain("Ready=False PathNotAllowed: ");
  });

  test("refuses a class that its API server refuses", async () => {
    const broken = join(folder, "broken.json");
    writeFileSync(
      broken,
      JSON.stringify({
        apiVersion: "iam.instanceprofile.dev/v1beta1",
        kind: "InstanceProfileClass",
        metadata: { name: "broken" },
        spec: { account: { id: "1" } },
      }),
    );
    const { status, err } = await once({}, "--class", broken);
    expect(status).toBe(1);
    expect(err).toContain("spec.account.id");
  });
});
