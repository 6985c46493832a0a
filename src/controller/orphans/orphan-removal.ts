import type { AwsAccount } from "../../engine/accounts/aws-account.ts";
import { type Orphan, objectKeyOf } from "../../engine/orphans/orphans.ts";
import { removeOrphan } from "../../engine/orphans/remove-orphan.ts";
import type { Convergence } from "../../engine/reconcile/converge.ts";
import { ConflictError, ControllerError } from "../../errors.ts";
import { planLines } from "../../plan/render.ts";
import { orphanDeletedEvent } from "../../status/orphan-events.ts";
import { failureFields, logWrites } from "../reconcile/telemetry.ts";
import type { DeletedObject } from "./deleted-objects.ts";
import { emitAbout, type OrphanObserver, type OrphanOptions } from "./orphan-options.ts";

/** An orphan, and the proof that a deleted object left it. */
interface Proven {
  readonly orphan: Orphan;
  readonly proof: DeletedObject;
}

/** Up to this number, orphans are deleted even if there are more orphans than objects. */
const MIN_SUSPICIOUS = 10;

/**
 * Deletes orphans under `--orphan-policy=Delete`. It deletes a role only if this process has observed the deletion of
 * its object, the status of the object named the role, the owner tags still name the object, the role is neither
 * adopted nor retained, and no instance uses it.
 */
export class OrphanRemoval {
  readonly #accountKey: string;
  readonly #options: OrphanOptions;
  readonly #observer: OrphanObserver | undefined;
  /** Why nothing was deleted the last time, so that the reason is logged once. */
  #lastReason = "";

  constructor(accountKey: string, options: OrphanOptions, observer: OrphanObserver | undefined) {
    this.#accountKey = accountKey;
    this.#options = options;
    this.#observer = observer;
  }

  /** True when the policy and the proof allow deleting the orphan. */
  mayRemove(orphan: Orphan): boolean {
    return this.#proofOf(orphan) !== undefined;
  }

  /** Deletes the confirmed orphans that may be deleted. Errors: those of the API server. */
  async remove(account: AwsAccount, orphans: readonly Orphan[], signal: AbortSignal): Promise<void> {
    const proven = orphans.flatMap((orphan) => {
      const proof = this.#proofOf(orphan);
      return proof === undefined ? [] : [{ orphan, proof }];
    });
    if (proven.length === 0) return;
    const reason = await this.#whyBlocked(proven.length, signal);
    if (reason !== this.#lastReason && reason !== "")
      this.#options.logger.warn("no orphan is deleted", { orphans: proven.length, reason });
    this.#lastReason = reason;
    if (reason !== "") return;
    for (const one of proven) await this.#removeOne(account, one, signal);
  }

  #proofOf({ kind, owner, role }: Orphan): DeletedObject | undefined {
    if (this.#options.policy !== "Delete" || kind !== "ObjectGone") return undefined;
    const proof = this.#options.deleted.ofRole(role.roleId);
    if (proof === undefined || proof.isRetained || proof.uid !== owner.uid) return undefined;
    const { namespace, name } = proof.desired.owner;
    return namespace === owner.namespace && name === owner.name ? proof : undefined;
  }

  /**
   * Why no orphan may be deleted; empty if they may be. Many orphans at once suggest a cluster that is being restored.
   */
  async #whyBlocked(orphans: number, signal: AbortSignal): Promise<string> {
    const { cache, hasLiveObjects } = this.#options;
    if (!(await hasLiveObjects(signal))) return "the cluster has no InstanceProfile that is not being deleted";
    return orphans > Math.max(MIN_SUSPICIOUS, cache.size) ? "there are more orphans than InstanceProfiles" : "";
  }

  async #removeOne(account: AwsAccount, { orphan, proof }: Proven, signal: AbortSignal): Promise<void> {
    const { client, claims, logger } = this.#options;
    const { owner, role } = orphan;
    const fields = { namespace: owner.namespace, name: owner.name, uid: owner.uid, role: role.arn };
    const assertGone = async (requestSignal: AbortSignal): Promise<void> => {
      if ((await client.get(objectKeyOf(owner), requestSignal)) === undefined) return;
      const message = `InstanceProfile ${owner.namespace}/${owner.name} exists again`;
      throw new ConflictError(message, { reason: "ObjectExists" });
    };
    try {
      const onWritten = logWrites(logger, { ...fields, why: "it is an orphan" });
      const deps = { account, claims: claims.of(this.#accountKey).index, assertGone, onWritten };
      this.#publish(orphan, await removeOrphan(proof.desired, proof, deps, signal), fields);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ControllerError)) throw error;
      logger.warn("an orphan was not deleted", { ...fields, ...failureFields(error) });
    }
  }

  #publish(orphan: Orphan, { plan, report }: Convergence, fields: Readonly<Record<string, string>>): void {
    const { logger, events } = this.#options;
    const { applied, failed } = report;
    if (plan.blockers.length > 0) {
      logger.warn("an orphan was not deleted", { ...fields, reason: plan.blockers.map(({ reason }) => reason).join() });
      return;
    }
    const actions = planLines({ ...plan, actions: applied.map(({ action }) => action) });
    if (failed !== undefined) {
      const { error } = failed;
      const why = error instanceof ControllerError ? failureFields(error) : { err: error };
      logger.warn("an orphan was deleted only in part", { ...fields, ...why });
      return;
    }
    if (actions.length === 0) return;
    this.#observer?.deleted();
    emitAbout(events, orphan.owner, orphanDeletedEvent(actions));
  }
}
