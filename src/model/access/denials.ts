import { statementsOf } from "../policy/policy-canonical.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../policy/policy-json.ts";
import type { Access } from "./access.ts";

/** The access without its Deny statements. */
export function withoutDenials(access: Access): Access {
  return mapStatements(access, (statement) => (statement["Effect"] === "Deny" ? [] : [statement]));
}

/** What an access denies, as an access that allows it. What is neither Allow nor Deny stays, so that it cannot be read. */
export function denialsAsAllowed(access: Access): Access {
  return mapStatements(access, (statement) => {
    const { Effect: effect } = statement;
    if (effect === "Allow") return [];
    return [effect === "Deny" ? { ...statement, Effect: "Allow" } : statement];
  });
}

function mapStatements(access: Access, convert: (statement: JsonObject) => readonly JsonObject[]): Access {
  const converted = (document: JsonValue): JsonValue => {
    if (!isJsonObject(document)) return document;
    const statements = statementsOf(document).flatMap((statement): readonly JsonValue[] =>
      isJsonObject(statement) ? convert(statement) : [statement],
    );
    return { ...document, Statement: statements };
  };
  return { use: access.use, layers: access.layers.map((documents) => documents.map(converted)) };
}
