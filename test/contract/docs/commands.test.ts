import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { EC2 } from "@aws-sdk/client-ec2";
import { IAM } from "@aws-sdk/client-iam";
import { S3 } from "@aws-sdk/client-s3";
import { beforeAll, describe, expect, test } from "vitest";
import packageJson from "../../../package.json" with { type: "json" };
import { CONFORMANCE_FLAGS } from "../../conformance/command.ts";
import { DOCUMENTS, documentAt, ROOT, sectionOf } from "./document.ts";
import { commandNames, optionsOf, PROGRAM } from "./program.ts";
import { commandsOf, simpleCommands } from "./shell.ts";

const SCRIPTS: readonly string[] = Object.keys(packageJson.scripts);
const NPM_ITSELF = ["ci"];
const KUBECTL_VERBS = [
  "annotate",
  "apply",
  "create",
  "delete",
  "describe",
  "explain",
  "get",
  "iprof",
  "krew",
  "kustomize",
  "label",
  "logs",
  "patch",
  "port-forward",
  "rollout",
  "wait",
];
const KUBECTL_FLAGS = ["--prune", "--recursive", "--validate", "--tail", "--since"];
const AWS_FLAGS = ["--cli-input-json"];
const NPX_FLAGS = ["--no"];
const NPM_FLAGS = ["--omit"];
const GITOPS_FLAGS = ["--wait", "--for", "--force", "--reconcile-timeout"];
const HELM_FLAGS = ["--set", "--set-string", "--take-ownership"];
const MONITORING_FLAGS = ["--custom-resource-state-config-file"];
const FOLDERS = /^(?:src|test|docs|deploy|crds|scripts|\.ci)\//;

const options = new Map<string, ReadonlySet<string>>();
const clients: Readonly<Record<string, object>> = {
  iam: new IAM({ region: "us-east-1" }),
  ec2: new EC2({ region: "us-east-1" }),
  s3api: new S3({ region: "us-east-1" }),
  eks: {
    createAddon: true,
    createPodIdentityAssociation: true,
    deletePodIdentityAssociation: true,
    describeCluster: true,
    listPodIdentityAssociations: true,
  },
  // `deploy` is of the AWS CLI.
  cloudformation: { deploy: true, deleteStack: true },
};

beforeAll(async () => {
  for (const name of await commandNames()) {
    options.set(name, await optionsOf(name));
    for (const part of await commandNames(name)) options.set(`${name} ${part}`, await optionsOf(`${name} ${part}`));
  }
});

/** What is wrong with a command, in words; undefined when nothing is. Keyed by its first word: others are not known. */
const JUDGES: Readonly<Record<string, (words: readonly string[], made: readonly string[]) => string | undefined>> = {
  npm: ([verb = "", name = "", ...rest]) => {
    if (NPM_ITSELF.includes(verb)) return undefined;
    if (name === "e2e:aws") return rest.find((word) => word.startsWith("--") && !CONFORMANCE_FLAGS.has(word));
    if (verb !== "run") return SCRIPTS.includes(verb) ? faultOfPassedOn([name, ...rest]) : `no script "${verb}"`;
    return SCRIPTS.includes(name) ? undefined : `no script "${name}"`;
  },
  // Without --no, npx installs what the registry has by that name, outside of a clone, and before `npm ci`.
  npx: ([no, program, ...args]) => {
    if (no !== "--no") return "npx without --no can install a stranger's package";
    return program === PROGRAM ? faultOfProgram(args) : `not this program: ${program}`;
  },
  node: ([script = ""]) => faultOfPath(script),
  kubectl: (words, made) => {
    const [verb = "", ...rest] = ["-n", "--context"].includes(words[0] ?? "") ? words.slice(2) : words;
    if (!KUBECTL_VERBS.includes(verb)) return `is there a kubectl ${verb}?`;
    const files = rest.filter((_, index) => ["-f", "-k", "--patch-file"].includes(rest[index - 1] ?? ""));
    return files.filter((file) => !made.includes(file)).map(faultOfPath)[0];
  },
  aws: ([service = "", operation = ""]) => {
    const client = clients[service];
    if (client === undefined) return `no client for ${service}`;
    const known = Object.keys(client).concat(Object.getOwnPropertyNames(Object.getPrototypeOf(client)));
    return known.some((name) => name.toLowerCase() === operation.replaceAll("-", ""))
      ? undefined
      : `${service} has no ${operation}`;
  },
  docker: ([verb = ""]) => (["build", "push", "run"].includes(verb) ? undefined : `is there a docker ${verb}?`),
  sed: () => undefined,
  jq: () => undefined,
  sleep: () => undefined,
  helm: (words) => words.filter((word) => FOLDERS.test(word)).map(faultOfPath)[0],
  kind: ([verb = ""]) => (["create", "delete", "load"].includes(verb) ? undefined : `is there a kind ${verb}?`),
  export: () => undefined,
  kubeconform: () => undefined,
  terraform: () => undefined,
  // What checks a release is not of this repository.
  cosign: () => undefined,
  gh: () => undefined,
  git: () => undefined,
};

