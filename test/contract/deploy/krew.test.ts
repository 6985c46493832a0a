import { execFile, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import packageJson from "../../../package.json" with { type: "json" };
import { startAwsSandbox } from "../../../src/sandbox/aws/server.ts";
import { PROGRAM } from "../../support/program.ts";
import { manifestText } from "../cli/run-cli.ts";
import { ROOT } from "../docs/document.ts";

const URL_OF_RELEASE = "https://github.com/example/instance-profile-controller/releases/download/v0.1.0";
const hasKubectl = spawnSync("kubectl", ["version", "--client"]).status === 0;

interface Platform {
  readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
  readonly uri: string;
  readonly sha256: string;
  readonly bin: string;
}

let folder: string;
let path: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "krew-"));
  const script = join(ROOT, "scripts/krew.ts");
  const { stderr } = spawnSync(process.execPath, [script, dirname(dirname(PROGRAM)), URL_OF_RELEASE, folder]);
  expect(stderr.toString()).toBe("");
  // As krew installs it: unpacked in a store, with a link on PATH.
  const [store, bin] = [join(folder, "store/iprof/v0.1.0"), join(folder, "bin")];
  mkdirSync(store, { recursive: true });
  mkdirSync(bin);
  expect(spawnSync("tar", ["-xzf", join(folder, "kubectl-iprof.tar.gz"), "-C", store]).status).toBe(0);
  symlinkSync("../store/iprof/v0.1.0/kubectl-iprof", join(bin, "kubectl-iprof"));
  path = `${bin}:${dirname(process.execPath)}:${process.env["PATH"]}`;
});
afterAll(() => rmSync(folder, { recursive: true }));

function kubectl(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return new Promise<{ readonly status: number; readonly stdout: string; readonly stderr: string }>((resolve) => {
    execFile("kubectl", args, { cwd: folder, env: { PATH: path, ...env } }, (error, stdout, stderr) =>
      resolve({ status: typeof error?.code === "number" ? error.code : 0, stdout, stderr }),
    );
  });
}

test("the manifest has what krew demands of a plugin, and the checksum of the archive", () => {
  // https://krew.sigs.k8s.io/docs/developer-guide/plugin-manifest/
  const manifest = parse(readFileSync(join(folder, "iprof.yaml"), "utf8"));
  expect(manifest).toMatchObject({
    apiVersion: "krew.googlecontainertools.github.com/v1alpha2",
    kind: "Plugin",
    metadata: { name: "iprof" },
    spec: { version: `v${packageJson.version}`, homepage: "https://github.com/example/instance-profile-controller" },
  });
  const { shortDescription, description, caveats, platforms } = manifest.spec;
  expect(shortDescription.length).toBeLessThanOrEqual(50);
  expect(shortDescription).not.toMatch(/\.$|kubectl/i);
  expect(description.length).toBeGreaterThan(0);
  expect(caveats).toContain(packageJson.engines.node.replace(">=", ""));
  const sha256 = createHash("sha256")
    .update(readFileSync(join(folder, "kubectl-iprof.tar.gz")))
    .digest("hex");
  const labels = (platforms as readonly Platform[]).map(({ selector, uri, bin, sha256: sum }) => {
    expect([uri, bin, sum]).toEqual([`${URL_OF_RELEASE}/kubectl-iprof.tar.gz`, "kubectl-iprof", sha256]);
    return Object.values(selector.matchLabels).join("/");
  });
  expect(labels).toEqual(["linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64"]);
});

test("the same program makes the same archive", () => {
  const again = mkdtempSync(join(folder, "again-"));
  const script = join(ROOT, "scripts/krew.ts");
  spawnSync(process.execPath, [script, dirname(dirname(PROGRAM)), URL_OF_RELEASE, again]);
  expect(readFileSync(join(again, "iprof.yaml"), "utf8")).toBe(readFileSync(join(folder, "iprof.yaml"), "utf8"));
});

test("the launcher says which Node it needs when PATH has an older one, or none", () => {
  const bin = mkdtempSync(join(folder, "old-"));
  for (const name of ["sh", "dirname", "readlink"]) symlinkSync(`/usr/bin/${name}`, join(bin, name));
  const run = () => spawnSync(join(folder, "bin/kubectl-iprof"), [], { env: { PATH: bin }, encoding: "utf8" });
  expect(run()).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("needs Node.js 22.21 or later on PATH, and there is none"),
  });
  writeFileSync(join(bin, "node"), "#!/bin/sh\necho v20.20.2\n", { mode: 0o755 });
  expect(run()).toMatchObject({ status: 1, stderr: expect.stringContaining("and it is v20.20.2") });
});

describe("kubectl iprof", { skip: !hasKubectl }, () => {
  test("validates and plans as the program does", async () => {
    writeFileSync(join(folder, "app.json"), manifestText());
    writeFileSync(join(folder, "wrong.json"), manifestText({ maxSessionDurationSeconds: 1 }));
    expect(await kubectl(["iprof", "validate", "-f", "app.json"])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining("1 checked, 0 invalid"),
    });
    expect((await kubectl(["iprof", "validate", "-f", "wrong.json"])).status).toBe(1);
    // No message names a program that the user of the plugin does not have.
    expect(await kubectl(["iprof", "plan", "--outputs"])).toMatchObject({
      status: 1,
      stderr: "kubectl iprof plan: Unknown option '--outputs'\nSee kubectl iprof plan --help.\n",
    });
    const aws = await startAwsSandbox();
    const env = {
      AWS_ENDPOINT_URL: aws.url,
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "a",
      AWS_SECRET_ACCESS_KEY: "b",
    };
    const planned = await kubectl(["iprof", "plan", "-f", "app.json"], env);
    await aws.close();
    expect(planned).toMatchObject({ status: 2, stdout: expect.stringContaining("1 with changes") });
  });
});

describe("the hook of pre-commit", () => {
  const [hook] = parse(readFileSync(join(ROOT, ".pre-commit-hooks.yaml"), "utf8")) as readonly {
    readonly entry: string;
  }[];
  const run = (...args: readonly string[]) =>
    spawnSync(join(ROOT, hook?.entry ?? ""), args, { cwd: folder, env: { PATH: path }, encoding: "utf8" });
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return name;
  };

  test("checks the InstanceProfiles among the files, and passes over other YAML", () => {
    const flux = "kind: Kustomization\nspec:\n  healthChecks:\n  - kind: InstanceProfile\n    name: app\n";
    const other = write("other.yaml", flux);
    const good = write("good.yaml", stringify(JSON.parse(manifestText())));
    const bad = write("bad.json", manifestText({ maxSessionDurationSeconds: 1 }));
    expect(run(other)).toMatchObject({ status: 0, stdout: "", stderr: "" });
    expect(run("--require-boundary", other, good).status).toBe(1);
    expect(run(other, good, bad)).toMatchObject({ status: 1, stdout: expect.stringContaining("bad.json:") });
  });
});
