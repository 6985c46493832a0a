import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import manifest from "../../package.json" with { type: "json" };
import { ROOT } from "./copy-of-sources.ts";

interface Step {
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly "runs-on": string;
  readonly needs?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
  readonly strategy?: { readonly matrix?: { readonly include?: readonly Readonly<Record<string, string>>[] } };
}

interface Workflow {
  readonly permissions: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
}

const FOLDER = join(ROOT, ".github/workflows");
const FILES = readdirSync(FOLDER);
const DOCKERFILE = readFileSync(join(ROOT, "Dockerfile"), "utf8");
/** An action by commit, with the version that the commit is of, which Renovate reads and writes. */
const PINNED = /^ *(?:- )?uses: [\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/;
/** What brings a program along whose bytes nobody has fixed. */
const UNPINNED =
  /@latest\b|\bnpx\b|\bgo (?:install|run)\b|\bnpm (?:i|install)\b|\|\s*(?:ba)?sh\b|\bapt(?:-get)? install\b/;

function textOf(file: string): string {
  return readFileSync(join(FOLDER, file), "utf8");
}

function workflow(file: string): Workflow {
  return parse(textOf(file)) as Workflow;
}

function jobsOf(file: string): readonly Job[] {
  return Object.values(workflow(file).jobs);
}

function commandsOf(job: Job): readonly string[] {
  return job.steps.flatMap(({ run }) => run ?? []);
}

describe.each(FILES)("the workflow %s", (file) => {
  test("names every action by commit, with its version beside it", () => {
    const uses = textOf(file)
      .split("\n")
      .filter((line) => line.includes("uses:"));
    expect(uses.length).toBeGreaterThan(0);
    expect(uses.filter((line) => !PINNED.test(line))).toEqual([]);
  });

  test("may only read, unless a job says more", () => {
    expect(workflow(file).permissions).toEqual({ contents: "read" });
  });

  test("leaves no token behind in its clone", () => {
    const clones = jobsOf(file).flatMap(({ steps }) =>
      steps.filter(({ uses = "" }) => /^actions\/checkout@/.test(uses)),
    );
    expect(clones.length).toBe(jobsOf(file).length);
    expect(clones.map((step) => step.with?.["persist-credentials"])).toEqual(clones.map(() => false));
  });

  test("runs on one version of the runner and of Node, the version that the tests run on", () => {
    expect(jobsOf(file).map((job) => job["runs-on"])).toEqual(jobsOf(file).map(() => "ubuntu-24.04"));
    const setups = jobsOf(file).flatMap(({ steps }) => steps.filter(({ uses = "" }) => /\/setup-node@/.test(uses)));
    expect(setups.map((step) => step.with?.["node-version"])).toEqual(
      jobsOf(file).map(() => manifest.devDependencies.node),
    );
  });

  test("brings no program along whose version or bytes may change", () => {
    const commands = jobsOf(file).flatMap(commandsOf);
    expect(commands.filter((command) => UNPINNED.test(command))).toEqual([]);
    expect(
      commands.filter((command) => /\bcurl\b/.test(command) && !/sha512sum --check --strict/.test(command)),
    ).toEqual([]);
    const pip = commands.filter((command) => /\bpip install\b/.test(command));
    expect(pip.filter((command) => !/--no-deps --only-binary=:all: --requirement \S+$/.test(command))).toEqual([]);
  });
});

test("the subjects of a pull request's commits are checked, in a clone that has them", () => {
  const [steps = []] = jobsOf("check.yaml").map((job) => job.steps);
  expect(steps.find(({ run }) => run === 'node scripts/commit-subject.ts "$BASE..$HEAD"')).toBeDefined();
  expect(steps[0]?.with).toMatchObject({ "fetch-depth": 0 });
});

test("an action is at one commit in all workflows", () => {
  const uses = FILES.flatMap((file) => jobsOf(file).flatMap(({ steps }) => steps.flatMap((step) => step.uses ?? [])));
  const commits = Map.groupBy(new Set(uses), (use) => use.split("@")[0]);
  expect([...commits.values()].filter((ofOne) => ofOne.length > 1)).toEqual([]);
});

test("a program of the e2e tests has a version, and the digest of its bytes where we know it", () => {
  const [job] = jobsOf("e2e.yaml");
  const servers = job?.strategy?.matrix?.include ?? [];
  expect(servers.length).toBeGreaterThan(1);
  for (const { kubernetes, sha512 } of servers) {
    expect(kubernetes).toMatch(/^\d+\.\d+\.\d+$/);
    expect(sha512).toMatch(/^[0-9a-f]{128}$/);
  }
  const packages = readFileSync(join(ROOT, "test/e2e/moto-requirements.txt"), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  expect(packages.filter((line) => !/^[\w.-]+==\d[\w.]*(?: --hash=sha256:[0-9a-f]{64})*$/.test(line))).toEqual([]);
});

describe("a release", () => {
  const jobs = workflow("release.yaml").jobs;

  test("is built without a script of any package, also in the image", () => {
    const texts = [DOCKERFILE, ...Object.values(jobs).flatMap(commandsOf)];
    const installs = texts.flatMap((text) => text.match(/npm ci.*/g) ?? []);
    expect(installs.length).toBe(3);
    expect(installs.filter((line) => !line.includes("--ignore-scripts"))).toEqual([]);
  });

  test("is published by a job that runs no tests and installs no tools of development", () => {
    const publishing = Object.values(jobs).filter(({ permissions }) => permissions !== undefined);
    expect(publishing).toHaveLength(1);
    expect(publishing[0]?.needs).toBe("check");
    const commands = publishing.flatMap(commandsOf).join("\n");
    expect(commands).toContain("npm ci --ignore-scripts --omit=dev");
    expect(commands).not.toMatch(/npm (?:run (?:check|e2e)|test)/);
    expect(jobs["check"]?.permissions).toBeUndefined();
  });

  test("has the notes that the changelog has for its version, known before anything is published", () => {
    const steps = Object.values(jobs).flatMap((job) => job.steps);
    const taking = steps.findIndex(({ run = "" }) => run.includes("scripts/release-notes.ts"));
    expect(steps[taking]?.run).toBe(`node scripts/release-notes.ts "\${GITHUB_REF_NAME#v}" > notes.md`);
    expect(taking).toBeLessThan(steps.findIndex(({ uses = "" }) => uses.startsWith("docker/")));
    expect(steps.at(-1)?.run).toMatch(/^gh release create .* --notes-file notes\.md /);
  });

  test("has every base of the image by digest, and publishes the digests", () => {
    const bases = [...DOCKERFILE.matchAll(/^FROM (\S+)/gm)].map(([, name = ""]) => name);
    const variables = bases.map((name) => /^\$\{(\w+)\}$/.exec(name)?.[1] ?? name);
    expect(variables).toEqual([...DOCKERFILE.matchAll(/^ARG (\w+_BASE)=\S+:\S+$/gm)].map(([, name]) => name));
    const steps = Object.values(jobs).flatMap((job) => job.steps);
    const image = steps.find(({ uses = "" }) => uses.startsWith("docker/build-push-action@"));
    const given = String(image?.with?.["build-args"]).split("\n");
    for (const name of variables) expect(given).toContain(`${name}=\${{ steps.bases.outputs.${name} }}`);
    const resolving = steps.find((step) => step.name === "Bases by digest")?.run ?? "";
    expect(resolving).toContain(`for base in ${variables.join(" ")}; do`);
    expect(resolving).toContain("^sha256:[0-9a-f]{64}$");
    expect(steps.at(-1)?.run).toContain("bases.txt");
  });
});
