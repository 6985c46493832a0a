import { EC2 } from "@aws-sdk/client-ec2";
import { IAM } from "@aws-sdk/client-iam";
import { expect, vi } from "vitest";
import packageJson from "../../../package.json" with { type: "json" };
import { loadKubeConfig } from "../../../src/kube/kube-config.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { PlainKubectl } from "./plain-kubectl.ts";
import {
  type Environment,
  PROGRAM,
  type ProgramRun,
  type RunningProgram,
  runProgramWith,
  startProgram,
} from "./program.ts";
import { simpleCommands } from "./shell.ts";

type Operation = (input: unknown) => Promise<Record<string, unknown>>;

/**
 * Somebody who types in what a document shows, and believes what the program prints: the sandbox's `export` lines become the
 * environment of all that follows. kubectl and the AWS CLI are played, so that npm alone is needed: kubectl by requests of
 * the same kind, the AWS CLI by the SDK, with the output that the real ones give.
 */
export class Newcomer {
  /** A profile of the machine that the tests run on would come before the keys. */
  #environment: Environment = { AWS_PROFILE: undefined };
  #sandbox: RunningProgram | undefined;

  /** Runs one line and answers with what it prints. */
  async type(line: string): Promise<string> {
    const [before, inner, after] = line.split(/\$\((aws .*?)\)(?= )/);
    return inner === undefined ? this.#run(line) : this.#run(`${before}${await this.#run(inner)}${after}`);
  }

  async #run(line: string): Promise<string> {
    const [[program = "", ...words] = []] = simpleCommands(line);
    switch (program) {
      case "npm":
        return this.#start(words);
      case "npx":
        return (await this.run(words.slice(words.indexOf(PROGRAM) + 1))).out;
      case "kubectl":
        return new PlainKubectl(loadKubeConfig({ env: this.#environment, clock: systemClock }).server).run(words);
      case "aws":
        return aws(words, this.#environment);
      case "sleep":
        await systemClock.sleep(Number(words[0]) * 1_000);
        return "";
      default:
        throw new Error(`nobody here plays ${program}`);
    }
  }

  /** What the sandbox has told to set. */
  get environment(): Environment {
    return this.#environment;
  }

  /** Runs the program. */
  run(args: readonly string[], input?: string): Promise<ProgramRun> {
    return runProgramWith(this.#environment, args, input);
  }

  /** Ctrl-C. */
  async leave(): Promise<void> {
    await this.#sandbox?.stop();
  }

  async #start([script = "", ...more]: readonly string[]): Promise<string> {
    const [[, main, ...args] = []] = simpleCommands(scriptOf(script));
    expect(main).toBe("src/main.ts");
    const sandbox = startProgram([...args, ...more.filter((word) => word !== "--")]);
    this.#sandbox = sandbox;
    await vi.waitFor(() => expect(sandbox.out()).toContain("Ctrl-C"), { timeout: 55_000, interval: 20 });
    const exports = [...sandbox.out().matchAll(/^ {2}export (.*)$/gm)].map(([, settings]) => settings).join(" ");
    const settings = [...exports.matchAll(/([A-Z_]+)=(\S+)/g)].map(([, name = "", value]) => [name, value]);
    this.#environment = { ...this.#environment, ...Object.fromEntries(settings) };
    return sandbox.out();
  }
}

/** One call of the AWS CLI, by the SDK. */
async function aws([service = "", operation = "", ...words]: readonly string[], env: Environment): Promise<string> {
  const settings = {
    endpoint: env["AWS_ENDPOINT_URL"] ?? "",
    region: env["AWS_DEFAULT_REGION"] ?? "",
    credentials: {
      accessKeyId: env["AWS_ACCESS_KEY_ID"] ?? "",
      secretAccessKey: env["AWS_SECRET_ACCESS_KEY"] ?? "",
    },
  };
  const client = service === "ec2" ? new EC2(settings) : new IAM(settings);
  const { query, output, ...input } = optionsOf(words);
  const call = (client as unknown as Record<string, Operation>)[camelCase(operation)];
  try {
    // The CLI starts one instance where the API wants a number.
    const counts = operation === "run-instances" ? { MinCount: 1, MaxCount: 1 } : {};
    const answer = await call?.call(client, { ...counts, ...input });
    const { $metadata: _, IsTruncated: __, ...shown } = answer ?? {};
    return printed(typeof query === "string" ? valueAt(shown, query) : shown, output === "text");
  } catch (error) {
    const { name, message } = error as Error;
    const code = name.replace(/Exception$/, "");
    return `An error occurred (${code}) when calling the ${pascalCase(operation)} operation: ${message}`;
  } finally {
    client.destroy();
  }
}

function printed(result: unknown, isText: boolean): string {
  if (isText) return [result].flat().join("\t");
  return Object.keys(result ?? {}).length === 0 ? "" : JSON.stringify(result, null, 4);
}

/** `--role-name app` is RoleName; `--profile Name=app` is a structure; `--instance-ids a b` is a list. */
function optionsOf(words: readonly string[]): Readonly<Record<string, unknown>> {
  const options = words.flatMap((word, index) =>
    word.startsWith("--") ? [[word.slice(2), ...valuesAt(words, index + 1)]] : [],
  );
  return Object.fromEntries(
    options.map(([name = "", value = "", ...others]) => {
      if (name.endsWith("-ids")) return [pascalCase(name), [value, ...others]];
      if (name === "filters") return [pascalCase(name), [filterOf(value)]];
      const [, member, inner] = /^([A-Z]\w*)=(.*)$/.exec(value) ?? [];
      return name === "query" || name === "output"
        ? [name, value]
        : [pascalCase(name), member === undefined ? value : { [member]: inner }];
    }),
  );
}

/** `Name=instance-state-name,Values=running` */
function filterOf(text: string): { readonly Name: string | undefined; readonly Values: readonly string[] } {
  const [, name, value = ""] = /^Name=([^,]+),Values=(.+)$/.exec(text) ?? [];
  return { Name: name, Values: [value] };
}

/** The words up to the next option. */
function valuesAt(words: readonly string[], start: number): readonly string[] {
  const rest = words.slice(start);
  const end = rest.findIndex((word) => word.startsWith("--"));
  return end < 0 ? rest : rest.slice(0, end);
}

/** The part of JMESPath that documents use: members, indices, and lists whose members are taken together. */
function valueAt(value: unknown, path: string): unknown {
  return path.match(/\w+|\[\]/g)?.reduce<unknown>((at, step) => {
    if (step === "[]") return [at].flat(2);
    return Array.isArray(at) && !/^\d+$/.test(step)
      ? at.flatMap((item: Record<string, unknown>) => item[step])
      : (at as Record<string, unknown>)[step];
  }, value);
}

function pascalCase(kebab: string): string {
  return camelCase(`-${kebab}`);
}

function camelCase(kebab: string): string {
  return kebab.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** The command of a script of package.json, without the `exec` that replaces npm's shell. */
function scriptOf(name: string): string {
  return ((packageJson.scripts as Record<string, string>)[name] ?? "").replace(/^exec /, "");
}
