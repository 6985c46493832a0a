import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { PROGRAM } from "../support/program.ts";
import { ROOT } from "./copy-of-sources.ts";

const dockerfile = readFileSync(join(ROOT, "Dockerfile"), "utf8");

/** What the Dockerfile copies out of the repository. */
const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, from = ""]) => from.split(" "));

test("every file that the image is built from is there, and let through by .dockerignore", () => {
  const [everything, ...exceptions] = readFileSync(join(ROOT, ".dockerignore"), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  expect(everything).toBe("*");
  expect(copied.toSorted()).toEqual(exceptions.map((line) => line.slice(1)).sort());
  expect(copied.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

test("the image is built with every file that the build script imports", () => {
  const script = readFileSync(join(ROOT, "scripts/build.ts"), "utf8");
  const imported = [...script.matchAll(/ from "\.\/(.+)";$/gm)].map(([, name]) => `scripts/${name}`);
  expect(imported).not.toEqual([]);
  expect(copied).toEqual(expect.arrayContaining(imported));
});

// The bundle of this run and crds/ in a folder of their own, as in the image: no packages are near.
describe("the program in the image", () => {
  const dist = dirname(PROGRAM);
  const app = dirname(dist);

  test("has nothing near it but its bundle and the CRDs", () => {
    expect(readdirSync(app).toSorted()).toEqual(["crds", "dist"]);
  });

  /** The image's entrypoint with these arguments, and with nothing of this machine's environment. */
  function run(...args: readonly string[]) {
    const entrypoint = JSON.parse(/^ENTRYPOINT (.+)$/m.exec(dockerfile)?.[1] ?? "[]") as readonly string[];
    const [, ...given] = entrypoint.map((word) => word.replace(/^\/app\//, `${app}/`));
    const { status, stdout, stderr } = spawnSync(process.execPath, [...given, ...args], {
      cwd: app,
      env: {},
      encoding: "utf8",
    });
    return { status, stdout, stderr };
  }

  /** What Node reads before the first line of a file runs: the file, and all that it imports without condition. */
  function readAtOnce(file: string, seen = new Set<string>()): ReadonlySet<string> {
    if (seen.has(file)) return seen;
    seen.add(file);
    const text = readFileSync(join(dist, file), "utf8");
    const imported = text.matchAll(/^(?:import|\} from|import .* from) ?"\.\/([^"]+)";$/gm);
    for (const [, name = ""] of imported) readAtOnce(name, seen);
    return seen;
  }

  /** The chunk that begins with a command's module. */
  function chunkOf(command: string): string {
    return readdirSync(dist).find((name) => new RegExp(`^${command}-.*mjs$`).test(name)) ?? "";
  }

  function holds(files: ReadonlySet<string>, word: string): boolean {
    return [...files].some((file) => readFileSync(join(dist, file), "utf8").includes(word));
  }

  test("loads no AWS SDK before a command needs it, and that of EC2 not before EC2 is asked", () => {
    const [iam, ec2] = ["GetAccountAuthorizationDetails", "DescribeIamInstanceProfileAssociationsResult"];
    const start = readAtOnce("main.mjs");
    const running = readAtOnce(chunkOf("run-command"));
    expect([holds(start, iam), holds(start, ec2)]).toEqual([false, false]);
    expect([holds(running, iam), holds(running, ec2)]).toEqual([true, false]);
    expect(holds(new Set(readdirSync(dist)), ec2)).toBe(true);
  });

  test("holds no operation of AWS that the program does not use", () => {
    const all = new Set(readdirSync(dist).filter((name) => name.endsWith(".mjs")));
    const used = ["DescribeIamInstanceProfileAssociationsResult", "GetInstanceProfileResponse"];
    const unused = ["AllocateHostsRequest", "PutBucketAclRequest", "AddPermissionRequest"];
    expect(used.filter((name) => !holds(all, name))).toEqual([]);
    expect(unused.filter((name) => holds(all, name))).toEqual([]);
  });

  test("loads none of the API classes that the Kubernetes client has for others, and none of undici's other clients", () => {
    const running = readAtOnce(chunkOf("run-command"));
    expect([holds(running, "loadFromFile"), holds(running, "CoreV1Api")]).toEqual([true, false]);
    expect([holds(running, "ProxyAgent = class"), holds(running, "MockAgent = class")]).toEqual([true, false]);
  });

  test("says its version", () => {
    expect(run("version")).toEqual({ status: 0, stdout: `${manifest.version}\n`, stderr: "" });
  });

  test("finds the CRD that it ships", () => {
    const { status, stdout } = run("validate", "-f", "crds/samples/s3-read-only.yaml");
    expect(stdout).toContain("s3-read-only: ok");
    expect(status).toBe(0);
  });

  test("does the whole job in the sandbox", () => {
    // With the lifetime of AWS, the run does not wait for rotations.
    const { status, stdout } = run("sandbox", "--once", "--credential-lifetime", "6h");
    expect(stdout).toMatch(/InstanceProfile default\/s3-read-only: Ready=True/);
    expect(stdout).toMatch(/deletion +LaunchTemplatesUseProfile: .*deletion +done/s);
    expect(stdout).toMatch(/delete bucket scratch +AccessDenied: .*delete bucket scratch +done/s);
    expect(status).toBe(0);
  });

  test("says what is wrong when there is no cluster to run against", () => {
    const { status, stderr } = run("run");
    expect(status).toBe(1);
    expect(stderr).toMatch(/^instance-profile-controller run: /);
    expect(stderr).not.toContain("node_modules");
  });
});
