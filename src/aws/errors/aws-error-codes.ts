import type { Disposition } from "../../errors.ts";

/** What one wire code means to the controller. */
export interface CodeMeaning {
  readonly disposition: Disposition;
  /** The condition's reason; codes of one meaning share it. */
  readonly reason: string;
  /** What to do, where AWS's own words do not say it. Replaces them, for they vary from one attempt to the next. */
  readonly advice?: string;
}

const THROTTLED: CodeMeaning = { disposition: "throttled", reason: "Throttled" };
const ACCESS_DENIED: CodeMeaning = { disposition: "blocked", reason: "AccessDenied" };
const SERVICE_FAILURE: CodeMeaning = { disposition: "retryable", reason: "ServiceFailure" };
const SERVICE_UNAVAILABLE: CodeMeaning = { disposition: "retryable", reason: "ServiceUnavailable" };
const INVALID_INPUT: CodeMeaning = { disposition: "terminal", reason: "InvalidInput" };
const INSTANCE_MOVED: CodeMeaning = { disposition: "conflict", reason: "InstanceChanged" };
const EXPIRED: CodeMeaning = {
  disposition: "blocked",
  reason: "ExpiredToken",
  advice: "the controller's AWS credentials have expired; renew what it gets them from",
};
const REJECTED: CodeMeaning = {
  disposition: "blocked",
  reason: "CredentialsRejected",
  advice:
    "AWS does not accept the controller's credentials; check the access key, its secret and session token, and this machine's clock",
};
const CLOCK_SKEW: CodeMeaning = {
  disposition: "blocked",
  reason: "ClockSkew",
  advice: "AWS takes the request for too old or too new; set this machine's clock",
};

const meanings: Readonly<Record<string, CodeMeaning>> = {
  Throttling: THROTTLED,
  ThrottlingException: THROTTLED,
  ThrottledException: THROTTLED,
  RequestThrottled: THROTTLED,
  RequestThrottledException: THROTTLED,
  RequestLimitExceeded: THROTTLED,
  TooManyRequestsException: THROTTLED,

  // A quota. The SDK takes it for throttling, but waiting does not help.
  LimitExceeded: { disposition: "blocked", reason: "LimitExceeded" },
  AccessDenied: ACCESS_DENIED,
  AccessDeniedException: ACCESS_DENIED,
  UnauthorizedOperation: ACCESS_DENIED,
  OptInRequired: { disposition: "blocked", reason: "OptInRequired" },

  ExpiredToken: EXPIRED,
  ExpiredTokenException: EXPIRED,
  InvalidClientTokenId: REJECTED,
  UnrecognizedClientException: REJECTED,
  SignatureDoesNotMatch: REJECTED,
  IncompleteSignature: REJECTED,
  InvalidSignatureException: REJECTED,
  MissingAuthenticationToken: REJECTED,
  AuthFailure: REJECTED,
  InvalidIdentityToken: REJECTED,
  RequestExpired: CLOCK_SKEW,
  RequestTimeTooSkewed: CLOCK_SKEW,

  EntityAlreadyExists: { disposition: "conflict", reason: "EntityAlreadyExists" },
  DeleteConflict: { disposition: "conflict", reason: "DeleteConflict" },
  ConcurrentModification: { disposition: "conflict", reason: "ConcurrentModification" },
  NoSuchEntity: { disposition: "conflict", reason: "NotYetVisible" },
  // EC2 refuses what no longer holds of an instance or its association; a fresh look decides anew.
  IncorrectState: INSTANCE_MOVED,
  IncorrectInstanceState: INSTANCE_MOVED,
  "InvalidInstanceID.NotFound": INSTANCE_MOVED,
  "InvalidAssociationID.NotFound": INSTANCE_MOVED,
  "InvalidInstanceID.Malformed": INVALID_INPUT,
  EntityTemporarilyUnmodifiable: { disposition: "retryable", reason: "EntityTemporarilyUnmodifiable" },

  MalformedPolicyDocument: { disposition: "terminal", reason: "MalformedPolicyDocument" },
  InvalidInput: INVALID_INPUT,
  ValidationError: INVALID_INPUT,
  PolicyNotAttachable: { disposition: "terminal", reason: "PolicyNotAttachable" },
  UnmodifiableEntity: { disposition: "terminal", reason: "UnmodifiableEntity" },

  ServiceFailure: SERVICE_FAILURE,
  InternalFailure: SERVICE_FAILURE,
  InternalError: SERVICE_FAILURE,
  ServiceUnavailable: SERVICE_UNAVAILABLE,
  Unavailable: SERVICE_UNAVAILABLE,
  IDPCommunicationError: SERVICE_UNAVAILABLE,
};

/**
 * The wire codes whose meaning is known, whatever the HTTP status. Sources: "Common errors" of the IAM and STS API
 * references (https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html) and the errors of each action; for EC2
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html.
 */
export const MEANING_OF_CODE: ReadonlyMap<string, CodeMeaning> = new Map(Object.entries(meanings));

/** What a reply means whose code says nothing, or which is no AWS error document at all (a proxy, a crash). */
export function meaningOfStatus(httpStatus: number, code: string | undefined): CodeMeaning {
  if (httpStatus === 429) return THROTTLED;
  if (httpStatus === 503) return SERVICE_UNAVAILABLE;
  if (httpStatus >= 500) return SERVICE_FAILURE;
  return { disposition: "retryable", reason: isReason(code) ? code : "UnexpectedReply" };
}

// A condition's reason must match ^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$, and EC2's codes have dots.
function isReason(code: string | undefined): code is string {
  return code !== undefined && /^[A-Z][A-Za-z0-9]{0,127}$/.test(code);
}
