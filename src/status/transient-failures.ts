import { ControllerError } from "../errors.ts";

/**
 * A failure of AWS that is transient although its error code does not say so. The rules are kept in one file because each is an assumption
 * about another system: what was observed, its source, when it was checked, and how long the failure counts as transient.
 */
export interface TransientFailure {
  /** The reason of the error. */
  readonly reason: string;
  /** When the rule was last compared with its source. */
  readonly checkedOn: string;
  readonly source: string;
  /** After this time the failure counts as what its code says. */
  readonly boundMs: number;
  readonly retryMs: number;
}

/** All reports of these failures say that they end within minutes. */
const TWO_MINUTES_MS = 120_000;

/** The rules, each for one reason. */
export const TRANSIENT_FAILURES: readonly TransientFailure[] = [
  {
    // A new principal has not propagated yet: MalformedPolicyDocument, "Invalid principal in policy".
    reason: "InvalidPrincipal",
    checkedOn: "2026-11-24",
    source: "https://github.com/hashicorp/terraform-provider-aws/pull/12436",
    boundMs: TWO_MINUTES_MS,
    retryMs: 10_000,
  },
  {
    // A new role or instance profile has not propagated yet: NoSuchEntity on a write.
    reason: "NotYetVisible",
    checkedOn: "2026-11-24",
    source:
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html#troubleshoot_general_eventual-consistency",
    boundMs: TWO_MINUTES_MS,
    retryMs: 5_000,
  },
  {
    // A removal from a role or an instance profile has not propagated yet when the deletion follows.
    reason: "DeleteConflict",
    checkedOn: "2026-11-24",
    source: "https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/iam/role.go",
    boundMs: TWO_MINUTES_MS,
    retryMs: 5_000,
  },
];

/**
 * The rule by which a failure counts as transient; undefined when there is none, or the failure has lasted longer.
 *
 * @param failingForMs since the object first failed for this reason, without a success in between
 */
export function transientFailure(error: unknown, failingForMs: number): TransientFailure | undefined {
  if (!(error instanceof ControllerError)) return undefined;
  return TRANSIENT_FAILURES.find(({ reason, boundMs }) => reason === error.reason && failingForMs < boundMs);
}
