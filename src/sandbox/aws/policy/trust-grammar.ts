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

const elements: ReadonlySet<string> = new Set(["Sid", "Effect", "Action", "NotAction", "Principal", "Condition"]);

/**
 * Checks a trust policy as IAM does, in its words. Trust policies go through another parser than permissions policies, and
 * its messages differ. Whether the principals exist is another question: see principals.ts.
 * @throws AwsFault MalformedPolicyDocument
 */
export function parseTrustPolicy(text: string): JsonObject {
  const document = parseObject(text, "This policy contains invalid Json");
  const version = document["Version"];
  if (version !== undefined && version !== "2012-10-17" && version !== "2008-10-17") {
    throw malformedPolicy("The policy must contain a valid version string");
  }
  const unknown = Object.keys(document).find((element) => !["Version", "Id", "Statement"].includes(element));
  if (unknown !== undefined) {
    throw malformedPolicy(`Unknown field ${unknown}`);
  }
  const statements = document["Statement"] === undefined ? [] : statementsOf(document);
  if (statements === undefined) {
    throw malformedPolicy("Syntax error in policy.");
  }
  if (statements.length === 0) {
    throw malformedPolicy("Could not parse the policy: Statement is empty!");
  }
  for (const statement of statements) {
    checkStatement(statement);
  }
  const sids = statements.map((statement) => statement["Sid"]).filter((sid) => sid !== undefined && sid !== "");
  if (new Set(sids).size < sids.length) {
    throw malformedPolicy("The Statement Ids in the policy are not unique");
  }
  return document;
}

function checkStatement(statement: Statement): void {
  checkEffect(statement["Effect"]);
  checkPrincipalElements(statement);
  checkActions(statement);
  if ("Resource" in statement) {
    throw malformedPolicy("Has prohibited field Resource");
  }
  if ("NotResource" in statement) {
    throw malformedPolicy("AssumeRole policy must not contain resources.");
  }
  const unknown = Object.keys(statement).find((element) => !elements.has(element));
  if (unknown !== undefined) {
    throw malformedPolicy(`Unknown field ${unknown}`);
  }
  checkCondition(statement["Condition"]);
}

function checkEffect(effect: unknown): void {
  if (effect === undefined) {
    throw malformedPolicy("Missing required field Effect");
  }
  if (effect !== "Allow" && effect !== "Deny") {
    throw malformedPolicy(`Invalid effect: ${String(effect)}`);
  }
}

function checkPrincipalElements(statement: Statement): void {
  if ("NotPrincipal" in statement) {
    throw malformedPolicy(
      statement["Effect"] === "Allow"
        ? "Allow with NotPrincipal is not allowed."
        : "AssumeRole policy must not contain NotPrincipal field.",
    );
  }
  const principal = statement["Principal"];
  if (principal === undefined) {
    throw malformedPolicy("Missing required field Principal");
  }
  if (principal === "*") {
    return;
  }
  if (!isObject(principal)) {
    throw malformedPolicy("Invalid principal in policy");
  }
  if (Object.keys(principal).length === 0) {
    throw malformedPolicy("Missing required field Principal cannot be empty!");
  }
}

function checkActions(statement: Statement): void {
  const element = "NotAction" in statement ? "NotAction" : "Action";
  if (("Action" in statement && "NotAction" in statement) || !isFilled(statement, element)) {
    throw malformedPolicy("Missing required field Action");
  }
  const actions = stringList(statement[element]);
  if (actions === undefined) {
    throw malformedPolicy("Syntax error in policy.");
  }
  if (actions.some((action) => !/^sts:[A-Za-z*?]+$/i.test(action))) {
    throw malformedPolicy("AssumeRole policy may only specify STS AssumeRole actions.");
  }
}

function checkCondition(condition: unknown): void {
  if (condition === undefined) {
    return;
  }
  const unknown = unknownOperator(condition);
  if (unknown !== undefined) {
    throw malformedPolicy(`Invalid Condition type : ${unknown}`);
  }
  if (!isConditionShaped(condition)) {
    throw malformedPolicy("Syntax error in policy.");
  }
}
