import { setImmediate as nextTurn } from "node:timers/promises";
import { oversizeIn, withBoundedPolicies } from "../../api/bounded-object.ts";
import type { InstanceProfile } from "../../api/instance-profile.ts";
import { parseInstanceProfile } from "../../api/parse-instance-profile.ts";
import { blockersOf } from "../../controller/classes/class-binding.ts";
import { compileCrd } from "../../crd/compile-crd.ts";
import type { CompiledVersion, JsonObject } from "../../crd/contract.ts";
import { TerminalError } from "../../errors.ts";
import type { Finding } from "../../plan/lint/finding.ts";
import { type LintOptions, lint } from "../../plan/lint/lint.ts";
import type { Command } from "../command.ts";
import { type CommandIo, EXIT, UsageError } from "../io.ts";
import { readShippedCrd } from "../manifests/crd-file.ts";
import { type Manifest, readManifests } from "../manifests/manifests.ts";
import { placesOf } from "../manifests/places-of.ts";
import { isInvalid, type JudgedManifest, renderFindings, type ValidateFormat } from "../manifests/validate-report.ts";
import type { GivenOptions } from "../options.ts";
import { CLASS_OPTIONS, type ClassOptions, classOptions } from "../plan/class-options.ts";
import { VERSION } from "../version.ts";

/** Checks manifests offline as the API server and IAM would. */
export const validateCommand: Command = {
  description: [
    "Checks manifests against the schema and the rules of the CRD, and checks their policies for what IAM rejects and for",
    "permissions that are broader than intended. Needs no AWS account, and a cluster only for --cluster-classes.",
    "Exit status: 0 when all manifests are valid (warnings are shown), 1 otherwise.",
  ].join("\n"),
  options: {
    filename: {
      type: "string",
      multiple: true,
      short: "f",
      value: "FILE|DIR|PATTERN|-",
      help: "manifests to check; repeatable; - reads standard input",
    },
    output: { type: "string", short: "o", value: "FORMAT", help: "text (default), json or sarif" },
    "require-boundary": { type: "boolean", help: "report a manifest without permissionsBoundaryArn as invalid" },
    ...CLASS_OPTIONS,
    "cluster-id": { type: "string", value: "ID", help: "value of {cluster} in a class" },
    strict: { type: "boolean", help: "exit with status 1 on warnings too" },
  },
  run: validateManifests,
};

/** What manifests are checked against besides the CRD. */
interface Standards extends LintOptions {
  readonly classes: ClassOptions;
}

/** Findings of one manifest beyond this number are counted, not shown: locating each in the file takes time. */
const MAX_FINDINGS = 200;

function bounded(findings: readonly Finding[]): readonly Finding[] {
  const rest = findings.slice(MAX_FINDINGS);
  const worst = rest.find(({ severity }) => severity === "error") ?? rest[0];
  if (worst === undefined) return findings;
  return [
    ...findings.slice(0, MAX_FINDINGS),
    { ...worst, message: `${worst.message}; and ${rest.length - 1} more findings` },
  ];
}

/** The compiled CRD, cached in the process: compiling it takes longer than checking a manifest. */
let shippedVersions: readonly CompiledVersion[] | undefined;

async function validateManifests(given: GivenOptions, io: CommandIo): Promise<number> {
  const paths = given.list("filename");
  if (paths.length === 0) throw new UsageError("nothing to validate: pass manifests with -f");
  const format = formatOf(given.text("output") ?? "text");
  const manifests = await readManifests(paths, io.readInput);
  const classes = await classOptions(given, io, manifests);
  const options: Standards = { requiresBoundary: given.flag("require-boundary"), classes };
  shippedVersions ??= compileCrd(readShippedCrd()).versions;
  const versions = shippedVersions;
  const judged = await located(await judgeAll(manifests, versions, options));
  io.out(renderFindings(judged, format, VERSION));
  const isFailure = given.flag("strict") ? judged.some(({ findings }) => findings.length > 0) : judged.some(isInvalid);
  return isFailure ? EXIT.error : EXIT.ok;
}

