import { variablesIn } from "../../model/variables/template.ts";
import { awsRates } from "../aws-options.ts";
import { userPlace } from "../controller/open-aws.ts";
import type { CommandIo } from "../io.ts";
import { invalid } from "../manifests/judge-manifest.ts";
import type { Manifest } from "../manifests/manifests.ts";
import { located } from "../manifests/places-of.ts";
import { findingLines } from "../manifests/validate-report.ts";
import { VARIABLE_OPTION } from "../operator-options.ts";
import type { GivenOptions, OptionSpecs } from "../options.ts";
import { CLASS_OPTIONS, type ClassOptions, classOptions } from "../plan/class-options.ts";
import type { Subject } from "../plan/plan-subjects.ts";
import { connectAsUser, PLAN_RATES } from "../read-aws.ts";
import type { PolicyInput } from "./policy-input.ts";

/** The options that say what the variables of manifests stand for. */
export const FILL_OPTIONS: OptionSpecs = {
  class: {
    ...CLASS_OPTIONS["class"],
    type: "string",
    help: "InstanceProfileClasses with the variables of objects; repeatable",
  },
  ...VARIABLE_OPTION,
  "cluster-id": { type: "string", value: "ID", help: "value of {cluster}" },
};

/**
 * The input with the variables of its objects filled in, by their classes, by `--variable`, and by the account and region of the
 * user's credentials; undefined after printing which values are not known. A policy document has no variables.
 *
 * Errors: those of {@link classOptions}, and of GetCallerIdentity when a manifest uses `{account}` and `--offline` is not set.
 *
 * @param consequence what does not happen when a value is not known: `nothing was compared`
 */
export async function filledInput<T extends PolicyInput | { readonly kind: "live" }>(
  input: T,
  given: GivenOptions,
  consequence: string,
  io: CommandIo,
): Promise<T | undefined> {
  if (input.kind !== "objects") return input;
  const users = input.subjects.filter(({ manifest }) => usesVariables(manifest));
  if (users.length === 0) return input;
  const classes = await classesFor(users, given, io);
  const judged = users.map((subject) => filledSubject(subject, classes));
  const wrong = judged.filter(({ findings }) => findings.length > 0);
  if (wrong.length > 0) {
    const remedy = `pass classes with --class, or --variable KEY=VALUE${given.flag("offline") ? ", or leave out --offline" : ""}`;
    io.err([...(await located(wrong)).flatMap(findingLines), `${consequence}: variables have no value; ${remedy}`]);
    return undefined;
  }
  const filled = new Map(judged.map(({ manifest, object }) => [manifest, object]));
  const subjects = input.subjects.map(({ manifest, object }) => ({ manifest, object: filled.get(manifest) ?? object }));
  return { ...input, subjects };
}

function usesVariables({ value }: Manifest): boolean {
  return variablesIn(JSON.stringify(value["spec"] ?? {})).length > 0;
}

async function classesFor(users: readonly Subject[], given: GivenOptions, io: CommandIo): Promise<ClassOptions> {
  const manifests = users.map(({ manifest }) => manifest);
  if (given.flag("offline")) return classOptions(given, io, manifests, {});
  const aws = connectAsUser(awsRates(given, PLAN_RATES), io.env);
  try {
    return await classOptions(given, io, manifests, await userPlace(aws, manifests, io.stop));
  } finally {
    aws.close();
  }
}

type Judged = Subject & { readonly findings: readonly ReturnType<typeof invalid>[] };

function filledSubject({ manifest, object: written }: Subject, classes: ClassOptions): Judged {
  const object = classes.filled(written);
  const { faults = [], spec } = object;
  // Without its class, any text can be a variable, and none is a fault.
  const isUnknown = spec.className !== undefined && !classes.areGiven;
  const unknown = { path: "spec.className", message: `the variables of class ${spec.className} are not known.` };
  const findings = [...(isUnknown ? [unknown] : []), ...faults].map(({ path, message }) =>
    invalid(path, message.replace(`${path}: `, "")),
  );
  return { manifest, object, findings };
}
