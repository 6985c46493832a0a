import { parsePolicyText } from "../../model/policy/policy-document.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../model/policy/policy-json.ts";
import type { ExportNames, ExportNote } from "../../plan/exported-manifest.ts";
import { type ExportedProfile, exportProfile } from "../offline/export-profile.ts";
import { profileOf, roleOf } from "./declared.ts";
import type { JoinedProfile } from "./join-declarations.ts";
import { member, memberAt, textOf } from "./json-access.ts";

/** An instance profile of another tool as a manifest. A role whose name the input does not have is created under a derived name. */
export function importProfile(joined: JoinedProfile, names: ExportNames): ExportedProfile {
  const { declared, isRoleExternal, isRoleNew } = joined;
  const exported = exportProfile(
    joined,
    { ...names, hasVariables: declared.usesVariables === true },
    { isRoleExternal },
  );
  if (exported.kind === "none") return exported;
  const spec = { ...(exported.manifest["spec"] as Readonly<Record<string, unknown>>) };
  if (isRoleNew) {
    delete spec["roleName"];
    delete spec["adoptionPolicy"];
  }
  if (declared.isNameGenerated) delete spec["instanceProfileName"];
  const literal = declared.usesVariables ? documentsIn(spec).filter((document) => VARIABLE.test(document)) : [];
  const isNew = isRoleNew || declared.isNameGenerated;
  const notes = [...exported.notes, ...joined.notes, ...(isNew ? [generatedNote(joined)] : [])];
  const whole = { ...exported, manifest: { ...exported.manifest, spec }, notes };
  return literal.length === 0 ? whole : { ...whole, kind: "partial", why: [NO_VARIABLES] };
}

const VARIABLE = /\{(?:account|region|partition)\}/;

const NO_VARIABLES =
  "a policy that only a document can express has variables, which documents do not have; pass --parameter AWS::AccountId=…, " +
  "AWS::Region=… and AWS::Partition=… as it needs";

/** The policies of a spec that are written as documents, as text. */
function documentsIn(spec: Readonly<Record<string, unknown>>): readonly string[] {
  const policies = [spec["trust"], spec["inlinePolicies"], spec["managedPolicies"]].flat();
  return policies.flatMap(
    (policy) => JSON.stringify((policy as { readonly document?: unknown } | undefined)?.document) ?? [],
  );
}

function generatedNote({ declared, addresses, isRoleNew }: JoinedProfile): ExportNote {
  const generated = [
    ...(isRoleNew ? addresses.slice(1, 2) : []),
    ...(declared.isNameGenerated ? [declared.address] : []),
  ];
  const ids = generated.map((address) => address.split(" ")[0] ?? "");
  const options = ids.map((id) => `--parameter ${id}=NAME`).join(" ");
  return {
    text: `the names of ${ids.join(" and ")}, which CloudFormation generates; to adopt what exists, export the stack or pass ${options}`,
  };
}

/** Policies for a role that need not exist. */
interface PoliciesToConvert {
  readonly roleName: string;
  readonly policies: readonly { readonly name: string; readonly document: JsonValue }[];
  /** Undefined: EC2 can assume the role. */
  readonly trust: JsonValue | undefined;
  readonly managedPolicyArns: readonly string[];
}

const EC2_TRUST: JsonValue = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" }],
};

/** The manifest of a role with these policies. It adopts nothing. Pure. */
export function convertPolicies(
  { roleName, policies, trust, managedPolicyArns }: PoliciesToConvert,
  names: ExportNames,
): ExportedProfile {
  const documents = policies.map(({ name, document }) => [name, JSON.stringify(document)] as const);
  const role = roleOf({
    roleName,
    trustPolicy: JSON.stringify(trust ?? EC2_TRUST),
    inlinePolicyDocuments: Object.fromEntries(documents),
    managedPolicyArns: [...new Set(managedPolicyArns)].sort(),
  });
  const instanceProfile = profileOf({ instanceProfileName: roleName, roleName });
  const exported = exportProfile({ instanceProfile, role }, names);
  return exported.kind === "none" ? exported : { ...exported, manifest: withoutAdoption(exported.manifest) };
}

/** A manifest that creates what an exported one adopts. */
function withoutAdoption(manifest: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { adoptionPolicy: _, ...spec } = manifest["spec"] as Readonly<Record<string, unknown>>;
  return { ...manifest, spec };
}

/** A policy document, with the name that its source gives it. */
export interface ForeignPolicy {
  readonly name: string | undefined;
  readonly document: JsonObject;
}

/** Where AWS CLI commands print a document: `get-role-policy`, `get-policy-version`, `get-role`. */
const ENVELOPES: readonly (readonly string[])[] = [
  [],
  ["PolicyDocument"],
  ["PolicyVersion", "Document"],
  ["Role", "AssumeRolePolicyDocument"],
];

/** The policy document in a JSON value: the value itself, or what a command of the AWS CLI printed. Undefined: there is none. */
export function foreignPolicyIn(value: JsonValue): ForeignPolicy | undefined {
  for (const path of ENVELOPES) {
    const found = memberAt(value, ...path);
    const document = typeof found === "string" ? parsePolicyText(found) : found;
    if (isJsonObject(document) && Object.hasOwn(document, "Statement")) {
      return { name: textOf(member(value, "PolicyName")), document };
    }
  }
  return undefined;
}