/** A manifest and its findings. */
interface Verdict {
  readonly manifest: Manifest;
  readonly findings: readonly Finding[];
}

async function judgeAll(
  manifests: readonly Manifest[],
  versions: readonly CompiledVersion[],
  options: Standards,
): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const manifest of manifests) {
    verdicts.push({ manifest, findings: bounded(judge(manifest, versions, options)) });
    await nextTurn();
  }
  return verdicts;
}

async function located(verdicts: readonly Verdict[]): Promise<readonly JudgedManifest[]> {
  const fields = verdicts.flatMap(({ manifest, findings }) => findings.map(({ path }) => ({ ...manifest, path })));
  const places = (await placesOf(fields)).values();
  return verdicts.map(({ manifest, findings }) => ({
    manifest,
    findings: findings.map((finding) => ({ ...finding, ...(places.next().value ?? { line: 1, column: 1 }) })),
  }));
}

function formatOf(name: string): ValidateFormat {
  if (name === "text" || name === "json" || name === "sarif") return name;
  throw new UsageError(`--output: "${name}" must be one of text, json, sarif`);
}

function judge({ value }: Manifest, versions: readonly CompiledVersion[], options: Standards): readonly Finding[] {
  const version = versions.find(({ name }) => String(value["apiVersion"]).endsWith(`/${name}`));
  if (version === undefined) {
    const known = versions.map(({ name }) => name).join(", ");
    return [invalid("apiVersion", `unknown version; must be one of: ${known}`)];
  }
  const bounded = withBoundedPolicies(value);
  const object = version.applyDefaults(structuredClone(bounded) as JsonObject);
  const faults = [
    ...version
      .unknownFields(object)
      .map((path): Finding => ({ ...invalid(path, `unknown field "${path}"`), rule: "unknown-field" })),
    ...version.validate(object).map(({ field, message }) => readable(field, message)),
  ];
  return [...oversizeFindings(bounded), ...(faults.length > 0 ? faults : judgePolicies(object, options))];
}

/** Checks the object against its class. Without classes on the command line, a class name alone is no finding. */
function judgeByClass(object: InstanceProfile, { classes }: Standards): readonly Finding[] {
  if (!classes.areGiven && object.spec.className !== undefined) return [];
  return blockersOf(classes.bindingOf(object)).map(({ message }) => {
    const path = /^spec(\.[A-Za-z]+(\[\d+\])?)+/.exec(message)?.[0] ?? "spec.className";
    // A finding shows its path in front of its message.
    const words = message.startsWith(`${path}: `) ? message.slice(path.length + 2) : message;
    return { ...invalid(path, words), rule: "class" };
  });
}

/** Reports policies above IAM's size limits. They are not checked any further. */
function oversizeFindings(bounded: object): readonly Finding[] {
  return oversizeIn(bounded).map(({ field, message }) => ({
    ...invalid(field, message.slice(`${field}: `.length)),
    rule: "policy-size",
  }));
}

function invalid(path: string, message: string): Finding {
  return { rule: "invalid", severity: "error", path, message };
}

/** Replaces the API server's placeholder field `<nil>`, which stands for "more errors can follow". */
function readable(field: string, message: string): Finding {
  return field === "<nil>"
    ? invalid("the whole object", message.replace(/^Invalid value: null: /, ""))
    : invalid(field, message);
}

/** Parses an object that the schema accepts as the controller would, and checks its policies. */
function judgePolicies(object: JsonObject, options: Standards): readonly Finding[] {
  try {
    const parsed = parseInstanceProfile(object);
    return [...lint(parsed, options), ...judgeByClass(parsed, options)];
  } catch (error) {
    if (!(error instanceof TerminalError)) throw error;
    return [invalid("spec", error.message)];
  }
}
