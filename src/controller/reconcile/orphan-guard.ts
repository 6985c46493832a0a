import type { InstanceProfile } from "../../api/instance-profile.ts";
import type { IamWriter, Precondition } from "../../engine/ports.ts";
import { type ConvergeDependencies, type Convergence, converge } from "../../engine/reconcile/converge.ts";
import type { DesiredState } from "../../model/desired-state.ts";
import type { Accounts } from "../accounts/account-access.ts";
import { boundAccountId } from "../classes/acceptance.ts";
import type { ClassBinding } from "../classes/class-binding.ts";

/**
 * For an object that no class leads to an account any more, though its status names one: the class may have been another account's.
 * Raises unless the controller's own credentials are of that account. Undefined for all other objects.
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
 * {@link converge}, which neither makes anew nor takes for gone what may only have been looked for in the wrong account. `assertThere` is
 * not asked where the names are found, so that in the usual case it costs no call.
 *
 * Errors: those of `converge`, and of `assertThere`.
 */
export async function convergeInOwnAccount(
  desired: DesiredState,
  deps: ConvergeDependencies,
  assertThere: Precondition | undefined,
  signal: AbortSignal,
): Promise<Convergence> {
  if (assertThere === undefined) return converge(desired, deps, signal);
  const pass = await converge(desired, { ...deps, writer: makesOnlyThere(deps.writer, assertThere) }, signal);
  if (desired.presence === "absent" && pass.plan.actions.length === 0) await assertThere(signal);
  return pass;
}

function makesOnlyThere(writer: IamWriter, assertThere: Precondition): IamWriter {
  return {
    async perform(action, signal, assertCurrent) {
      if (action.kind === "CreateRole" || action.kind === "CreateInstanceProfile") await assertThere(signal);
      return writer.perform(action, signal, assertCurrent);
    },
  };
}
