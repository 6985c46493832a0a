import { isJsonObject, type JsonObject, type JsonValue, listOf } from "../../model/policy/policy-json.ts";

const NONE: JsonObject = {};

/** The member of an object by its own key; undefined also for what is no object. Keys of a foreign file can be names of the prototype. */
export function member(value: JsonValue | undefined, key: string): JsonValue | undefined {
  return isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** The member at the end of a path of own keys. */
export function memberAt(value: JsonValue | undefined, ...path: readonly string[]): JsonValue | undefined {
  return path.reduce(member, value);
}

/** The value if it is an object; else an empty one. */
export function objectOr(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : NONE;
}

/** The value if it is a text that says something. */
export function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The texts of a list. */
export function textsOf(value: JsonValue | undefined): readonly string[] {
  return listOf(value).flatMap((item) => textOf(item) ?? []);
}

/** The pairs of a map of texts, such as tags. */
export function textMapOf(value: JsonValue | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(objectOr(value)).filter((pair): pair is [string, string] => typeof pair[1] === "string"),
  );
}

/** The documents of inline policies by name, from the blocks of a role in Terraform, which Crossplane's provider has too. */
export function inlineBlocks(value: JsonValue | undefined): Readonly<Record<string, string>> {
  const named = listOf(value).flatMap((block) => {
    const [name, policy] = [textOf(member(block, "name")), textOf(member(block, "policy"))];
    return name === undefined || policy === undefined ? [] : [[name, policy] as const];
  });
  return Object.fromEntries(named);
}
