import type { Disposition } from "../../errors.ts";

/** The classification of an AWS error code. */
export interface CodeMeaning {
  readonly disposition: Disposition;
  /** The reason of the condition; codes with the same meaning share it. */
  readonly reason: string;
  /** What to do, where AWS's message does not say it. Replaces the message, which can vary between attempts. */
  readonly advice?: string;
}

const THROTTLED: CodeMeaning = { disposition: "throttled", reason: "Throttled" };
const ACCESS_DENIED: CodeMeaning = { disposition: "blocked", reason: "AccessDenied" };
const SERVICE_FAILURE: CodeMeaning = { disposition: "retryable", reason: "ServiceFailure" };
const SERVICE_UNAVAILABLE: CodeMeaning = { disposition: "retryable", reason: "ServiceUnavailable" };
/** The reasons of failures of AWS itself, after which the same request can succeed a moment later. */
export const SERVICE_FAILURE_REASONS: ReadonlySet<string> = new Set([
  SERVICE_FAILURE.reason,
  SERVICE_UNAVAILABLE.reason,
]);
const INVALID_INPUT: CodeMeaning = { disposition: "terminal", reason: "InvalidInput" };
const INSTANCE_CHANGED: CodeMeaning = { disposition: "conflict", reason: "InstanceChanged" };
const EXPIRED: CodeMeaning = {
  disposition: "blocked",
  reason: "ExpiredToken",
  advice: "the controller's AWS credentials have expired. Renew their source.",
};
const REJECTED: CodeMeaning = {
  disposition: "blocked",
  reason: "CredentialsRejected",
  advice:
    "AWS rejects the controller's credentials. Check the access key, its secret and session token, and this machine's clock.",
};
const CLOCK_SKEW: CodeMeaning = {
  disposition: "blocked",
  reason: "ClockSkew",
  advice: "the time of the request differs too much from AWS's. Set this machine's clock.",
};

const meanings: Readonly<Record<string, CodeMeaning>> = {
  Throttling: THROTTLED,
  ThrottlingException: THROTTLED,
  ThrottledException: THROTTLED,
  RequestThrottled: THROTTLED,
  RequestThrottledException: THROTTLED,
  RequestLimitExceeded: THROTTLED,
  TooManyRequestsException: THROTTLED,

  // A quota. The SDK treats it as throttling, but waiting does not help.
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
  // The instance or association changed after it was observed; the next reconcile observes it again.
  IncorrectState: INSTANCE_CHANGED,
  IncorrectInstanceState: INSTANCE_CHANGED,
  "InvalidInstanceID.NotFound": INSTANCE_CHANGED,
  "InvalidAssociationID.NotFound": INSTANCE_CHANGED,
  "InvalidInstanceID.Malformed": INVALID_INPUT,
  EntityTemporarilyUnmodifiable: { disposition: "retryable", reason: "EntityTemporarilyUnmodifiable" },

  MalformedPolicyDocument: { disposition: "terminal", reason: "MalformedPolicyDocument" },
  InvalidInput: INVALID_INPUT,
  ValidationError: INVALID_INPUT,
  PolicyNotAttachable: { disposition: "terminal", reason: "PolicyNotAttachable" },
  UnmodifiableEntity: { disposition: "terminal", reason: "UnmodifiableEntity" },

  "AWS.SimpleQueueService.NonExistentQueue": { disposition: "blocked", reason: "QueueNotFound" },

  ServiceFailure: SERVICE_FAILURE,
  InternalFailure: SERVICE_FAILURE,
  InternalError: SERVICE_FAILURE,
  ServiceUnavailable: SERVICE_UNAVAILABLE,
  Unavailable: SERVICE_UNAVAILABLE,
  IDPCommunicationError: SERVICE_UNAVAILABLE,
};

/**
 * The classification of the known error codes, whatever the HTTP status. Sources: "Common errors" of the IAM and STS API
 * references (https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html) and the errors of each action; for EC2
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html.
 */
export const MEANING_OF_CODE: ReadonlyMap<string, CodeMeaning> = new Map(Object.entries(meanings));

/** Classifies a reply with an unknown code, or one that is not an AWS error document (a proxy, a crash). */
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
