import { DEEPEST_POLICY, type JsonObject, nestsDeeperThan } from "../model/policy/policy-json.ts";
import { scanJson } from "../model/policy/policy-json-scan.ts";
import { MAX_DOCUMENT_CHARS } from "../model/policy/policy-size.ts";
import { clip, type Fault, type Field, isObject, quote, wrongType } from "./field.ts";

/** The elements of a statement in one of the two uses of a policy, and what is wrong with one. */
interface DocumentUse {
  readonly elements: readonly string[];
  readonly check: (statement: Readonly<Record<string, unknown>>, path: string, faults: Fault[]) => void;
}

/** A policy document of a role: a JSON object, or a text with one. */
export const policyDocumentField: Field<JsonObject> = documentField({
  elements: ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"],
  check(statement, path, faults) {
    exactlyOne(statement, ["Action", "NotAction"], path, faults);
    exactlyOne(statement, ["Resource", "NotResource"], path, faults);
    for (const element of ["Action", "NotAction"]) patterns(statement, element, ACTION, path, faults);
    for (const element of ["Resource", "NotResource"]) patterns(statement, element, RESOURCE, path, faults);
  },
});

/** A trust policy document: a JSON object, or a text with one. */
export const trustDocumentField: Field<JsonObject> = documentField({
  elements: ["Sid", "Effect", "Principal", "Action", "Condition"],
  check(statement, path, faults) {
    patterns(statement, "Action", STS_ACTION, path, faults);
    if (statement["Action"] === undefined) faults.push({ path: `${path}.Action`, problem: "Required value" });
    principals(statement["Principal"], `${path}.Principal`, faults);
  },
});

function documentField(use: DocumentUse): Field<JsonObject> {
  return {
    schema: { preservesUnknown: true },
    read(value, path, faults) {
      const before = faults.length;
      const document = typeof value === "string" ? parsed(value, path, faults) : value;
      if (faults.length > before) return undefined;
      if (!isObject(document)) {
        faults.push(wrongType(document, path, "object"));
        return undefined;
      }
      // JSON, because it came from a manifest or from JSON.parse.
      const json = document as JsonObject;
      if (nestsDeeperThan(DEEPEST_POLICY, json)) {
        faults.push({ path, problem: `Invalid value: it is nested in more than ${DEEPEST_POLICY} levels` });
        return undefined;
      }
      checkDocument(json, use, path, faults);
      return faults.length > before ? undefined : json;
    },
  };
}

/** The document in a text. A key that stands there twice hides its first value from most readers. */
function parsed(text: string, path: string, faults: Fault[]): unknown {
  if (text.length > MAX_DOCUMENT_CHARS) {
    faults.push({ path, problem: `Too long: may not be more than ${MAX_DOCUMENT_CHARS} characters` });
    return undefined;
  }
  try {
    const value: unknown = JSON.parse(text);
    const [twice] = scanJson(text).duplicateKeys;
    if (twice === undefined) return value;
    faults.push({ path, problem: `Invalid value: the key ${quote(twice)} is there twice; keep one of them` });
  } catch {
    faults.push({ path, problem: "Invalid value: the text is not JSON; write the policy document as JSON or as YAML" });
  }
  return undefined;
}

const TOP: readonly string[] = ["Version", "Id", "Statement"];

function checkDocument(document: JsonObject, use: DocumentUse, path: string, faults: Fault[]): void {
  const { Version: version, Id: id, Statement: written } = document;
  unknownKeys(document, TOP, path, faults);
  if (version !== undefined && version !== "2012-10-17" && version !== "2008-10-17") {
    faults.push({
      path: `${path}.Version`,
      problem: 'Unsupported value: supported values: "2012-10-17", "2008-10-17"',
    });
  }
  if (id !== undefined && typeof id !== "string") faults.push(wrongType(id, `${path}.Id`, "string"));
  const statements: readonly unknown[] = Array.isArray(written)
    ? written
    : [written].filter((one) => one !== undefined);
  if (statements.length === 0) faults.push({ path: `${path}.Statement`, problem: "Required value" });
  for (const [index, statement] of statements.entries()) {
    checkStatement(
      statement,
      use,
      Array.isArray(written) ? `${path}.Statement[${index}]` : `${path}.Statement`,
      faults,
    );
  }
  const sids = statements.flatMap((one) => (isObject(one) && one["Sid"] ? [one["Sid"]] : []));
  if (new Set(sids).size < sids.length) {
    const problem = "Invalid value: two statements have the same Sid; write another one or leave it out";
    faults.push({ path: `${path}.Statement`, problem });
  }
}

