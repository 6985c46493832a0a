/** Returns the AWS request id of an SDK output or error; undefined without a reply. */
export function requestIdOf(answer: unknown): string | undefined {
  if (typeof answer !== "object" || answer === null || !("$metadata" in answer)) return undefined;
  const { requestId } = answer.$metadata as { readonly requestId?: unknown };
  return typeof requestId === "string" ? requestId : undefined;
}
