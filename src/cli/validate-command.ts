import { parseInstanceProfile } from "../api/parse-instance-profile.ts";
import { TerminalError } from "../errors.ts";
import { type Finding, lint } from "../plan/lint.ts";
import { compileCrd } from "../sandbox/kube/schema/compile-crd.ts";
import type { CompiledVersion, JsonObject } from "../sandbox/kube/schema/contract.ts";
import type { Command } from "./command.ts";
import { readShippedCrd } from "./crd-file.ts";
import { type CommandIo, EXIT, UsageError } from "./io.ts";
import { type Manifest, readManifests } from "./manifests.ts";
import type { GivenOptions } from "./options.ts";

/** Judges manifests as the API server and IAM would, offline. */
export const validateCommand: Command = {
  name: "validate",
  summary: "check manifests offline: schema, rules, policies",
  description: [
    "Checks manifests against the schema and the rules of the CRD, and their policies for what IAM refuses. Needs neither",
    "a cluster nor AWS. Exit status: 0 when all are valid (warnings are shown), 1 otherwise.",
  ].join("\n"),
  options: {
    filename: { type: "string", multiple: true, short: "f", value: "FILE|DIR|-", help: "manifests; repeatable" },
  },
  run: validateManifests,
};

async function validateManifests(given: GivenOptions, io: CommandIo): Promise<number> {
  const paths = given.list("filename");
  if (paths.length === 0) throw new UsageError("nothing to validate: give manifests with -f");
  const manifests = await readManifests(paths, io.readInput);
  const versions = compileCrd(readShippedCrd()).versions;
  let invalid = 0;
  for (const manifest of manifests) {
    const findings = judge(manifest, versions);
    const isInvalid = findings.some(({ severity }) => severity === "error");
    if (isInvalid) invalid += 1;
    io.out(report(manifest, findings, isInvalid));
  }
  io.out(`${manifests.length} checked, ${invalid} invalid\n`);
  return invalid === 0 ? EXIT.ok : EXIT.error;
}

function judge({ value }: Manifest, versions: readonly CompiledVersion[]): readonly Finding[] {
  const version = versions.find(({ name }) => String(value["apiVersion"]).endsWith(`/${name}`));
  if (version === undefined) {
    const known = versions.map(({ name }) => name).join(", ");
    return [{ severity: "error", path: "apiVersion", message: `this version is not known; known are: ${known}` }];
  }
  const object = version.applyDefaults(structuredClone(value) as JsonObject);
  const faults = [
    ...version.unknownFields(object).map((path) => ({ path, message: `unknown field "${path}"` })),
    ...version.validate(object).map(({ field, message }) => readable(field, message)),
  ].map((fault): Finding => ({ severity: "error", ...fault }));
  return faults.length > 0 ? faults : judgePolicies(object);
}

/** The API server's words for "there may be more, after this" name a field that is none. */
function readable(field: string, message: string): { readonly path: string; readonly message: string } {
  return field === "<nil>"
    ? { path: "the whole object", message: message.replace(/^Invalid value: null: /, "") }
    : { path: field, message };
}

/** What passes the schema is parsed as the controller would, and its policies are looked at. */
function judgePolicies(object: JsonObject): readonly Finding[] {
  try {
    return lint(parseInstanceProfile(object));
  } catch (error) {
    if (!(error instanceof TerminalError)) throw error;
    return [{ severity: "error", path: "spec", message: error.message }];
  }
}

function report({ source, position, value }: Manifest, findings: readonly Finding[], isInvalid: boolean): string {
  const { namespace, name } = (value["metadata"] ?? {}) as { readonly namespace?: string; readonly name?: string };
  const title = `${source} (document ${position}) ${namespace ?? "default"}/${name ?? "?"}: ${isInvalid ? "invalid" : "ok"}`;
  return `${[title, ...findings.map(({ severity, path, message }) => `  ${severity}: ${path}: ${message}`)].join("\n")}\n`;
}
