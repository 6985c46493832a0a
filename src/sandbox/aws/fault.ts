/** Who is to blame, as AWS tells it: the caller or the service. */
export type FaultSide = "Sender" | "Receiver";

/** An answer that is an error: thrown by handlers, serialised by the protocol. */
export class AwsFault extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, status: number, message: string) {
    super(message);
    this.name = "AwsFault";
    this.code = code;
    this.status = status;
  }

  get side(): FaultSide {
    return this.status >= 500 ? "Receiver" : "Sender";
  }
}

/** IAM cannot find the thing named. The message tells roles, profiles and policies apart, and clients do look at it. */
export const noSuchEntity = (message: string): AwsFault => new AwsFault("NoSuchEntity", 404, message);

/**
 * What was looked for, when it is there.
 * @throws AwsFault the given one when it is not
 */
export function found<T>(entity: T | undefined, missing: () => AwsFault): T {
  if (entity === undefined) throw missing();
  return entity;
}

/** The name is taken; names are compared without regard to case. */
export const alreadyExists = (message: string): AwsFault => new AwsFault("EntityAlreadyExists", 409, message);

/** Something hangs on what should be deleted. */
export const deleteConflict = (message: string): AwsFault => new AwsFault("DeleteConflict", 409, message);

/** A quota would be exceeded. Not throttling, though some SDKs take it for that. */
export const limitExceeded = (message: string): AwsFault => new AwsFault("LimitExceeded", 409, message);

/** A parameter breaks a constraint of the API's model. */
export const validationError = (message: string): AwsFault => new AwsFault("ValidationError", 400, message);

/** Parameters are well-formed each, and wrong together. */
export const invalidInput = (message: string): AwsFault => new AwsFault("InvalidInput", 400, message);

/** The policy is not one that IAM accepts. */
export const malformedPolicy = (message: string): AwsFault => new AwsFault("MalformedPolicyDocument", 400, message);

/** No such operation in this service. */
export const invalidAction = (action: string, version: string): AwsFault =>
  new AwsFault("InvalidAction", 400, `Could not find operation ${action} for version ${version}`);

/** An error as a fault: one in the sandbox itself is an InternalFailure that names it. */
export function asFault(error: unknown): AwsFault {
  if (error instanceof AwsFault) {
    return error;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new AwsFault("InternalFailure", 500, `The sandbox failed: ${text}`);
}
