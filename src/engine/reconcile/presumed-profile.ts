import { ConflictError, reasonOfError } from "../../errors.ts";
import type { IamWriter } from "../ports.ts";

/** The role was not in the instance profile that a deletion presumed, or IAM does not authorize to remove it. */
export class ProfileNotAsPresumed extends ConflictError {}

/**
 * A writer for a plan that presumes the instance profile: raises {@link ProfileNotAsPresumed} when its first write shows
 * that the profile does not hold the role, so that the profile gets no further write before it is read. IAM removes a
 * role only from the profile that holds it, as it creates a role only where there is none.
 */
export function stoppingAtOtherProfile(writer: IamWriter): IamWriter {
  return {
    async perform(action, signal, precondition) {
      if (action.kind !== "RemoveRoleFromInstanceProfile") return writer.perform(action, signal, precondition);
      const { instanceProfileName, roleName } = action;
      const message = `instance profile ${instanceProfileName} does not hold role ${roleName} as the account scan showed`;
      const outcome = await writer.perform(action, signal, precondition).catch((error: unknown) => {
        // IAM policies can limit writes to profiles with the cluster's owner tags.
        if (reasonOfError(error) !== "AccessDenied") throw error;
        throw new ProfileNotAsPresumed(message, { reason: "NotYetVisible" });
      });
      if (outcome.wasAbsent === true) throw new ProfileNotAsPresumed(message, { reason: "NotYetVisible" });
      return outcome;
    },
  };
}
