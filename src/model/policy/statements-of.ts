import type { PolicyConditions, Principals, Trust, TrustStatement } from "../../api/instance-profile.ts";
import { statementsOf } from "./policy-canonical.ts";
import { isJsonObject, type JsonObject, type JsonValue, listOf } from "./policy-json.ts";

/** A statement as a manifest has it. */
export type ManifestStatement = Readonly<Record<string, unknown>>;

const PERMISSION_ELEMENTS: Readonly<Record<string, string>> = {
  Sid: "sid",
  Effect: "effect",
  Action: "actions",
  NotAction: "notActions",
  Resource: "resources",
  NotResource: "notResources",
  Condition: "conditions",
};
const TRUST_ELEMENTS: Readonly<Record<string, string>> = {
  Sid: "sid",
  Effect: "effect",
  Action: "actions",
  Principal: "principals",
  Condition: "conditions",
};
const PRINCIPALS: Readonly<Record<string, keyof Principals>> = {
  AWS: "aws",
  Service: "services",
  Federated: "federated",
  CanonicalUser: "canonicalUsers",
};

/**
 * The `statements` of a manifest for a permissions document; undefined when a manifest cannot express it. Version and unknown elements are
 * ignored, so the caller must verify the result with `buildPolicy`.
 */
export function statementsFrom(document: JsonValue | undefined): readonly ManifestStatement[] | undefined {
  if (!isJsonObject(document)) return undefined;
  return allOrNothing(statementsOf(document).map((statement) => written(statement, PERMISSION_ELEMENTS)));
}

/** The `trust` of a manifest for a trust policy, with the same limits. */
export function trustFrom(document: JsonValue | undefined): Trust | undefined {
  if (!isJsonObject(document)) return undefined;
  const all = allOrNothing(statementsOf(document).map((statement) => written(statement, TRUST_ELEMENTS)));
  if (all === undefined) return undefined;
  const first = all.findIndex(trustsServicesAlone);
  const principals = all[first]?.["principals"] as Principals | undefined;
  return {
    services: principals?.services ?? [],
    statements: all.filter((_, index) => index !== first) as unknown as readonly TrustStatement[],
  };
}

/** The statement that `trust.services` stands for. */
function trustsServicesAlone(statement: ManifestStatement): boolean {
  const { effect, actions, principals, ...others } = statement;
  const isAssumption = Array.isArray(actions) && actions.join().toLowerCase() === "sts:assumerole";
  return effect === "Allow" && isAssumption && Object.keys(others).length === 0 && isServicesAlone(principals);
}

function isServicesAlone(principals: unknown): boolean {
  return Object.keys(principals as Principals).join() === "services";
}

/** Its fields in the order in which people write them: IAM and other tools have another. */
function written(statement: JsonValue, elements: Readonly<Record<string, string>>): ManifestStatement | undefined {
  if (!isJsonObject(statement)) return undefined;
  const order = Object.keys(elements);
  const fields = Object.entries(statement)
    .sort(([one], [other]) => order.indexOf(one) - order.indexOf(other))
    .map(([element, value]) => fieldOf(element, value, elements));
  return fields.includes(undefined) ? undefined : Object.fromEntries((fields as (readonly Field[])[]).flat());
}

type Field = readonly [string, unknown];

/** Nothing for an element that says nothing; undefined for one that cannot be written. */
function fieldOf(
  element: string,
  value: JsonValue,
  elements: Readonly<Record<string, string>>,
): readonly Field[] | undefined {
  const name = elements[element];
  if (name === undefined) return undefined;
  switch (name) {
    case "sid":
      return value === "" ? [] : [[name, value]];
    case "effect":
      return [[name, value]];
    case "principals":
      return one(name, principalsFrom(value));
    case "conditions":
      return isJsonObject(value) && Object.keys(value).length === 0 ? [] : one(name, conditionsFrom(value));
    default:
      return [[name, listOf(value)]];
  }
}

function one(name: string, value: unknown): readonly Field[] | undefined {
  return value === undefined ? undefined : [[name, value]];
}

function principalsFrom(value: JsonValue): Principals | undefined {
  if (value === "*") return { aws: ["*"] };
  if (!isJsonObject(value)) return undefined;
  const entries = Object.entries(value).map(([kind, members]) => [PRINCIPALS[kind], listOf(members)] as const);
  return entries.some(([kind]) => kind === undefined) ? undefined : (Object.fromEntries(entries) as Principals);
}

function conditionsFrom(value: JsonValue): PolicyConditions | undefined {
  if (!isJsonObject(value) || !Object.values(value).every(isJsonObject)) return undefined;
  const operators = Object.entries(value as Readonly<Record<string, JsonObject>>);
  return Object.fromEntries(
    operators.map(([operator, keys]) => [
      operator,
      Object.fromEntries(Object.entries(keys).map(([key, values]) => [key, listOf(values).map(String)])),
    ]),
  );
}

function allOrNothing<T>(items: readonly (T | undefined)[]): readonly T[] | undefined {
  return items.includes(undefined) ? undefined : (items as readonly T[]);
}
