/** Why an evaluation has no value, in cel-go's words, by the code of the CEL library's error. */
const words: Readonly<Record<string, (summary: string) => string>> = {
  no_such_key: (summary) => `no such key: ${summary.replace(/^No such key: /, "")}`,
  index_out_of_bounds: (summary) => `index out of bounds: ${/index (-?\d+)/.exec(summary)?.[1] ?? ""}`,
  no_such_overload: () => "no such overload",
  no_matching_overload: () => "no such overload",
  modulo_by_zero: () => "modulus by zero",
  numeric_overflow: () => "integer overflow",
};

/** Why an evaluation has no value, in cel-go's words where they are known. */
export function evaluationComplaint(error: unknown): string {
  const { code, summary, message } = error as { code?: unknown; summary?: unknown; message?: unknown };
  const text = String(summary ?? message ?? error);
  return words[String(code)]?.(text) ?? text;
}
