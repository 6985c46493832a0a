import { setImmediate as nextTurn } from "node:timers/promises";
import type { InstanceProfile } from "../../api/instance-profile.ts";
import { accountKeyOf, blockersOf, strippedViolations } from "../../controller/classes/class-binding.ts";
import { judgeAwsPolicy } from "../../model/policy/aws-managed-policies.ts";
import { UNFILLED_TEMPLATE } from "../../model/variables/filled-spec.ts";
import type { Finding } from "../../plan/lint/finding.ts";
import { type LintOptions, lint } from "../../plan/lint/lint.ts";
import { lintActions, lintManagedPolicies } from "../../plan/lint/lint-shipped-lists.ts";
import type { Blocker } from "../../plan/plan.ts";
import { type InputObject, sharedNames } from "../../plan/shared-names.ts";
import type { Command } from "../command.ts";
import { type CommandIo, EXIT, UsageError } from "../io.ts";
import { COLOR_OPTION, hasColor } from "../line-io.ts";
import { invalid, judgeManifest } from "../manifests/judge-manifest.ts";
import { type Manifest, readInput, titleOf } from "../manifests/manifests.ts";
import { fieldOf, located } from "../manifests/places-of.ts";
import { isInvalid, renderFindings, type ValidateFormat } from "../manifests/validate-report.ts";
import type { GivenOptions } from "../options.ts";
import { CLASS_OPTIONS, type ClassOptions, classOptions } from "../plan/class-options.ts";
import { type JudgedTest, judgeTests, type TestedObject, testedObject } from "../policy-tests/judge-tests.ts";
import { VERSION } from "../version.ts";

/** Checks manifests offline as the API server and IAM would. */
export const validateCommand: Command = {
  description: [
    "Checks manifests against the schema and the rules of the CRD, and checks their policies for what IAM rejects and for",
    "permissions that are broader than intended. Runs the policy tests (InstanceProfileTest) of its input. Needs no AWS account,",
    "and a cluster only for --cluster-classes.",
    "Exit status: 0 when all manifests are valid (warnings are shown), 1 when one is invalid or a policy test failed.",
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
    ...COLOR_OPTION,
    strict: { type: "boolean", help: "exit with status 1 on warnings too" },
    known: {
      type: "string",
      multiple: true,
      value: "NAME",
      help: "an action, a pattern of actions or the ARN of a managed policy that AWS has and this version does not list; repeatable",
    },
  },
  run: validateManifests,
};

/** What manifests are checked against besides the CRD. */
interface Standards extends LintOptions {
  /** Actions, patterns of them and ARNs of policies that are newer than the shipped lists. */
  readonly known: readonly string[];
  readonly classes: ClassOptions;
}

/** An action or a pattern of actions of a service. */
const ACTION = /^[\w*?-]+:[\w*?]+$/;

/** The names of `--known`. One that no lint compares is an error, so that a misspelled one does not go unnoticed. */
function knownNames(given: GivenOptions): readonly string[] {
  const names = given.list("known");
  const wrong = names.find((name) => !ACTION.test(name) && judgeAwsPolicy(name).kind === "other");
  if (wrong === undefined) return names;
  throw new UsageError(
    `--known: "${wrong}" must be an action, such as s3:NewAction or newservice:*, or the ARN of a managed policy of AWS`,
  );
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

async function validateManifests(given: GivenOptions, io: CommandIo): Promise<number> {
  const paths = given.list("filename");
  if (paths.length === 0) throw new UsageError("nothing to validate: pass manifests with -f");
  const format = formatOf(given.text("output") ?? "text");
  const isColored = hasColor(given, io);
  const { manifests, tests, faults } = await readInput(paths, io.readInput);
  const classes = await classOptions(given, io, manifests);
  const standards = { requiresBoundary: given.flag("require-boundary"), classes, known: knownNames(given) };
  const verdicts = await judgeAll(manifests, standards);
  const testResults = await judgeTests(tests, verdicts.map(testedObjectOf), "warning");
  const judged = await located<JudgedTest>([...withSharedNames(verdicts, classes), ...testResults]);
  io.out(renderFindings({ judged, faults }, format, VERSION), isColored);
  const isUnclean = given.flag("strict") && judged.some(({ findings }) => findings.length > 0);
  return isUnclean || faults.length > 0 || judged.some(isInvalid) ? EXIT.error : EXIT.ok;
}

/** A manifest, the object in it unless the API server would reject it, and the findings. */
interface Verdict {
  readonly manifest: Manifest;
  readonly object: InstanceProfile | undefined;
  /** The same with its variables filled in, as far as their values are known. */
  readonly filled: InstanceProfile | undefined;
  readonly findings: readonly Finding[];
}

async function judgeAll(manifests: readonly Manifest[], options: Standards): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const manifest of manifests) {
    const { object, findings } = judgeManifest(manifest);
    const filled = object && options.classes.filled(object);
    const others = object === undefined || filled === undefined ? [] : await further(object, filled, options);
    verdicts.push({ manifest, object, filled, findings: bounded([...findings, ...others]) });
    await nextTurn();
  }
  return verdicts;
}

