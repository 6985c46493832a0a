/** The condition keys of a request, by lower-case name. A key without values is absent. */
export type RequestContext = ReadonlyMap<string, readonly string[]>;

/** A request, as policies decide it. */
export interface AccessRequest {
  /** `s3:DeleteBucket` */
  readonly action: string;
  /** An ARN, or `*` for an action that has no resource. */
  readonly resource: string;
  readonly context: RequestContext;
}

/** A context of these keys, in any case; those without a value are left out. */
export function requestContext(keys: Readonly<Record<string, string | readonly string[] | undefined>>): RequestContext {
  const present = Object.entries(keys).flatMap(([key, value]): [string, readonly string[]][] =>
    value === undefined ? [] : [[key.toLowerCase(), typeof value === "string" ? [value] : value]],
  );
  return new Map(present);
}
