import {
  isObject,
  type JsonObject,
  type Statement,
  statementsOf,
  stringList,
} from "../../../model/access/evaluate/document.ts";
import { malformedPolicy } from "../fault.ts";
import { isConditionShaped, unknownOperator } from "./conditions.ts";
import { isFilled, parseObject } from "./document.ts";
import { resourceComplaint } from "./resource-arn.ts";

const syntaxErrors = "Syntax errors in policy.";
const legacyParsing = "The policy failed legacy parsing";

const topElements: ReadonlySet<string> = new Set(["Version", "Id", "Statement"]);
const statementElements: ReadonlySet<string> = new Set([
  "Sid",
  "Effect",
  "Action",
  "NotAction",
  "Resource",
  "NotResource",
  "Principal",
  "NotPrincipal",
  "Condition",
]);

/** What the check needs beside the document. */
export interface IdentityPolicyContext {
  readonly partition: string;
  /** Managed policies must say `"Version": "2012-10-17"`; inline ones need not. */
  readonly requiresCurrentVersion: boolean;
}

/**
 * Checks a permissions policy (inline, managed) as IAM does on every write, in IAM's order and words. Nothing is checked
 * against catalogues of services or actions: IAM takes an action that nobody offers.
 * @throws AwsFault MalformedPolicyDocument
 */
export function checkIdentityPolicy(text: string, context: IdentityPolicyContext): void {
  const document = parseObject(text, syntaxErrors);
  const statements = checkSyntax(document);
  if (context.requiresCurrentVersion && document["Version"] !== "2012-10-17") {
    throw malformedPolicy("Policy document must be version 2012-10-17 or greater.");
  }
  if (statements.some((statement) => statement["Effect"] !== "Allow" && statement["Effect"] !== "Deny")) {
    throw malformedPolicy(legacyParsing);
  }
  checkSids(statements);
  for (const statement of statements) {
    checkPresence(statement);
  }
  for (const statement of statements) {
    checkResources(statement, context.partition);
  }
  for (const statement of statements) {
    checkActions(statement);
  }
}

function checkSyntax(document: JsonObject): readonly Statement[] {
  const statements = statementsOf(document);
  const version = document["Version"];
  const fits =
    Object.keys(document).every((element) => topElements.has(element)) &&
    (version === undefined || version === "2012-10-17" || version === "2008-10-17") &&
    (document["Id"] === undefined || typeof document["Id"] === "string") &&
    statements !== undefined &&
    statements.length > 0 &&
    statements.every(isStatementShaped);
  if (!fits) {
    throw malformedPolicy(syntaxErrors);
  }
  return statements;
}

function isStatementShaped(statement: Statement): boolean {
  const effect = statement["Effect"];
  return (
    Object.keys(statement).every((element) => statementElements.has(element)) &&
    !("Action" in statement && "NotAction" in statement) &&
    !("Resource" in statement && "NotResource" in statement) &&
    typeof effect === "string" &&
    /^(allow|deny)$/i.test(effect) &&
    ["Action", "NotAction", "Resource", "NotResource"].every(
      (element) => !(element in statement) || stringList(statement[element]) !== undefined,
    ) &&
    (statement["Sid"] === undefined || typeof statement["Sid"] === "string") &&
    hasValidCondition(statement["Condition"])
  );
}

function hasValidCondition(condition: unknown): boolean {
  return condition === undefined || (isConditionShaped(condition) && unknownOperator(condition) === undefined);
}

function checkSids(statements: readonly Statement[]): void {
  const sids = statements.map((statement) => statement["Sid"]).filter((sid) => typeof sid === "string" && sid !== "");
  if (sids.some((sid) => !/^[0-9A-Za-z]*$/.test(String(sid)))) {
    throw malformedPolicy(
      "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*",
    );
  }
  if (new Set(sids).size < sids.length) {
    throw malformedPolicy("Statement IDs (SID) in a single policy must be unique.");
  }
}

function checkPresence(statement: Statement): void {
  if (isObject(statement["Principal"]) || isFilled(statement, "Principal") || isFilled(statement, "NotPrincipal")) {
    throw malformedPolicy("Policy document should not specify a principal.");
  }
  if (!isFilled(statement, "Action") && !isFilled(statement, "NotAction")) {
    throw malformedPolicy("Policy statement must contain actions.");
  }
  if (!isFilled(statement, "Resource") && !isFilled(statement, "NotResource")) {
    throw malformedPolicy("Policy statement must contain resources.");
  }
}

function checkResources(statement: Statement, partition: string): void {
  const resources = [...valuesOf(statement, "Resource"), ...valuesOf(statement, "NotResource")];
  const complaints = resources.map((resource) => resourceComplaint(resource, partition));
  const first = complaints.find((complaint) => complaint !== undefined);
  if (first !== undefined) {
    throw malformedPolicy(first);
  }
}

function checkActions(statement: Statement): void {
  for (const action of [...valuesOf(statement, "Action"), ...valuesOf(statement, "NotAction")]) {
    const parts = action.split(":");
    const vendor = parts[0] ?? "";
    if (parts.length === 1 && action !== "*") {
      throw malformedPolicy("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
    }
    if (parts.length > 2) {
      throw malformedPolicy("Actions/Condition can contain only one colon.");
    }
    if (action !== "*" && !/^[a-zA-Z0-9\-.]+$/.test(vendor)) {
      throw malformedPolicy(`Vendor ${vendor} is not valid`);
    }
  }
}

function valuesOf(statement: Statement, element: string): readonly string[] {
  return element in statement ? (stringList(statement[element]) ?? []) : [];
}
