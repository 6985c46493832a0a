import { basename } from "node:path";
import { policyDocumentField, trustDocumentField } from "../../api/document-fields.ts";
import type { Fault, Field } from "../../api/field.ts";
import { convertPolicies, type ForeignPolicy, foreignPolicyIn } from "../../engine/import/import-profile.ts";
import { TerminalError } from "../../errors.ts";
import { isTrustPolicy } from "../access/policy-input.ts";
import type { Command } from "../command.ts";
import { readDocuments } from "../import/read-documents.ts";
import { type CommandIo, EXIT, UsageError } from "../io.ts";
import { exportText, objectNames } from "../manifests/export-text.ts";
import { type GivenOptions, namespaceOf } from "../options.ts";

/** Writes IAM policy documents as a manifest. */
export const convertCommand: Command = {
  description: [
    "Writes IAM policy documents (JSON) as a manifest of a role with these inline policies, with the same meaning to IAM. Takes a",
    "document, or what aws iam get-role-policy, get-policy-version or get-role prints. Needs no cluster and no AWS account.",
    "Exit status: 0 converted, 1 error.",
  ].join("\n"),
  options: {
    filename: {
      type: "string",
      multiple: true,
      short: "f",
      value: "FILE|DIR|PATTERN|-",
      help: "policy documents, one inline policy each; repeatable; default: standard input",
    },
    trust: {
      type: "string",
      value: "FILE|-",
      isInput: true,
      help: "the trust policy; default: EC2 can assume the role",
    },
    name: { type: "string", value: "NAME", help: "metadata.name; default: from the name of the first file" },
    namespace: { type: "string", short: "n", value: "NAME", help: "metadata.namespace" },
    "role-name": { type: "string", value: "NAME", help: "spec.roleName; default: metadata.name" },
    "policy-name": {
      type: "string",
      multiple: true,
      value: "NAME",
      help: "the name of an inline policy, in the order of the documents; default: from its file; repeatable",
    },
    "managed-policy-arn": {
      type: "string",
      multiple: true,
      value: "ARN",
      help: "a managed policy to attach; repeatable",
    },
  },
  run: convert,
};

async function convert(given: GivenOptions, io: CommandIo): Promise<number> {
  const managedPolicyArns = given.list("managed-policy-arn");
  const trustPath = given.text("trust");
  const paths = given.list("filename");
  const needsInput = paths.length === 0 && managedPolicyArns.length === 0;
  const inputs = needsInput ? ["-"] : paths;
  if (trustPath === "-" && inputs.includes("-")) throw new UsageError("-f and --trust cannot both read standard input");
  const policies = await readPolicies(inputs, io);
  const trust = trustPath === undefined ? undefined : (await readTrust(trustPath, io)).document;
  const name = given.text("name") ?? nameOf(given.text("role-name") ?? policies.find(({ file }) => file)?.file);
  const roleName = given.text("role-name") ?? name;
  const namespace = namespaceOf("namespace", given.text("namespace"));
  const exported = convertPolicies(
    { roleName, policies: named(policies, given.list("policy-name"), roleName), trust, managedPolicyArns },
    { name, namespace },
  );
  const sources = policies.map(({ source }) => shown(source));
  io.out(exportText(sources.join(", ") || "options", exported, "Converted"));
  return exported.kind === "whole" ? EXIT.ok : EXIT.error;
}

interface ReadPolicy extends ForeignPolicy {
  readonly source: string;
  /** The file's name without folder and ending; undefined for standard input. */
  readonly file: string | undefined;
}

async function readPolicies(paths: readonly string[], io: CommandIo): Promise<readonly ReadPolicy[]> {
  const policies: ReadPolicy[] = [];
  const documents = await readDocuments(paths, io);
  // A role without a policy would look converted.
  if (documents.length === 0 && paths.length > 0)
    throw notPolicy(`${paths.map(shown).join(", ")} has no policy document`);
  for (const { source, value } of documents) {
    const policy = foreignPolicyIn(value);
    if (policy === undefined) throw notPolicy(`${shown(source)} is not an IAM policy document: it has no Statement`);
    if (isTrustPolicy(policy.document)) {
      throw notPolicy(`${shown(source)} is a trust policy, because it has principals. Pass it with --trust.`);
    }
    requireValid(policyDocumentField, policy, source);
    policies.push({ ...policy, source, file: source === "-" ? undefined : basename(source).replace(/\.\w+$/, "") });
  }
  return policies;
}

async function readTrust(path: string, io: CommandIo): Promise<ForeignPolicy> {
  const [first, ...others] = await readDocuments([path], io);
  const policy = first === undefined || others.length > 0 ? undefined : foreignPolicyIn(first.value);
  if (policy === undefined || !isTrustPolicy(policy.document)) {
    throw notPolicy(`${shown(path)} is not a trust policy. Write one document, whose statements have a Principal.`);
  }
  requireValid(trustDocumentField, policy, path);
  return policy;
}

/** A manifest without a policy that IAM refuses would look converted. */
function requireValid(field: Field<unknown>, { document }: ForeignPolicy, source: string): void {
  const faults: Fault[] = [];
  field.read(document, "document", faults);
  if (faults.length === 0) return;
  const found = faults.map(({ path, problem }) => `${path.replace(/^document\.?/, "") || "the document"}: ${problem}`);
  throw notPolicy(`IAM does not accept ${shown(source)}: ${found.join("; ")}`);
}

function notPolicy(message: string): TerminalError {
  return new TerminalError(message, { reason: "NotPolicy" });
}

function shown(source: string): string {
  return source === "-" ? "standard input" : source;
}

/** Errors: UsageError when nothing gives a name. */
function nameOf(file: string | undefined): string {
  if (file === undefined) throw new UsageError("the object needs a name; set --name");
  return objectNames()(file);
}

/** Gives each policy its name: of an option, of its source, of its file; a single one without a name that of the role. */
function named(
  policies: readonly ReadPolicy[],
  names: readonly string[],
  roleName: string,
): readonly (ForeignPolicy & { readonly name: string })[] {
  if (names.length > policies.length) {
    throw new UsageError(`--policy-name is given ${names.length} times, and there are ${policies.length} policies`);
  }
  const found = policies.map(({ name, file, document }, index) => {
    const ofFile = policies.length === 1 ? roleName : file;
    return { document, name: names[index] ?? name ?? ofFile ?? `${roleName}-${index + 1}` };
  });
  const repeated = found.find(({ name }, index) => found.some((other, at) => at < index && other.name === name));
  if (repeated !== undefined)
    throw new UsageError(`two policies are named ${repeated.name}; set --policy-name for each`);
  return found;
}
