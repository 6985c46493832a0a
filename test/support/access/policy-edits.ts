import type { JsonValue } from "../../../src/model/policy/policy-json.ts";
import { type Random, seededRandom } from "../../../src/sandbox/aws/random.ts";
import { pick } from "./random-texts.ts";

/** A policy that people wrote, with one element changed. */
export interface Edit {
  readonly name: string;
  readonly document: JsonValue;
  /** What the edit can do to the policy. `neutral`: nothing. */
  readonly effect: "narrower" | "wider" | "neutral";
}

interface Statement {
  [element: string]: unknown;
}

interface Document {
  Version?: string;
  Statement: Statement[];
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : value === undefined ? [] : [value]);

/** A copy in which statements, actions and resources are lists. */
function copyOf(document: JsonValue): Document {
  const copy = structuredClone(document) as unknown as Document;
  copy.Statement = listOf(copy.Statement) as Statement[];
  for (const statement of copy.Statement) {
    for (const element of ["Action", "NotAction", "Resource", "NotResource"]) {
      if (statement[element] !== undefined) statement[element] = listOf(statement[element]);
    }
  }
  return copy;
}

/** Changes a document in place; false when it has no place for the edit. */
type Change = (document: Document, random: Random) => boolean;

function onAllow(change: (statement: Statement, random: Random, document: Document) => boolean): Change {
  return (document, random) => {
    const statements = document.Statement.filter(({ Effect }) => Effect === "Allow");
    return statements.length > 0 && change(pick(random, statements), random, document);
  };
}

const dropAction = onAllow((statement, random) => {
  const actions = listOf(statement["Action"]);
  if (actions.length < 2) return false;
  actions.splice(random.integer(0, actions.length - 1), 1);
  return true;
});

const dropStatement = onAllow((statement, _random, document) => {
  if (document.Statement.length < 2) return false;
  document.Statement.splice(document.Statement.indexOf(statement), 1);
  return true;
});

const denyAction = onAllow((statement, random, document) => {
  const actions = listOf(statement["Action"]);
  if (actions.length === 0) return false;
  const { Principal: principal } = statement;
  const where = principal === undefined ? { Resource: "*" } : { Principal: principal };
  document.Statement.push({ Effect: "Deny", Action: pick(random, actions), ...where });
  return true;
});

const addCondition = onAllow((statement) => {
  if (JSON.stringify(statement["Condition"] ?? {}).includes("aws:RequestedRegion")) return false;
  const condition = (statement["Condition"] ?? {}) as Record<string, Record<string, unknown>>;
  const keys = { ...condition["StringEquals"], "aws:RequestedRegion": "eu-west-1" };
  statement["Condition"] = { ...condition, StringEquals: keys };
  return true;
});

const widenResource = onAllow((statement, random) => {
  const resources = listOf(statement["Resource"]);
  const index = random.integer(0, Math.max(0, resources.length - 1));
  const text = resources[index];
  if (typeof text !== "string" || !/^(?:arn:(?:[^:]*:){4}).*[^*}]$/.test(text)) return false;
  resources[index] = `${text}*`;
  return true;
});

const allowAnotherAction = onAllow((statement) => {
  const actions = listOf(statement["Action"]);
  if (actions.length > 0) actions.push("zz:DoSomethingNew");
  return actions.length > 0;
});

const writeDifferently: Change = (document, random) => {
  document.Statement = random.shuffled(document.Statement).flatMap((statement) => {
    const actions = statement["Action"] as string[] | undefined;
    if (actions === undefined || actions.length < 2) return [statement];
    const { Sid: _sid, ...rest } = statement;
    const upper = actions.map((action) => action.toUpperCase());
    return [
      { ...rest, Action: upper.slice(0, 1) },
      { ...rest, Action: upper.slice(1).reverse() },
    ];
  });
  return true;
};

const changeVersion: Change = (document) => {
  if (JSON.stringify(document).includes("${")) return false;
  if (document.Version === undefined) document.Version = "2012-10-17";
  else delete document.Version;
  return true;
};

const CHANGES: readonly { readonly name: string; readonly effect: Edit["effect"]; readonly change: Change }[] = [
  { name: "drop an action", effect: "narrower", change: dropAction },
  { name: "drop a statement", effect: "narrower", change: dropStatement },
  { name: "deny an action", effect: "narrower", change: denyAction },
  { name: "add a condition", effect: "narrower", change: addCondition },
  { name: "widen a resource", effect: "wider", change: widenResource },
  { name: "allow another action", effect: "wider", change: allowAnotherAction },
  { name: "write it differently", effect: "neutral", change: writeDifferently },
  { name: "change the Version", effect: "neutral", change: changeVersion },
];

/** Each kind of edit that the document has a place for. */
export function editsOf(document: JsonValue, seed: number): readonly Edit[] {
  return CHANGES.flatMap(({ name, effect, change }, index) => {
    const copy = copyOf(document);
    const isChanged = change(copy, seededRandom(seed * 31 + index));
    return isChanged ? [{ name, effect, document: copy as unknown as JsonValue }] : [];
  });
}
