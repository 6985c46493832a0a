import { parsePolicyText } from "../../model/policy/policy-document.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../model/policy/policy-json.ts";
import { member, memberAt, textOf } from "./json-access.ts";

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
