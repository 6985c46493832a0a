import type { InstanceProfileClass } from "../../api/instance-profile-class.ts";
import { BlockedError, ControllerError } from "../../errors.ts";
import { accountInArn } from "../../model/naming.ts";
import type { Action } from "../../plan/action.ts";
import { PERMISSIONS_BOUNDARY_NOT_FOUND } from "../../plan/plan.ts";
import {
  isPermanent,
  MISSING_MAX_AGE_MS,
  type PolicyExistence,
  type PolicyVerdict,
  VERDICT_MAX_AGE_MS,
} from "../observe/policy-existence.ts";
import type { PolicyReader } from "../ports.ts";

/** The cache and the reader that a {@link RequiredBoundary} is verified with. */
export interface BoundarySources {
  readonly policies: PolicyExistence;
  readonly reader: PolicyReader;
}

/** The boundary that the class sets on its roles; undefined for a class that requires none. */
export function requiredBoundary(of: InstanceProfileClass, sources: BoundarySources): RequiredBoundary | undefined {
  const arn = of.spec.permissionsBoundaryArn;
  return arn === undefined ? undefined : new RequiredBoundary(arn, of, sources);
}

/** The permissions boundary that a class sets on its roles, and whether its policy exists. */
export class RequiredBoundary {
  readonly arn: string;
  readonly #of: InstanceProfileClass;
  readonly #sources: BoundarySources;

  constructor(arn: string, of: InstanceProfileClass, sources: BoundarySources) {
    this.arn = arn;
    this.#of = of;
    this.#sources = sources;
  }

  /** True when the write sets the boundary on a role. */
  isSetBy(action: Action): boolean {
    return "permissionsBoundaryArn" in action && action.permissionsBoundaryArn === this.arn;
  }

  /** Why no role can have the boundary, from cached verdicts; undefined when no reason is known. Sends no request. */
  get fault(): BlockedError | undefined {
    const isMissing = !isInReach(this.arn, this.#of) || this.#sources.policies.isMissing(this.arn);
    return isMissing ? this.#notFound() : undefined;
  }

  /**
   * Why IAM has refused to set the boundary on a role, if the boundary is the cause: the policy does not exist, or a
   * transient error prevents the check. Undefined when the policy exists, or when the controller is not authorized to
   * read it.
   */
  async faultAfter(refusal: unknown, signal: AbortSignal): Promise<ControllerError | undefined> {
    if (!isPermanent(refusal)) return undefined;
    if (refusal instanceof ControllerError && refusal.reason === "PolicyNotFound") {
      this.#sources.policies.recordMissing(this.arn);
    }
    if (this.fault !== undefined) return this.fault;
    return this.#faultOf(await this.#sources.policies.verify(this.arn, this.#query(VERDICT_MAX_AGE_MS), signal));
  }

  /**
   * The verdict for the class itself. A policy that exists is verified again only when `isEdited`.
   *
   * Errors: the signal's reason when it aborts.
   */
  async verify(isEdited: boolean, signal: AbortSignal): Promise<PolicyVerdict> {
    if (!isInReach(this.arn, this.#of)) return { kind: "missing" };
    return this.#sources.policies.verify(this.arn, this.#query(isEdited ? 0 : Number.POSITIVE_INFINITY), signal);
  }

  #query(maxAgeMs: number): Parameters<PolicyExistence["verify"]>[1] {
    return { reader: this.#sources.reader, maxAgeMs, missingMaxAgeMs: Math.min(maxAgeMs, MISSING_MAX_AGE_MS) };
  }

  #faultOf(verdict: PolicyVerdict): ControllerError | undefined {
    if (verdict.kind === "missing") return this.fault;
    return verdict.kind === "unverified" && !isPermanent(verdict.error) ? verdict.error : undefined;
  }

  #notFound(): BlockedError {
    const { metadata, spec } = this.#of;
    const accountId = accountInArn(this.arn);
    const [fault, remedy] = isInReach(this.arn, this.#of)
      ? [`does not exist in AWS account ${spec.account.id}`, "create the policy, or to correct"]
      : [`is a policy of AWS account ${accountId}, and the class is for account ${spec.account.id}`, "correct"];
    const message =
      `permissions boundary ${this.arn} of class ${metadata.name} ${fault}, so no role can have it. The ` +
      "controller creates no role of the class and gives existing roles no more permissions. Ask the administrator of the class to " +
      `${remedy} spec.permissionsBoundaryArn of the class.`;
    return new BlockedError(message, { reason: PERMISSIONS_BOUNDARY_NOT_FOUND });
  }
}

/** IAM accepts as a boundary a policy of the role's own account, or an AWS managed policy. */
function isInReach(arn: string, { spec }: InstanceProfileClass): boolean {
  const accountId = accountInArn(arn);
  return accountId === "aws" || accountId === spec.account.id;
}
