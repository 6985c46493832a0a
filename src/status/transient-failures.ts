import { ControllerError } from "../errors.ts";

/**
 * A failure of AWS's that passes by itself, though its code says nothing of the kind. Quarantined here, because each of these is
 * a guess about somebody else's system: what was seen, when, where it is told of, and how long it is believed.
 */
export interface TransientFailure {
  /** As the adapter names it. */
  readonly reason: string;
  /** When the rule was last held against its source. */
  readonly checkedOn: string;
  readonly source: string;
  /** After so long it is what its code says. */
  readonly boundMs: number;
  readonly retryMs: number;
}

/** Everything in here has had an end in minutes wherever people have told of it. */
const TWO_MINUTES_MS = 120_000;

/** The rules, each for one reason. */
export const TRANSIENT_FAILURES: readonly TransientFailure[] = [
  {
    // A principal made moments ago is unknown to IAM: MalformedPolicyDocument, "Invalid principal in policy".
    reason: "InvalidPrincipal",
    checkedOn: "2026-11-24",
    source: "https://github.com/hashicorp/terraform-provider-aws/pull/12436",
    boundMs: TWO_MINUTES_MS,
    retryMs: 10_000,
  },
  {
    // A role or profile made moments ago is not there yet for the call that follows: NoSuchEntity on a write.
    reason: "NotYetVisible",
    checkedOn: "2026-11-24",
    source:
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html#troubleshoot_general_eventual-consistency",
    boundMs: TWO_MINUTES_MS,
    retryMs: 5_000,
  },
  {
    // What has just been taken off a role or out of a profile is still there for the deletion that follows.
    reason: "DeleteConflict",
    checkedOn: "2026-11-24",
    source: "https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/iam/role.go",
    boundMs: TWO_MINUTES_MS,
    retryMs: 5_000,
  },
];

/**
 * The rule by which a failure may be taken for passing; undefined where there is none, or the failure has lasted longer.
 *
 * @param failingForMs since the object first failed for this reason, without a success in between
 */
export function transientFailure(error: unknown, failingForMs: number): TransientFailure | undefined {
  if (!(error instanceof ControllerError)) return undefined;
  return TRANSIENT_FAILURES.find(({ reason, boundMs }) => reason === error.reason && failingForMs < boundMs);
}
