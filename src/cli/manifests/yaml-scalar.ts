import {
  binaryTag,
  boolCoreTag,
  boolYaml11Tag,
  floatCoreTag,
  floatYaml11Tag,
  getScalarValue,
  intCoreTag,
  intYaml11Tag,
  NOT_RESOLVED,
  nullCoreTag,
  nullYaml11Tag,
  SCALAR_STYLE,
  type ScalarEvent,
  type ScalarTagDefinition,
} from "js-yaml";

/** Types of a scalar without a tag, by the YAML version of the document. Other scalars are text. */
const IMPLICIT: Readonly<Record<string, readonly ScalarTagDefinition[]>> = {
  "1.1": [nullYaml11Tag, boolYaml11Tag, intYaml11Tag, floatYaml11Tag],
  "1.2": [nullCoreTag, boolCoreTag, intCoreTag, floatCoreTag],
};

/** A decimal number. */
const DECIMAL = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/;

const CORE_TAG = "tag:yaml.org,2002:";

/** Types that a tag can select; with any other tag a scalar is text. */
const EXPLICIT: readonly ScalarTagDefinition[] = [nullCoreTag, boolCoreTag, intCoreTag, floatCoreTag, binaryTag];

/**
 * The value of a plain scalar that kubectl, which reads YAML 1.1, and YAML 1.2 take for different values: `yes`, `0777`, or a number that is
 * too large, such as `1e400` or the commit `1234e567`, which kubectl takes for text.
 */
export const AMBIGUOUS: unique symbol = Symbol("ambiguous");

/** The value of a scalar that is no finite number, such as `.nan` or `.inf`, with or without a tag. JSON has none. */
export const NOT_FINITE: unique symbol = Symbol("not finite");

/** Converts a scalar to JSON: bytes become text. Undefined if it does not match its tag. */
export function scalarOf(event: ScalarEvent, text: string, version: string): Scalar | undefined | typeof AMBIGUOUS {
  const source = getScalarValue(text, event);
  const tag = event.tagStart < 0 ? "" : text.slice(event.tagStart, event.tagEnd);
  if (tag !== "") return tagged(source, tag);
  if (event.style !== SCALAR_STYLE.PLAIN) return source;
  const value = implicit(source, version);
  return Object.is(value, implicit(source, "1.1")) ? value : AMBIGUOUS;
}

type Scalar = string | number | boolean | null | typeof NOT_FINITE;

function implicit(source: string, version: string): Scalar | typeof AMBIGUOUS {
  for (const definition of IMPLICIT[version] ?? IMPLICIT["1.2"] ?? []) {
    const value = resolved(definition, source, false);
    if (value !== NOT_RESOLVED) return plain(value);
  }
  return DECIMAL.test(source) && !Number.isFinite(Number(source)) ? AMBIGUOUS : source;
}

function tagged(source: string, tag: string): Scalar | undefined {
  const name = tag.startsWith("!!") ? CORE_TAG + tag.slice(2) : tag.replace(/^!<(.*)>$/, "$1");
  const definition = EXPLICIT.find(({ tagName }) => tagName === name);
  if (definition === undefined) return source;
  const value = resolved(definition, source, true);
  return value === NOT_RESOLVED ? undefined : plain(value);
}

function resolved(definition: ScalarTagDefinition, source: string, isExplicit: boolean): unknown {
  const { implicitFirstChars } = definition;
  if (!isExplicit && implicitFirstChars !== null && !implicitFirstChars.includes(source.charAt(0))) return NOT_RESOLVED;
  return definition.resolve(source, isExplicit, definition.tagName);
}

function plain(value: unknown): Scalar {
  if (typeof value === "number") return Number.isFinite(value) ? value : NOT_FINITE;
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  return value as boolean | null;
}
