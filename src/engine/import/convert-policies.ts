import { parsePolicyText } from "../../model/policy/policy-document.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../model/policy/policy-json.ts";
import type { ExportNames } from "../../plan/exported-manifest.ts";
import { type ExportedProfile, exportProfile } from "../offline/export-profile.ts";
import { profileOf, roleOf } from "./declared.ts";
import { member, memberAt, textOf } from "./json-access.ts";

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