describe.each(DOCUMENTS)("$path", ({ fences, codeSpans }) => {
  const shown = fences.filter(({ language }) => ["sh", "console"].includes(language)).flatMap(commandsOf);
  /** What a block before has told to make, by the comment on its first line or by a redirection. */
  const made = fences.flatMap(({ text }) => [
    ...(/^# (\S+\.yaml)\n/.exec(text)?.slice(1) ?? []).map((file) => file.replace("/kustomization.yaml", "")),
    ...[...text.matchAll(/ > (\S+)$/gm)].map(([, file = ""]) => file),
  ]);

  if (shown.length > 0)
    test("shows commands that exist, with flags and files that exist", () => {
      const faults = shown.flatMap(({ line }) =>
        simpleCommands(line).flatMap(([program = "", ...words]) => {
          const fault = judge(program, words, made) ?? words.filter((word) => FOLDERS.test(word)).map(faultOfPath)[0];
          return fault === undefined ? [] : [`${line}: ${fault}`];
        }),
      );
      expect(faults).toEqual([]);
    });

  test("speaks of npm scripts that exist", () => {
    const calls = codeSpans.filter((span) => span.startsWith("npm "));
    const faults = calls.map((span) => JUDGES["npm"]?.(span.split(" ").slice(1), []));
    expect(faults.filter((fault) => fault !== undefined)).toEqual([]);
  });

  test("never has npx install anything", () => {
    const texts = [...codeSpans, ...fences.map(({ text }) => text)];
    expect(texts.filter((text) => /\bnpx (?!--no )|\bnpm exec\b|\bnpm (?:i|install)\b/.test(text))).toEqual([]);
  });

  test("speaks of flags that exist", () => {
    const flags = codeSpans.flatMap((span) => span.match(/(?<![\w-])--[a-z][\w-]*/g) ?? []);
    expect(flags.filter((flag) => !isKnownFlag(flag))).toEqual([]);
  });
});

describe("the README", () => {
  test("has at most 150 lines", () => {
    expect(readFileSync(join(ROOT, "README.md"), "utf8").trimEnd().split("\n").length).toBeLessThanOrEqual(150);
  });

  test("begins with two commands, each a line of its own", () => {
    const lines = sectionOf("README.md", "Try it").fences.map(({ text }) => text);
    expect(lines).toEqual(["npm ci && npm start", "npm ci && npm test"]);
  });
});

test("a command that is not known here is a fault, so that none goes unread", () => {
  expect(judge("curl", [], [])).toBeDefined();
  expect(judge("npx", [PROGRAM, "plan"], [])).toContain("without --no");
  expect(judge("npx", ["--no", PROGRAM, "plan", "--loud"], [])).toContain("--loud");
  expect(judge("npx", ["--no", PROGRAM, "frobnicate"], [])).toContain("frobnicate");
  expect(judge("npx", ["--no", PROGRAM, "access", "can", "--loud"], [])).toContain("--loud");
  expect(judge("npx", ["--no", PROGRAM, "access", "diff", "--loud"], [])).toContain("--loud");
  expect(judge("npm", ["run", "nothing"], [])).toContain("nothing");
  expect(judge("kubectl", ["apply", "-f", "crds/none.yaml"], [])).toContain("crds/none.yaml");
  expect(judge("aws", ["iam", "make-coffee"], [])).toContain("make-coffee");
});

test("documents with commands are found at all", () => {
  expect(
    documentAt("docs/getting-started/sandbox.md")
      .fences.filter(({ language }) => language === "console")
      .flatMap(commandsOf).length,
  ).toBeGreaterThan(8);
});

function judge(program: string, words: readonly string[], made: readonly string[]): string | undefined {
  const own = JUDGES[program];
  return own === undefined ? `no one here knows ${program}` : own(words, made);
}

function faultOfProgram([name = "", ...rest]: readonly string[]): string | undefined {
  const isGroup = options.has(`${name} ${rest[0]}`);
  const [command, args] = isGroup ? [`${name} ${rest[0]}`, rest.slice(1)] : [name, rest];
  const known = options.get(command);
  if (known === undefined) return `no command "${command}"`;
  const flag = args
    .filter((arg) => arg.startsWith("-") && arg !== "-")
    .find((arg) => !known.has(arg.split("=")[0] ?? ""));
  return flag === undefined ? undefined : `${command} has no ${flag}`;
}

/** `npm start -- --once`: what follows goes to the command behind the script. */
function faultOfPassedOn(words: readonly string[]): string | undefined {
  const dashes = words.indexOf("--");
  return dashes < 0 ? undefined : faultOfProgram(["sandbox", ...words.slice(dashes + 1)]);
}

function faultOfPath(path: string): string | undefined {
  return existsSync(join(ROOT, path)) || /[*<>]/.test(path) ? undefined : `${path} does not exist`;
}

/** Of this program, of a script of this repository, of kubectl and other clients, or of npx. */
function isKnownFlag(flag: string): boolean {
  const ofScripts = readFileSync(join(ROOT, "scripts/e2e.ts"), "utf8").includes(`"${flag}"`);
  return (
    ofScripts ||
    CONFORMANCE_FLAGS.has(flag) ||
    [
      ...KUBECTL_FLAGS,
      ...HELM_FLAGS,
      ...AWS_FLAGS,
      ...NPX_FLAGS,
      ...NPM_FLAGS,
      ...GITOPS_FLAGS,
      ...MONITORING_FLAGS,
    ].includes(flag) ||
    [...options.values()].some((known) => known.has(flag))
  );
}
