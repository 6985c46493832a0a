import type { RequestContext } from "../../../src/model/access/access-request.ts";
import { type Atom, atomHolds, operatorParts } from "./plain-conditions.ts";
import type { PlainStatement } from "./plain-iam.ts";
import { hasVariable, variablesIn } from "./plain-patterns.ts";
import { resourcesFor, subsets, valuesFor } from "./request-values.ts";

/** More contexts than these are not tried; the pairs are small enough to stay below. */
const MAX_CONTEXTS = 6_000;
const VARIABLE_VALUES = ["a", "b", "ab", "*", "a:b", "A", "a/b", ""];

/** The contexts that tell the statements' conditions apart, and the resources that tell their resources apart in each. */
export interface RequestSpace {
  readonly contexts: readonly RequestContext[];
  /** The resources to try in a context. */
  readonly resourcesIn: (context: RequestContext) => readonly string[];
  /** Equal for contexts that give every variable the same value. */
  readonly variablesKey: (context: RequestContext) => string;
}

export function requestSpace(statements: readonly PlainStatement[]): RequestSpace {
  const atoms = statements.flatMap((statement) => statement.atoms);
  const variableKeys = variableKeysOf(statements);
  const keys = [...new Set([...atoms.map(({ key }) => key), ...variableKeys])];
  const choices = keys.map((key) => choicesFor(key, atoms, variableKeys));
  const patterns = statements.flatMap(({ resource }) => resource?.patterns ?? []);
  const variablesKey = (context: RequestContext): string =>
    variableKeys.map((key) => JSON.stringify(context.get(key) ?? null)).join();
  const known = new Map<string, readonly string[]>();
  return {
    contexts: contextsOf(keys, choices),
    variablesKey,
    resourcesIn(context) {
      const key = variablesKey(context);
      const resources = known.get(key) ?? resourcesFor(patterns.map((pattern) => filled(pattern, context)));
      known.set(key, resources);
      return resources;
    },
  };
}

function variableKeysOf(statements: readonly PlainStatement[]): readonly string[] {
  const texts = statements
    .filter(({ hasVariables }) => hasVariables)
    .flatMap(({ resource, atoms }) => [...(resource?.patterns ?? []), ...atoms.flatMap(({ values }) => values)]);
  return [...new Set(texts.flatMap((text) => variablesIn(text).map(({ key }) => key)))];
}

/** The pattern with a text for each variable: what a resource looks like that it may match. */
function filled(pattern: string, context: RequestContext): string {
  return variablesIn(pattern).reduce(
    (text, { key, fallback }) => text.replace(/\$\{[^*?$][^}]*\}/, () => context.get(key)?.[0] ?? fallback ?? "a"),
    pattern.replace(/\$\{([*?$])\}/g, "$1"),
  );
}

/** What a key can be: absent, or values of which each makes another combination of the conditions true. */
function choicesFor(
  key: string,
  atoms: readonly Atom[],
  variableKeys: readonly string[],
): readonly (readonly string[])[] {
  const own = atoms.filter((atom) => atom.key === key);
  const compares = own.filter(({ operator }) => operator.toLowerCase() !== "null");
  const isSet = compares.length > 0 && compares.every(({ operator }) => operatorParts(operator).set !== undefined);
  if (variableKeys.includes(key)) {
    const singles = [...VARIABLE_VALUES, ...own.flatMap(({ values }) => values)].map((value) => [value]);
    return [[], ...singles, ...(isSet ? [["a", "b"]] : [])];
  }
  const depends = own.some(({ values }) => values.some(hasVariable));
  if (depends)
    return [[], ...[...VARIABLE_VALUES, "aa", "bb", "zz"].map((value) => [value]), ...(isSet ? [["a", "b"]] : [])];
  const told = (values: readonly string[]): string =>
    own.map((atom) => (atomHolds(atom, new Map([[key, values]]), false) ? 1 : 0)).join("");
  const singles = distinct(
    valuesFor(own).map((value) => [value]),
    (value) => [told(value), perValue(own, key, value)].join(),
  );
  if (!isSet) return distinct([[], ...singles], told);
  return distinct(
    [
      [],
      ...subsets(
        singles.map(([value = ""]) => value),
        singles.length > 12 ? 2 : 4,
      ),
    ],
    told,
  );
}

/** Which values of the policies a value is equal to, under every operator: what sets of values are made of. */
function perValue(atoms: readonly Atom[], key: string, value: readonly string[]): string {
  const context = new Map([[key, value]]);
  return atoms
    .flatMap(({ operator, values }) =>
      values.map((wanted) => atomHolds({ operator, key, values: [wanted] }, context, false)),
    )
    .map(Number)
    .join("");
}

function distinct<T>(list: readonly T[], told: (item: T) => string): readonly T[] {
  const seen = new Map<string, T>();
  for (const item of list) {
    const key = told(item);
    if (!seen.has(key)) seen.set(key, item);
  }
  return [...seen.values()];
}

function contextsOf(
  keys: readonly string[],
  choices: readonly (readonly (readonly string[])[])[],
): readonly RequestContext[] {
  let contexts: readonly (readonly (readonly [string, readonly string[]])[])[] = [[]];
  keys.forEach((key, index) => {
    const values = choices[index] ?? [];
    contexts = contexts
      .flatMap((context) => values.map((value) => (value.length === 0 ? context : [...context, [key, value] as const])))
      .slice(0, MAX_CONTEXTS);
  });
  return contexts.map((entries) => new Map(entries));
}
