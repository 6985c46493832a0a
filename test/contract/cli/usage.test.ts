import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { manifestText, runCli } from "./run-cli.ts";

const HEADER = "apiVersion: iam.instanceprofile.dev/v1beta1\nkind: InstanceProfile\n";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cli-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a command line that cannot be understood is explained in words, with status 1", () => {
  test.each([
    [["nope"], 'unknown command "nope"'],
    [["version", "extra"], "Unexpected argument 'extra'. This command does not take positional arguments\n"],
    [["release"], "name the objects to release, or use one of --all, --all-namespaces"],
    [["release", "app", "--all"], "name the objects to release, or use one of --all, --all-namespaces"],
    [["release", "-A", "-n", "team-a"], "--all-namespaces selects everything; omit --namespace and --classes"],
    [["release", "readers", "--classes", "-n", "team-a"], "--classes: classes have no namespace"],
    [["plan"], "nothing to plan: pass manifests with -f"],
    [["validate"], "nothing to validate: pass manifests with -f"],
    [["plan", "-f"], "argument missing"],
    [["plan", "-f", ""], "--filename: the value is empty"],
    [["plan", "app.yaml"], "Unexpected argument 'app.yaml'"],
    // What a shell makes of an unquoted pattern.
    [
      ["validate", "-f", "a.yaml", "b.yaml"],
      "Unexpected argument 'b.yaml'. This command does not take positional arguments. Put -f before each file, or quote",
    ],
    [["plan", "-f", "x", "--outputs", "json"], "Unknown option '--outputs'"],
    [["plan", "-f", "x", "-n", "team-a"], "--namespace requires --since-live"],
    [["plan", "-f", "x", "-o", "xml"], '--output: "xml" must be one of text, json, markdown'],
    [["plan", "-f", "x", "--color", "yes"], '--color: "yes" must be one of auto, always, never'],
    [["validate", "-f", "x", "--color", "on"], '--color: "on" must be one of auto, always, never'],
    [["plan", "-f", "x", "--cluster-id", ""], "--cluster-id: the value is empty"],
    [["plan", "-f", "x", "--cluster-id", "a|b"], '--cluster-id: "a|b" is not a valid tag value'],
    [["plan", "-f", "x", "--cluster-id", "a".repeat(257)], "is not a valid tag value"],
    [["run", "--concurrency", "0"], '--concurrency: "0" is not a whole number from 1 to 1000'],
    [["run", "--concurrency", "1e3"], '--concurrency: "1e3" is not a whole number'],
    [["run", "--resync-interval", "10"], '--resync-interval: "10" is not a duration'],
    [["run", "--resync-interval", "0s"], "--resync-interval: 0s is too short; write 1s or more"],
    [["run", "--iam-read-qps", "0"], '--iam-read-qps: "0" is not a number above 0; write for example 0.5 or 20'],
    [["run", "--iam-write-qps", "5/s"], '--iam-write-qps: "5/s" is not a number above 0'],
    [["run", "--ec2-write-qps", "0"], '--ec2-write-qps: "0" is not a number above 0'],
    [["export", "--path-prefix", "/", "--iam-read-qps", "0"], '--iam-read-qps: "0" is not a number above 0'],
    [["plan", "-f", "x", "--iam-read-qps", "Infinity"], '--iam-read-qps: "Infinity" is not a number above 0'],
    [["run", "--account-id", "1234"], '--account-id: "1234" is not an AWS account id; write its 12 digits'],
    [["run", "-n", "team-a", "-n", "Team_B"], '--namespace: "Team_B" is not the name of a namespace'],
    [["plan", "-f", "x", "--since-live", "-n", "a/b"], '--namespace: "a/b" is not the name of a namespace'],
    [
      ["export", "--from-terraform-state", "x", "--path-prefix", "/"],
      "--from-terraform-state and --path-prefix cannot be combined",
    ],
    [
      ["export", "--from-terraform-state", "x", "--from-cluster", "ack"],
      "--from-terraform-state and --from-cluster cannot be combined",
    ],
    [["export", "--from-terraform-state", "/does/not/exist"], "/does/not/exist does not exist"],
    [
      ["export", "--from-cloudformation", "no/such/file.yaml"],
      "no/such/file.yaml is neither a file nor the name of a stack",
    ],
    [
      ["export", "--from-cloudformation", "web", "--parameter", "A=b"],
      "--parameter requires a template, and web is no file",
    ],
    [["export", "--from-cloudformation", "-", "--parameter", "A"], '--parameter: "A" must have the form KEY=VALUE'],
    [["export", "--from-cluster", "pulumi"], '--from-cluster: "pulumi" must be one of ack, crossplane'],
    [["export", "--path-prefix", "/", "-f", "x"], "--filename requires --from-cluster"],
    [["export", "--path-prefix", "/", "--parameter", "A=b"], "--parameter requires --from-cloudformation"],
    [["convert", "-f", "/does/not/exist"], "/does/not/exist does not exist"],
    [["convert", "-f", "-", "--trust", "-"], "-f and --trust cannot both read standard input"],
    [["export", "--path-prefix", "/", "-n", "A"], '--namespace: "A" is not the name of a namespace'],
    [
      ["run", "--leader-elect", "--leader-elect-namespace", "A"],
      '--leader-elect-namespace: "A" is not the name of a namespace',
    ],
    [["run", "--region", "eu-wset-1"], '--region: "eu-wset-1" is not a region that this version knows'],
    [["run", "--log-level", "loud"], '--log-level: "loud" must be one of'],
    [["run", "--cluster-id", ""], "--cluster-id: the value is empty"],
    [["run", "--namespace", ""], "--namespace: the value is empty"],
    [["run", "--kubeconfig", "/does/not/exist"], "Cannot read kubeconfig /does/not/exist"],
    [["sandbox", "--kube-port", "65536"], '--kube-port: "65536" is not a whole number from 0 to 65535'],
    [["sandbox", "--orphan-policy", "Keep"], '--orphan-policy: "Keep" must be one of Retain, Delete'],
    [["sandbox", "--cluster-id", "a|b"], '--cluster-id: "a|b" is not a valid tag value'],
    [["sandbox", "--account-scan-interval", "1s"], "--account-scan-interval: 1s is too short; write 10s or more"],
    [["sandbox", "--log-level", "loud"], '--log-level: "loud" must be one of'],
    [["sandbox", "--once", "--kubeconfig-out", "/does/not/exist"], "--kubeconfig-out: /does/not/exist does not exist"],
    [["sandbox", "--once", "--apply", "/does/not/exist"], "/does/not/exist does not exist"],
  ])("%j", async (args, words) => {
    const { status, err } = await runCli(args);
    expect(status).toBe(1);
    expect(err).toContain(words);
    expect(err).not.toMatch(/\n\s+at /);
  });
});

