/** AWS's name of the request that the SDK answers to with this output or error; undefined where none came back. */
export function requestIdOf(answer: unknown): string | undefined {
  if (typeof answer !== "object" || answer === null || !("$metadata" in answer)) return undefined;
  const { requestId } = answer.$metadata as { readonly requestId?: unknown };
  return typeof requestId === "string" ? requestId : undefined;
}