function checkStatement(statement: unknown, use: DocumentUse, path: string, faults: Fault[]): void {
  if (!isObject(statement)) {
    faults.push(wrongType(statement, path, "object"));
    return;
  }
  const { Sid: sid, Effect: effect, Condition: condition } = statement;
  unknownKeys(statement, use.elements, path, faults);
  if (sid !== undefined && (typeof sid !== "string" || !/^[A-Za-z0-9]*$/.test(sid))) {
    faults.push({ path: `${path}.Sid`, problem: "Invalid value: IAM takes letters and digits only in a Sid" });
  }
  if (effect !== "Allow" && effect !== "Deny") {
    faults.push({ path: `${path}.Effect`, problem: 'Unsupported value: supported values: "Allow", "Deny"' });
  }
  use.check(statement, path, faults);
  if (condition !== undefined) faults.push(...conditionFaults(condition, `${path}.Condition`));
}

function unknownKeys(object: object, known: readonly string[], path: string, faults: Fault[]): void {
  for (const key of Object.keys(object)) {
    if (known.includes(key)) continue;
    const problem = `unknown element ${quote(key)}: write one of ${known.join(", ")}`;
    faults.push({ path: `${path}.${key.slice(0, 64)}`, problem });
  }
}

function exactlyOne(
  statement: Readonly<Record<string, unknown>>,
  [one, other]: readonly [string, string],
  path: string,
  faults: Fault[],
): void {
  if (one in statement !== other in statement) return;
  faults.push({ path, problem: `Invalid value: write exactly one of ${one} and ${other}` });
}

interface Pattern {
  readonly matches: RegExp;
  readonly hint: string;
}

/** What IAM takes, which is more than `statements` do. */
const ACTION: Pattern = {
  matches: /^(\*|[A-Za-z0-9.-]+:[^:]*)$/,
  hint: "write service:Action, as in s3:GetObject or s3:Get*, or * for all",
};
const RESOURCE: Pattern = {
  matches: /^(\*|arn:.*)$/s,
  hint: "write an ARN, as in arn:aws:s3:::my-bucket/*, or * for every resource",
};
const STS_ACTION: Pattern = {
  matches: /^sts:[A-Za-z*?]+$/i,
  hint: "a trust policy takes STS actions only; write them as in sts:AssumeRole",
};

function patterns(
  statement: Readonly<Record<string, unknown>>,
  element: string,
  { matches, hint }: Pattern,
  path: string,
  faults: Fault[],
): void {
  if (!(element in statement)) return;
  const written = statement[element];
  const place = `${path}.${element}`;
  const all: readonly unknown[] = Array.isArray(written) ? written : [written];
  if (all.length === 0) faults.push({ path: place, problem: "Invalid value: write at least one" });
  for (const [index, value] of all.entries()) {
    const here = Array.isArray(written) ? `${place}[${index}]` : place;
    if (typeof value !== "string") faults.push(wrongType(value, here, "string"));
    else if (!matches.test(value)) faults.push({ path: here, problem: `Invalid value: ${quote(value)}: ${hint}` });
    else if (hasControls(value)) faults.push({ path: here, problem: CONTROLS });
  }
}

const PRINCIPALS: readonly string[] = ["AWS", "Service", "Federated", "CanonicalUser"];

function principals(principal: unknown, path: string, faults: Fault[]): void {
  if (principal === "*") return;
  if (!isObject(principal) || Object.keys(principal).length === 0) {
    faults.push({ path, problem: `Invalid value: write "*" or an object with one of ${PRINCIPALS.join(", ")}` });
    return;
  }
  unknownKeys(principal, PRINCIPALS, path, faults);
  for (const [kind, members] of Object.entries(principal)) {
    const isText = [members].flat().every((member) => typeof member === "string");
    if (!isText) faults.push(wrongType(members, `${path}.${kind.slice(0, 64)}`, "string"));
  }
}

/** What is wrong with the Condition of a document, besides operators that IAM does not have: those are for `lint`. */
function conditionFaults(condition: unknown, path: string): readonly Fault[] {
  if (!isObject(condition)) return [wrongType(condition, path, "object")];
  return Object.entries(condition).flatMap(([operator, keys]) => {
    const here = `${path}.${clip(operator)}`;
    if (!isObject(keys)) return [wrongType(keys, here, "object")];
    return Object.entries(keys).flatMap(([key, values]): readonly Fault[] => {
      const place = `${here}.${clip(key)}`;
      const all: readonly unknown[] = [values].flat();
      if (!all.every(isScalar)) return [wrongType(values, place, "string")];
      // JSON has no such number: what is read from 1e400 would be written as null.
      if (!all.every((value) => typeof value !== "number" || Number.isFinite(value))) {
        return [{ path: place, problem: "Invalid value: the number is too large; write it in quotes" }];
      }
      return all.some(hasControls) || hasControls(key) ? [{ path: place, problem: CONTROLS }] : [];
    });
  });
}

const CONTROLS = "Invalid value: IAM takes no control characters other than tabs and line ends";

function hasControls(value: unknown): boolean {
  return typeof value === "string" && /[^\t\n\r\P{Cc}]/u.test(value);
}

function isScalar(value: unknown): boolean {
  return ["string", "number", "boolean"].includes(typeof value);
}
