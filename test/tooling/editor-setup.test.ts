import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import manifest from "../../package.json" with { type: "json" };
import { ROOT } from "./copy-of-sources.ts";

/** What we read of .vscode/launch.json. */
interface Launch {
  readonly configurations: readonly {
    readonly name: string;
    readonly program: string;
    readonly args: readonly string[];
    readonly runtimeArgs?: readonly string[];
    readonly runtimeExecutable: string;
    readonly preLaunchTask?: string;
  }[];
}

/** What we read of a form for issues. */
interface Form {
  readonly body: readonly { readonly id?: string; readonly validations?: { readonly required?: boolean } }[];
}

function textOf(file: string): string {
  return readFileSync(join(ROOT, file), "utf8");
}

/** JSON with comments in lines of their own, as editors keep their settings; YAML is a superset of the rest. */
function settings(file: string): unknown {
  return parse(textOf(file).replaceAll(/^\s*\/\/.*$/gm, ""));
}

const { configurations } = settings(".vscode/launch.json") as Launch;
const environment = parseEnv(textOf("scripts/sandbox.env"));

describe("a launch configuration", () => {
  test.each(configurations)("$name starts a program that is there, by the Node of the tests", (configuration) => {
    const inRepository = (path: string): string => path.replace(`\${workspaceFolder}`, ROOT);
    expect(existsSync(inRepository(configuration.program))).toBe(true);
    expect(inRepository(configuration.runtimeExecutable)).toBe(join(ROOT, "node_modules/.bin/node"));
  });

  test("of the controller starts what npm run dev:controller does, after the APIs that it needs", () => {
    const controller = configurations.find(({ args }) => args[0] === "run" && args[1] === "--kubeconfig");
    const command = [...(controller?.runtimeArgs ?? []), "src/main.ts", ...(controller?.args ?? [])].join(" ");
    expect(manifest.scripts["dev:controller"]).toContain(command);
    const { tasks } = settings(".vscode/tasks.json") as { tasks: readonly { label: string; script: string }[] };
    expect(tasks.find(({ label }) => label === controller?.preLaunchTask)?.script).toBe("dev:apis");
  });
});

test("the controller under development finds the sandbox, and starts against no other account", () => {
  const { dev, "dev:apis": apis, "dev:controller": controller } = manifest.scripts;
  const { port } = new URL(environment["AWS_ENDPOINT_URL"] ?? "");
  for (const script of [dev, apis]) {
    expect(script).toContain(`--aws-port ${port} `);
    expect(script).toContain("--kubeconfig-out .sandbox.kubeconfig");
  }
  expect(controller).toContain("--kubeconfig .sandbox.kubeconfig --account-id 123456789012");
});

test("the container for development has the Node that the tests run on", () => {
  const { image } = settings(".devcontainer/devcontainer.json") as { image: string };
  expect(image).toMatch(new RegExp(`^node:${manifest.devDependencies.node}-\\w+(?:@sha256:[0-9a-f]{64})?$`));
});

test("a report of a fault has its version, status, Events and log, and says to leave secrets out", () => {
  const { body } = parse(textOf(".github/ISSUE_TEMPLATE/bug.yml")) as Form;
  const required = body.filter(({ validations }) => validations?.required === true).map(({ id }) => id);
  expect(required).toEqual(expect.arrayContaining(["version", "object", "events", "logs"]));
  for (const file of readdirSync(join(ROOT, ".github/ISSUE_TEMPLATE"))) {
    if (file !== "config.yml") expect(textOf(`.github/ISSUE_TEMPLATE/${file}`)).toMatch(/never paste secrets/i);
  }
});
