import type { RequestContext } from "../access-request.ts";

/** A part of a pattern: plain text, a wildcard, or a policy variable. */
export type Part =
  | { readonly kind: "text"; readonly text: string }
  /** `*`; `inField` when it matches no colon. */
  | { readonly kind: "many"; readonly inField?: boolean }
  /** `?`; `inField` when it matches no colon. */
  | { readonly kind: "one"; readonly inField?: boolean }
  | { readonly kind: "variable"; readonly key: string; readonly fallback: string | undefined };

/** How the text of a policy is read. */
export interface TextReading {
  /** Only a document with `"Version": "2012-10-17"` has variables; in others `${…}` is plain text. */
  readonly hasVariables: boolean;
  /** `*` and `?` are plain text: StringEquals. */
  readonly isLiteral?: boolean;
}

/**
 * The parts of a text of a policy. `${*}`, `${?}` and `${$}` are the character itself.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
 */
export function partsOf(text: string, { hasVariables, isLiteral = false }: TextReading): readonly Part[] {
  const parts: Part[] = [];
  let plain = "";
  const end = (): void => {
    if (plain !== "") parts.push({ kind: "text", text: plain });
    plain = "";
  };
  for (const token of tokensOf(text, hasVariables)) {
    const part = partOf(token, isLiteral);
    if (typeof part === "string") {
      plain += part;
      continue;
    }
    end();
    parts.push(part);
  }
  end();
  return parts;
}

function partOf(token: string, isLiteral: boolean): Part | string {
  if (isVariable(token)) {
    const inner = token.slice(2, -1);
    return /^[*?$]$/.test(inner) ? inner : variableOf(inner);
  }
  if (isLiteral) return token;
  return token === "*" ? { kind: "many" } : token === "?" ? { kind: "one" } : token;
}

/** `${key}` or `${key, 'default'}`, where the default may hold braces, or one character. */
const TOKENS = /\$\{(?:[^{}']|'[^']*')*\}|./gsu;

/** The variables of a text, each as one token, and its other characters. */
export function tokensOf(text: string, hasVariables: boolean): readonly string[] {
  return hasVariables && text.includes("${") ? (text.match(TOKENS) ?? []) : Array.from(text);
}

/** True for a token that is a variable. */
export function isVariable(token: string): boolean {
  return token.length > 2 && token.startsWith("${");
}

/** The key of a variable, and its default in quotation marks. */
function variableOf(inner: string): Part {
  const comma = inner.indexOf(",");
  const key = (comma < 0 ? inner : inner.slice(0, comma)).trim().toLowerCase();
  const quoted = comma < 0 ? "" : inner.slice(comma + 1).trim();
  const hasDefault = quoted.length > 1 && quoted.startsWith("'") && quoted.endsWith("'");
  return { kind: "variable", key, fallback: hasDefault ? quoted.slice(1, -1) : undefined };
}

/**
 * The parts with the values of their variables, which are plain text whatever they contain. Undefined when a variable has neither a
 * value nor a default; a key with several values cannot be a variable.
 */
export function resolvedParts(parts: readonly Part[], context: RequestContext): readonly Part[] | undefined {
  const resolved: Part[] = [];
  for (const part of parts) {
    if (part.kind !== "variable") {
      resolved.push(part);
      continue;
    }
    const values = context.get(part.key) ?? [];
    const text = values.length === 1 ? values[0] : part.fallback;
    if (text === undefined) return undefined;
    resolved.push({ kind: "text", text });
  }
  return resolved;
}
