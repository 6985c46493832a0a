/**
 * Checks in an AWS account what the controller assumes of AWS (docs/how-to/conformance.md):
 *
 *     npm run e2e:aws -- --account-id ID --prefix PREFIX [--help]
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { VERSION } from "../src/cli/version.ts";
import { conformanceCommand } from "../test/conformance/command.ts";

const ROOT = join(import.meta.dirname, "..");

// The first signal ends the checks and lets the run delete what it has made; a second one ends the process.
const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    console.error(`e2e:aws: ${signal}: deleting what the run has made; another ${signal} leaves it to --clean`);
    interruption.abort(new Error(signal));
  });
}

process.exitCode = await conformanceCommand(process.argv.slice(2), {
  env: process.env,
  signal: interruption.signal,
  versions: versions(),
  template: readFileSync(join(ROOT, "docs/aws-report-template.md"), "utf8"),
  out: (line) => console.log(line),
  ask,
  writeReport: (file, text) => writeFile(file, text),
});

async function ask(question: string): Promise<string | undefined> {
  if (!process.stdin.isTTY) return undefined;
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  terminal.on("SIGINT", () => interruption.abort(new Error("SIGINT")));
  try {
    return await terminal.question(question, { signal: interruption.signal });
  } catch {
    return "";
  } finally {
    terminal.close();
  }
}

function versions(): string {
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const sdk = dependencies["@aws-sdk/client-iam"];
  return `instance-profile-controller ${VERSION} (${commit()}), Node.js ${process.versions.node}, AWS SDK ${sdk}`;
}

function commit(): string {
  try {
    return execFileSync("git", ["describe", "--always", "--dirty"], { cwd: ROOT, encoding: "utf8" }).trim();
  } catch {
    return "no commit";
  }
}