/** Findings beyond the schema. */
async function further(
  object: InstanceProfile,
  filled: InstanceProfile,
  options: Standards,
): Promise<readonly Finding[]> {
  const { faults = [] } = filled;
  return [
    ...faults.map(({ reason, path, message }) =>
      finding(reason === UNFILLED_TEMPLATE ? "template" : "variable", path, message),
    ),
    ...lint(filled, options),
    ...lintManagedPolicies(filled.spec, options.known),
    ...(await lintActions(filled.spec, options.known)),
    ...judgeByClass(object, filled, options.classes),
  ];
}

/** The object as its tests see it. Managed policies are not read. */
function testedObjectOf({ manifest: { value }, filled: object }: Verdict): TestedObject {
  if (object !== undefined) return testedObject(object, new Map());
  const { namespace = "default", name = "" } = (value["metadata"] ?? {}) as { namespace?: string; name?: string };
  return { namespace, name, access: undefined, variables: {} };
}

/** Adds the findings that objects cause each other. */
function withSharedNames(verdicts: readonly Verdict[], classes: ClassOptions): readonly Verdict[] {
  const { bindingOf, areGiven } = classes;
  const valid = verdicts.filter((verdict) => verdict.object !== undefined);
  const input = valid.map(({ manifest, object, filled, findings }): InputObject => {
    const found = object as InstanceProfile;
    // Without classes, only the names of classes tell accounts apart.
    const binding = bindingOf(found);
    const account = areGiven ? accountKeyOf(binding) : (found.spec.className ?? "");
    const isRejected = findings.some(({ severity, rule }) => severity === "error" && rule !== "class");
    // An object that its class strips has its names.
    const isBlocked = isRejected || judgedByClass(found, classes).blockers.length > 0;
    const named = binding.kind === "refused" ? (filled ?? found) : binding.object;
    return { object: named, source: titleOf(manifest), account, isBlocked };
  });
  const shared = new Map(sharedNames(input).map((names, index) => [valid[index], names]));
  return verdicts.map((verdict) => {
    const found = (shared.get(verdict) ?? []).map(({ path, message }) => finding("shared-name", path, message));
    return { ...verdict, findings: [...verdict.findings, ...found] };
  });
}

function formatOf(name: string): ValidateFormat {
  if (name === "text" || name === "json" || name === "sarif") return name;
  throw new UsageError(`--output: "${name}" must be one of text, json, sarif`);
}

/** What the object violates of its class. What the class strips in the cluster is a violation too. */
function judgeByClass(
  object: InstanceProfile,
  { faults = [] }: Pick<InstanceProfile, "faults">,
  classes: ClassOptions,
): readonly Finding[] {
  const { blockers, stripped } = judgedByClass(object, classes);
  const known = new Set([...(object.oversize ?? []), ...faults].map(({ message }) => message));
  return [...blockers, ...stripped]
    .filter(({ message }) => !known.has(message))
    .map(({ reason, message }) => ({
      ...finding("class", fieldOf(message) ?? "spec.className", message),
      reason,
    }));
}

/** Without classes on the command line, a class name alone is no finding. */
function judgedByClass(
  object: InstanceProfile,
  { bindingOf, areGiven }: ClassOptions,
): { readonly blockers: readonly Blocker[]; readonly stripped: readonly Blocker[] } {
  if (!areGiven && object.spec.className !== undefined) return { blockers: [], stripped: [] };
  const binding = bindingOf(object);
  return { blockers: blockersOf(binding), stripped: strippedViolations(binding) };
}

/** A finding of a message that can begin with the path, which a finding shows in front of its message. */
function finding(rule: Finding["rule"], path: string, message: string): Finding {
  const words = message.startsWith(`${path}: `) ? message.slice(path.length + 2) : message;
  return { ...invalid(path, words), rule };
}
