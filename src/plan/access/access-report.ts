import type { AccessComparison, AccessExample, StatementPlace, UndecidedPart } from "../../model/access/access.ts";
import { WELL_KNOWN_ACTIONS } from "../../model/policy/well-known-actions.ts";
import { type ComparedPolicies, policyAt, type RoleComparison } from "./compare-roles.ts";

/** The answer to "does the change grant new access?". */
export type Verdict = AccessComparison["verdict"];

/** A statement, as readers find it. */
export interface ReportedPlace {
  /** `inline policy app` */
  readonly policy: string;
  /** From 0, as in the document, or as in the manifest when that has more of them. */
  readonly statement: number;
  readonly sid?: string;
  /** In a file, as `app.yaml:12:7`. */
  readonly place?: string;
}

/** A request that is allowed after a change and not before, and the statement that allows it. */
export interface ReportedExample
  extends Pick<AccessExample, "action" | "resource" | "context">,
    Partial<ReportedPlace> {
  /** Trust only: who may newly assume the role. */
  readonly principal?: string;
  /** True when a Deny refused the request before, and an Allow matched it already. */
  readonly wasDenied?: true;
  /** The patterns of the statement that match the example: `s3:Put*`, and of the resource or principal. Unset for `Not…`. */
  readonly actionPattern?: string;
  readonly targetPattern?: string;
}

/** Something that is not decided, and why. */
export interface ReportedDoubt extends Partial<ReportedPlace> {
  readonly reason: string;
}

/** What a change newly grants, of permissions or of trust. Plain JSON. */
export interface AreaReport {
  readonly verdict: Verdict;
  readonly examples: readonly ReportedExample[];
  readonly undecided: readonly ReportedDoubt[];
}

/** What a change newly grants. Plain JSON. */
export interface AccessReport {
  readonly verdict: Verdict;
  readonly permissions: AreaReport;
  readonly trust: AreaReport;
  /** Policies that were not read and are there before and after. Unset when there are none. */
  readonly notRead?: readonly string[];
}

/** The report of a comparison of two roles. */
export function accessReport({ permissions, trust, notRead }: RoleComparison): AccessReport {
  const areas = { permissions: areaReport(permissions), trust: areaReport(trust) };
  const verdict = worstVerdict([areas.permissions.verdict, areas.trust.verdict]);
  return { verdict, ...areas, ...(notRead.length > 0 && { notRead }) };
}

/** The report of one comparison. */
export function areaReport(compared: ComparedPolicies): AreaReport {
  const { comparison } = compared;
  return {
    verdict: comparison.verdict,
    examples:
      comparison.verdict === "new-access"
        ? comparison.examples.toSorted(byRisk).map((example) => exampleOf(example, compared))
        : [],
    undecided:
      comparison.verdict === "no-new-access" ? [] : comparison.undecided.map((part) => doubtOf(part, compared)),
  };
}

/** What a reviewer must see first: well-known actions are in the order of what they can do. */
function byRisk(one: AccessExample, other: AccessExample): number {
  return riskOf(one) - riskOf(other);
}

function riskOf({ action }: AccessExample): number {
  const rank = WELL_KNOWN_ACTIONS.indexOf(action);
  return rank < 0 ? WELL_KNOWN_ACTIONS.length : rank;
}

/** The verdict of several changes together: new access before undecided before none. */
export function worstVerdict(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes("new-access")) return "new-access";
  return verdicts.includes("undecided") ? "undecided" : "no-new-access";
}

function exampleOf(example: AccessExample, compared: ComparedPolicies): ReportedExample {
  const { action, resource, principal, context, wasDenied, place, actionPattern, targetPattern } = example;
  return {
    action,
    resource,
    ...(principal !== undefined && { principal }),
    context,
    ...(wasDenied && { wasDenied }),
    ...(actionPattern !== undefined && { actionPattern }),
    ...(targetPattern !== undefined && { targetPattern }),
    ...reportedPlace(place, compared),
  };
}

function doubtOf({ place, reason }: UndecidedPart, compared: ComparedPolicies): ReportedDoubt {
  return { ...(place !== undefined && reportedPlace(place, compared)), reason };
}

function reportedPlace(place: StatementPlace, compared: ComparedPolicies): Partial<ReportedPlace> {
  const policy = policyAt(compared, place)?.name;
  const { statement, sid } = place;
  return { ...(policy !== undefined && { policy }), statement, ...(sid !== undefined && { sid }) };
}