describe("help and version", () => {
  test.each([["help"], ["--help"], ["-h"]])("%s lists the commands", async (word) => {
    const { status, out } = await runCli([word]);
    expect(status).toBe(0);
    expect(out).toMatch(
      /run .*\n.*sandbox .*\n.*plan .*\n.*export .*\n.*convert .*\n.*validate .*\n.*access .*\n.*report .*\n.*release .*\n.*completion .*\n.*version /,
    );
  });

  test("no command at all is an error that shows the same", async () => {
    const { status, out, err } = await runCli([]);
    expect([status, out]).toEqual([1, ""]);
    expect(err).toContain("Usage:");
  });

  test.each([
    ...["run", "sandbox", "plan", "export", "convert", "validate", "access can", "report"],
    ...["release", "completion", "version"],
  ])("%s --help says what it does", async (command) => {
    const { status, out } = await runCli([...command.split(" "), "--help"]);
    expect(status).toBe(0);
    expect(out).toContain(`Usage: instance-profile-controller ${command}`);
    expect(out).toContain("-h, --help");
  });

  test.each([["--help"], ["-h"], ["help"]])("access %s lists its commands", async (word) => {
    const { status, out } = await runCli(["access", word]);
    expect(status).toBe(0);
    expect(out).toMatch(/^Usage: instance-profile-controller access COMMAND [\s\S]*\n {2}can /);
  });

  test("a group without a command, or with an unknown one, is an error that shows its commands", async () => {
    for (const args of [["access"], ["access", "nope"]]) {
      const { status, out, err } = await runCli(args);
      expect([status, out]).toEqual([1, ""]);
      expect(err).toContain("Usage: instance-profile-controller access COMMAND");
    }
    const { err } = await runCli(["access", "nope"]);
    expect(err).toContain('instance-profile-controller access: unknown command "nope"');
  });

  test.each(["version", "--version"])("%s prints it", async (word) => {
    expect(await runCli([word])).toMatchObject({ status: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });
});

describe("what is no manifest is explained in words", () => {
  const billion = [
    "a: &a [x,x,x,x,x,x,x,x,x]",
    ..."bcdef".split("").map((c, i) => `${c}: &${c} [${Array(9).fill(`*${"abcde"[i]}`).join()}]`),
  ];

  test.each<[string, string, string]>([
    ["nothing", "", "no InstanceProfile (iam.instanceprofile.dev) found in <stdin>"],
    ["a scalar", "42", "no InstanceProfile"],
    ["another kind", "kind: ConfigMap\napiVersion: v1", "no InstanceProfile"],
    ["another group's InstanceProfile", "kind: InstanceProfile\napiVersion: iam.example.org/v1", "no InstanceProfile"],
    ["half a map", "{", "<stdin>:1:2: error: a character is missing"],
    ["a key twice", `${HEADER}metadata: {name: a, name: b}`, "<stdin>:3:21: error: a map has the same key twice"],
    ["an alias of nothing", `${HEADER}spec: *nope`, "<stdin>:3:7: error: an alias has no anchor before it"],
    ["an alias within itself", `${HEADER}spec: &s {statements: [*s]}`, "<stdin>:3:10: error: an alias is recursive"],
    [
      "a list within itself",
      "kind: List\nitems: &l [{kind: List, items: *l}]",
      "<stdin>:2:11: error: an alias is recursive",
    ],
    ["keys that are objects", `${HEADER}? {a: b}\n: c`, "<stdin>:3:3: error: a key is a list or a map"],
    ["a billion laughs", `${HEADER}${billion.join("\n")}`, ": aliases make the document too large"],
    ["nesting without end", `${HEADER}spec: ${"[".repeat(20_000)}`, "<stdin>:3:"],
  ])("%s", async (_, input, words) => {
    for (const command of ["validate", "plan"]) {
      const { status, out, err } = await runCli([command, "-f", "-"], { input });
      expect(status).toBe(1);
      expect(out + err).toContain(words);
    }
  });

  test.each<[string, string]>([
    ["no metadata and no spec", HEADER],
    ["metadata that is a number", `${HEADER}metadata: 3\nspec: []`],
    [
      "values that JSON does not have",
      `${HEADER}metadata: {name: a}\nspec: {roleName: !!binary aGk=, path: [!!binary aGk=]}`,
    ],
    ["a version to come", "apiVersion: iam.instanceprofile.dev/v9\nkind: InstanceProfile\nmetadata: {name: a}"],
  ])("an InstanceProfile with %s is invalid", async (_, input) => {
    const validated = await runCli(["validate", "-f", "-"], { input });
    expect(validated).toMatchObject({ status: 1, err: "" });
    expect(validated.out).toContain("1 checked, 1 invalid");
    expect(await runCli(["plan", "-f", "-"], { input })).toMatchObject({ status: 1, out: "" });
  });
});

describe("manifests are found", () => {
  test("in JSON, in Lists within Lists, through anchors, in many documents, in folders", async () => {
    const item = JSON.parse(manifestText());
    const list = { kind: "List", apiVersion: "v1", items: [{ kind: "List", items: [item] }, item] };
    writeFileSync(join(folder, "list.json"), JSON.stringify(list));
    writeFileSync(
      join(folder, "anchors.yml"),
      `${HEADER}metadata: {name: a}\nspec:\n  roleName: &n app\n  policyName: *n\n  statements: [&s {effect: Allow, actions: ["s3:*"], resources: ["*"]}]\n`,
    );
    writeFileSync(
      join(folder, "many.yaml"),
      `# nothing\n---\n${manifestText()}\n---\nkind: Secret\n---\n${manifestText()}\n`,
    );
    writeFileSync(join(folder, "notes.txt"), "{{ not yaml");
    const { status, out } = await runCli(["validate", "-f", folder]);
    expect(out).toContain("5 checked, 4 invalid");
    expect(out).toContain("anchors.yml (document 1) default/a: ok");
    const first = `${join(folder, "list.json")}, document 1`;
    expect(out).toContain(
      `error: metadata.name: InstanceProfile team-a/app is also in ${first}, and the last one applied wins.`,
    );
    expect(out).toContain("many.yaml (document 3) team-a/app: invalid");
    expect(status).toBe(1);
  });

  test("thousands of them in one file", async () => {
    const input = Array.from({ length: 2_000 }, (_, i) =>
      manifestText({ roleName: `app-${i}` }, { name: `app-${i}` }),
    ).join("\n---\n");
    expect((await runCli(["validate", "-f", "-"], { input })).out).toContain("2000 checked, 0 invalid");
  });
});
