/** What a policy can ask about a request, by the lower-case name of the condition key; a key without values is not there. */
export type RequestContext = ReadonlyMap<string, readonly string[]>;

/** A context of these keys; those without a value are left out. */
export function requestContext(keys: Readonly<Record<string, string | readonly string[] | undefined>>): RequestContext {
  const present = Object.entries(keys).flatMap(([key, value]): [string, readonly string[]][] =>
    value === undefined ? [] : [[key.toLowerCase(), typeof value === "string" ? [value] : value]],
  );
  return new Map(present);
}

/** A request as a policy judges it. */
export interface PolicyRequest {
  /** `s3:DeleteBucket` */
  readonly action: string;
  /** An ARN, or `*` where the action knows no resources. */
  readonly resource: string;
  readonly context: RequestContext;
}
