import type { InstanceProfile } from "../../api/instance-profile.ts";
import type { IamWriter, Precondition } from "../../engine/ports.ts";
import { type ConvergeDependencies, type Convergence, converge } from "../../engine/reconcile/converge.ts";
import type { DesiredState } from "../../model/desired-state.ts";
import type { Accounts } from "../accounts/account-access.ts";
import { boundAccountId } from "../classes/acceptance-record.ts";
import type { ClassBinding } from "../classes/class-binding.ts";

/**
 * The precondition for an object without a class whose status names an account, because a deleted class may have been
 * for another account: raises unless the controller's own credentials belong to that account. Undefined for all other
 * objects.
 */
export function ownAccountOf(
  accounts: Accounts,
  { binding, object }: { readonly binding: ClassBinding; readonly object: InstanceProfile },
): Precondition | undefined {
  const accountId = boundAccountId(object.status);
  if (binding.kind !== "free" || accountId === undefined) return undefined;
  return (signal) => accounts.assertOwn(accountId, signal);
}

/**
 * {@link converge}, but does not create entities, or treat them as deleted, when they may exist in another account.
 * `assertOwnAccount` is called only then, so that the usual case costs no request.
 *
 * Errors: those of `converge`, and of `assertOwnAccount`.
 */
export async function convergeInOwnAccount(
  desired: DesiredState,
  deps: ConvergeDependencies,
  assertOwnAccount: Precondition | undefined,
  signal: AbortSignal,
): Promise<Convergence> {
  if (assertOwnAccount === undefined) return converge(desired, deps, signal);
  const result = await converge(desired, { ...deps, writer: withCreateGuard(deps.writer, assertOwnAccount) }, signal);
  if (desired.presence === "absent" && result.plan.actions.length === 0) await assertOwnAccount(signal);
  return result;
}

function withCreateGuard(writer: IamWriter, assertOwnAccount: Precondition): IamWriter {
  return {
    async perform(action, signal, precondition) {
      if (action.kind === "CreateRole" || action.kind === "CreateInstanceProfile") await assertOwnAccount(signal);
      return writer.perform(action, signal, precondition);
    },
  };
}
