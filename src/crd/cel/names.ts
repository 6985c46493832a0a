const reserved: ReadonlySet<string> = new Set([
  "true",
  "false",
  "null",
  "in",
  "as",
  "break",
  "const",
  "continue",
  "else",
  "for",
  "function",
  "if",
  "import",
  "let",
  "loop",
  "package",
  "namespace",
  "return",
  "var",
  "void",
  "while",
]);

const escapes: Readonly<Record<string, string>> = {
  __: "__underscores__",
  ".": "__dot__",
  "-": "__dash__",
  "/": "__slash__",
};

/**
 * A property's name inside CEL: `namespace` is `__namespace__`, `a.b` is `a__dot__b`. Undefined for a name that CEL
 * cannot spell; such a property is not visible to rules.
 * https://kubernetes.io/docs/reference/using-api/cel/#escaping
 */
export function celName(property: string): string | undefined {
  if (!/^[A-Za-z_./-][A-Za-z0-9_./-]*$/.test(property)) {
    return undefined;
  }
  return reserved.has(property) ? `__${property}__` : property.replace(/__|[./-]/g, (part) => escapes[part] ?? part);
}
