import { stat } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import type { Fault } from "../../api/field.ts";
import { API_VERSION, KIND } from "../../api/instance-profile.ts";
import { parseInstanceProfile } from "../../api/parse-instance-profile.ts";
import { actionField, resourceField } from "../../api/policy-fields.ts";
import { TerminalError } from "../../errors.ts";
import { statementLayers } from "../../model/access/compare/access-statement.ts";
import { evaluatePolicies } from "../../model/access/evaluate/evaluate.ts";
import { statementsOf } from "../../model/policy/policy-canonical.ts";
import { isJsonObject, type JsonValue } from "../../model/policy/policy-json.ts";
import { permissionsDocument } from "../../model/policy/policy-spec.ts";
import { fillObject } from "../../model/variables/fill-object.ts";
import type { Variables } from "../../model/variables/template.ts";
import type { Finding } from "../../plan/lint/finding.ts";
import { unknownOperators } from "../../plan/lint/lint.ts";
import { messageText } from "../../text/safe-text.ts";
import { invalid } from "../manifests/judge-manifest.ts";
import { fileFault } from "../manifests/manifest-files.ts";
import { type Manifest, type ManifestInput, readInput } from "../manifests/manifests.ts";

/** `noMoreThan` of a test that the schema has checked. */
export interface Reference {
  readonly statements?: JsonValue;
  readonly policyFile?: string;
}

/** A policy, or why there is none. */
type Read = { readonly policy: JsonValue } | { readonly fault: string };

/** More than any policy of IAM. */
const MAX_POLICY_BYTES = 1_048_576;

/** Reads the policy of `noMoreThan`, with the variables of its statements filled in. A finding says what is wrong with it. */
export async function readReference(
  { source }: Pick<Manifest, "source">,
  { statements, policyFile }: Reference,
  variables: Variables,
): Promise<{ readonly policy: JsonValue } | Finding> {
  const read =
    policyFile === undefined
      ? policyOf(statements ?? [], variables)
      : await policyIn(policyFile, source.startsWith("<") ? "." : dirname(source));
  const field = policyFile === undefined ? "statements" : "policyFile";
  return "policy" in read ? read : invalid(`spec.noMoreThan.${field}`, read.fault);
}

function policyOf(statements: JsonValue, variables: Variables): Read {
  const { account: accountId, partition, region, cluster: clusterId = "", namespace, name = "reference" } = variables;
  const metadata = { name, ...(namespace !== undefined && { namespace }) };
  const spec = { roleName: "reference", statements };
  try {
    const parsed = parseInstanceProfile({ apiVersion: API_VERSION, kind: KIND, metadata, spec });
    if (parsed.oversize !== undefined) return { fault: "the statements are too large for IAM" };
    const place = { accountId, partition, region };
    const filled = fillObject(parsed, { place, clusterId, variables, unknown: "variables" });
    const policy = permissionsDocument(filled.spec.inlinePolicies.flatMap((written) => written.statements));
    const fault = faultIn(policy);
    return fault === undefined ? { policy } : { fault };
  } catch (error) {
    if (!(error instanceof TerminalError)) throw error;
    return { fault: error.message };
  }
}

/** Authors of tests name the file. Never reads a folder, a device or a pipe, which may not end. */
async function policyIn(policyFile: string, folder: string): Promise<Read> {
  if (isAbsolute(policyFile)) return { fault: "must be relative to the file of the test" };
  const file = join(folder, policyFile);
  const info = await stat(file).catch((error: NodeJS.ErrnoException) => fileFault(error));
  if (typeof info === "string") return { fault: `${file} ${info}` };
  if (!info.isFile() || info.size > MAX_POLICY_BYTES) return { fault: `${file} must be a file of at most 1 MiB` };
  try {
    return onlyPolicyOf(file, await readInput([file], async () => "", undefined, true));
  } catch (error) {
    if (!(error instanceof TerminalError)) throw error;
    return { fault: error.reason === "NothingThere" ? `${file} ${ONE_POLICY}` : error.message };
  }
}

function onlyPolicyOf(file: string, { policies, manifests, faults }: ManifestInput): Read {
  const [policy, ...others] = policies;
  if (faults[0] !== undefined) return { fault: `${file}: ${faults[0].message}` };
  if (policy === undefined || others.length + manifests.length > 0) return { fault: `${file} ${ONE_POLICY}` };
  const document = policy.value as unknown as JsonValue;
  const fault = faultIn(document);
  return fault === undefined ? { policy: document } : { fault: `${file}: ${fault}` };
}

const ONE_POLICY = "must have one IAM policy document, with Version and Statement";

/** Why IAM refuses the document; undefined for a valid one. Compared with an invalid policy, every object would be undecided. */
function faultIn(document: JsonValue): string | undefined {
  if (!isJsonObject(document)) return "it is not a JSON object";
  const { Version: version = "2008-10-17" } = document;
  if (version !== "2012-10-17" && version !== "2008-10-17") return "its Version must be 2012-10-17";
  for (const [index, statement] of statementsOf(document).entries()) {
    const [layer] = statementLayers({ use: "permissions", layers: [[{ ...document, Statement: [statement] }]] });
    const fault = statementFault(statement) ?? (layer === undefined ? UNREADABLE : undefined);
    if (fault !== undefined) return `statement ${index + 1}: ${fault}`;
  }
  return undefined;
}

const UNREADABLE = "it has an element, or a condition, that IAM does not accept";

function statementFault(statement: JsonValue): string | undefined {
  if (!isJsonObject(statement)) return "it is not a JSON object";
  if ("Principal" in statement || "NotPrincipal" in statement)
    return "it has a principal. Policies of a role have none.";
  const { unknown } = evaluatePolicies([{ Statement: [statement] }], {
    action: "any:Action",
    resource: "*",
    context: new Map(),
  });
  const unread = unknown.find(({ effect }) => effect === undefined);
  if (unread !== undefined) return unread.reason;
  const faults: Fault[] = [];
  for (const element of ["Action", "NotAction", "Resource", "NotResource"]) {
    const field = element.endsWith("Action") ? actionField : ANY_RESOURCE;
    for (const pattern of [statement[element] ?? []].flat()) field.read(pattern, element, faults);
  }
  const [first] = faults;
  if (first !== undefined) return `${first.path}: ${messageText(first.problem, 400)}`;
  const condition = statement["Condition"];
  return isJsonObject(condition) ? unknownOperators(condition, "Condition")[0]?.message : undefined;
}

const ANY_RESOURCE = resourceField();
