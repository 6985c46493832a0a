import { describePolicyChange, type PolicyDocument, samePolicy } from "../../model/policy/policy-document.ts";
import type { Action } from "../action.ts";
import { nextVersionAfter } from "./simulate-policies.ts";

/** IAM keeps so many versions of a managed policy in every account. */
const MAX_VERSIONS = 5;

/** The versions of one managed policy as a plan writes more of them. */
export class PolicyVersions {
  readonly #arn: string;
  /** The oldest first. */
  #ids: readonly string[];
  #defaultId: string;

  constructor(arn: string, versionIds: readonly string[], defaultVersionId: string) {
    this.#arn = arn;
    this.#ids = versionIds;
    this.#defaultId = defaultVersionId;
  }

  /** Writes a new default version. Where IAM has no room for it, the oldest version that is not the default goes first. */
  write(from: PolicyDocument, to: PolicyDocument): readonly Action[] {
    if (samePolicy(from, to)) return [];
    const changes = describePolicyChange(from, to);
    const removals = this.#ids.length < MAX_VERSIONS ? [] : this.#removeOldest();
    this.#defaultId = nextVersionAfter(this.#ids);
    this.#ids = [...this.#ids, this.#defaultId];
    return [...removals, { kind: "CreatePolicyVersion", ownPolicyArn: this.#arn, document: to.text, changes }];
  }

  /** Deletes the policy with all versions: IAM itself deletes the default one alone. */
  deletePolicy(): readonly Action[] {
    const others = this.#ids.filter((id) => id !== this.#defaultId);
    return [
      ...others.map((versionId): Action => ({ kind: "DeletePolicyVersion", ownPolicyArn: this.#arn, versionId })),
      { kind: "DeletePolicy", ownPolicyArn: this.#arn },
    ];
  }

  #removeOldest(): readonly Action[] {
    const versionId = this.#ids.find((id) => id !== this.#defaultId);
    if (versionId === undefined) return [];
    this.#ids = this.#ids.filter((id) => id !== versionId);
    return [{ kind: "DeletePolicyVersion", ownPolicyArn: this.#arn, versionId }];
  }
}
