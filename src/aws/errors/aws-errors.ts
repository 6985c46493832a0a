import {
  BlockedError,
  ConflictError,
  ControllerError,
  type Disposition,
  type ErrorDetails,
  RetryableError,
  TerminalError,
  ThrottledError,
} from "../../errors.ts";
import { requestIdOf } from "../call/request-id.ts";
import type { AwsServiceName } from "../client/client-config.ts";
import { NoResponseError } from "../client/no-response-error.ts";
import { isUnknownInstanceProfile } from "../ec2/ec2-message-matchers.ts";
import { isInvalidPrincipal, isMissingPolicy } from "../iam/iam-message-matchers.ts";
import { type CodeMeaning, MEANING_OF_CODE, meaningOfStatus } from "./aws-error-codes.ts";
import { normalizeMessage } from "./normalize-message.ts";

/** One call to AWS, as messages name it. */
export interface AwsCallSubject {
  readonly service: AwsServiceName;
  /** The API action, such as `PutRolePolicy`. */
  readonly operation: string;
  /** What the action applies to, such as `role app`. */
  readonly entity: string;
}

/** The call exceeded `callTimeoutMs`. */
export class CallTimeoutError extends Error {
  constructor(timeoutMs: number) {
    super(`no complete reply within ${timeoutMs} ms`);
    this.name = "CallTimeoutError";
  }
}

const ERROR_OF: Readonly<Record<Disposition, new (message: string, details: ErrorDetails) => ControllerError>> = {
  terminal: TerminalError,
  blocked: BlockedError,
  conflict: ConflictError,
  throttled: ThrottledError,
  retryable: RetryableError,
};

/**
 * Converts any error of an AWS call to a ControllerError. No other code chooses dispositions for AWS errors.
 *
 * The message is `<Action> on <entity>: <Code>: <AWS's message>`, and is the same for every attempt that fails the same way.
 */
export function toControllerError(
  error: unknown,
  subject: AwsCallSubject,
  credentialsAdvice: string = SERVICE_ACCOUNT_ADVICE,
): ControllerError {
  if (error instanceof ControllerError) return error;
  const failure =
    serviceFailure(error, subject.operation) ??
    credentialsFailure(error, credentialsAdvice) ??
    settingsFailure(error) ??
    networkFailure(error);
  const { meaning, words } = failure ?? {
    meaning: { disposition: "retryable", reason: "UnexpectedError" },
    words: `unexpected failure: ${normalizeMessage(error instanceof Error ? error.message : String(error))}`,
  };
  const retryAfterMs = retryAfterOf(error);
  const requestId = requestIdOf(error);
  return new ERROR_OF[meaning.disposition](`${subject.operation} on ${subject.entity}: ${words}`, {
    reason: meaning.reason,
    cause: error,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(requestId === undefined ? {} : { requestId }),
  });
}

/** Returns AWS's error code (`NoSuchEntity`) if the error is an AWS error document. */
export function wireCodeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("$fault" in error)) return undefined;
  const code = field(error, "Code");
  if (typeof code === "string") return code;
  return NAMES_WITHOUT_CODE.has(error.name) ? undefined : error.name;
}

// Names that the SDK gives to an error reply without a body, by its HTTP status: loadQueryErrorCode in
// https://github.com/aws/aws-sdk-js-v3/blob/main/packages/core/src/submodules/protocols/query/AwsQueryProtocol.ts
const NAMES_WITHOUT_CODE: ReadonlySet<string> = new Set(["Unknown", "NotFound"]);

interface Failure {
  readonly meaning: CodeMeaning;
  readonly words: string;
}

function serviceFailure(error: unknown, operation: string): Failure | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = wireCodeOf(error);
  const status = httpStatusOf(error);
  if (code === undefined && status === undefined) return undefined;
  if (code === undefined && networkCodeOf(error) !== undefined) return undefined;
  const meaning =
    (code === undefined ? undefined : meaningOfCode(operation, code, error.message)) ??
    meaningOfStatus(status ?? 0, code);
  if (code === undefined) return { meaning, words: `HTTP ${status} without an AWS error document` };
  return { meaning, words: `${code}: ${meaning.advice ?? normalizeMessage(error.message)}` };
}

function meaningOfCode(operation: string, code: string, message: string): CodeMeaning | undefined {
  if (isInvalidPrincipal(code, message)) return { disposition: "terminal", reason: "InvalidPrincipal" };
  if (isMissingPolicy(operation, code, message)) return { disposition: "blocked", reason: "PolicyNotFound" };
  if (isUnknownInstanceProfile(operation, code, message)) {
    return { disposition: "retryable", reason: "InstanceProfileNotYetUsable" };
  }
  // A profile holds one role: another role was added since it was observed, or the removal of the old one has not propagated.
  if (operation === "AddRoleToInstanceProfile" && code === "LimitExceeded") {
    return { disposition: "conflict", reason: "InstanceProfileOccupied" };
  }
  return MEANING_OF_CODE.get(code);
}

const CREDENTIAL_ERRORS: ReadonlySet<string> = new Set([
  "CredentialsProviderError",
  "TokenProviderError",
  "ProviderError",
]);

const SERVICE_ACCOUNT_ADVICE =
  "Give the controller's service account an IAM role, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.";

function credentialsFailure(error: unknown, advice: string): Failure | undefined {
  if (!(error instanceof Error)) return undefined;
  // A file that a credential provider reads, such as the web identity token.
  const isUnreadableFile = field(error, "syscall") === "open";
  if (!CREDENTIAL_ERRORS.has(error.name) && !isUnreadableFile) return undefined;
  const words = `no AWS credentials: ${normalizeMessage(error.message)}. ${advice}`;
  return { meaning: { disposition: "blocked", reason: "CredentialsUnavailable" }, words };
}

function settingsFailure(error: unknown): Failure | undefined {
  if (!(error instanceof Error)) return undefined;
  // The SDK throws a plain Error: @smithy/core, config-resolver/regionConfig/config.ts.
  if (error.message === "Region is missing") {
    const words = "no AWS region. Set AWS_REGION to any region of the partition; AWS_DEFAULT_REGION is not used.";
    return { meaning: { disposition: "blocked", reason: "RegionMissing" }, words };
  }
  const isInvalidUrl = field(error, "code") === "ERR_INVALID_URL";
  if (error.name !== "EndpointError" && !isInvalidUrl) return undefined;
  const words = isInvalidUrl
    ? `the AWS endpoint ${JSON.stringify(withoutUser(field(error, "input")))} is not a URL. Use the form https://host.`
    : normalizeMessage(error.message);
  return { meaning: { disposition: "blocked", reason: "InvalidEndpoint" }, words };
}

/** Strips user and password, up to the last `@`: an invalid URL can contain them too. */
function withoutUser(endpoint: unknown): string {
  const text = String(endpoint);
  return text.slice(text.lastIndexOf("@") + 1);
}

const UNREACHABLE: CodeMeaning = { disposition: "retryable", reason: "EndpointUnreachable" };

function networkFailure(error: unknown): Failure | undefined {
  if (error instanceof CallTimeoutError) return { meaning: UNREACHABLE, words: error.message };
  if (error instanceof NoResponseError) {
    return { meaning: UNREACHABLE, words: `no reply from ${error.host} (${error.code ?? "timed out"})` };
  }
  const code = networkCodeOf(error);
  return code === undefined ? undefined : { meaning: UNREACHABLE, words: `the connection failed (${code})` };
}

/** Returns the code of a failed socket or DNS lookup. */
export function networkCodeOf(error: unknown): string | undefined {
  if (error instanceof NoResponseError) return error.code;
  if (!(error instanceof Error) || field(error, "syscall") === "open") return undefined;
  const code = field(error, "code");
  if (typeof code === "string" && /^(E[A-Z]+|EAI_[A-Z]+|UND_ERR_[A-Z_]+)$/.test(code)) return code;
  return error.name === "TimeoutError" ? "ETIMEDOUT" : undefined;
}

function httpStatusOf(error: Error): number | undefined {
  const metadata = field(error, "$metadata");
  if (typeof metadata !== "object" || metadata === null || !("httpStatusCode" in metadata)) return undefined;
  return typeof metadata.httpStatusCode === "number" ? metadata.httpStatusCode : undefined;
}

function retryAfterOf(error: unknown): number | undefined {
  const response = error instanceof Error ? field(error, "$response") : undefined;
  const headers = (response as { readonly headers?: Readonly<Record<string, string>> } | undefined)?.headers;
  const seconds = Number(headers?.["retry-after"] ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}

function field(error: Error, name: string): unknown {
  return (error as unknown as Readonly<Record<string, unknown>>)[name];
}
