import type { IAMClient } from "@aws-sdk/client-iam";
import type { Precondition } from "../../engine/ports.ts";
import type { ActionOutcome, IamAction, IamActionKind } from "../../plan/action.ts";
import type { AwsCaller } from "../call/aws-call.ts";
import { IAM_WRITES, type Write } from "./iam-commands.ts";

const NOTHING_CREATED: ActionOutcome = { created: undefined };
const NOTHING_THERE: ActionOutcome = { created: undefined, wasAbsent: true };

// Deletions, which succeed when the entity no longer exists.
const DELETIONS: ReadonlySet<IamActionKind> = new Set<IamActionKind>([
  "DeleteRole",
  "DeleteRolePermissionsBoundary",
  "DeleteRolePolicy",
  "DetachRolePolicy",
  "DeleteInstanceProfile",
  "RemoveRoleFromInstanceProfile",
  "DeletePolicy",
  "DeletePolicyVersion",
]);

/** Sends one write to IAM. */
export type IamWriteCall = (
  action: IamAction,
  signal: AbortSignal,
  assertCurrent: Precondition | undefined,
) => Promise<ActionOutcome>;

/** Creates the function that sends writes to IAM. */
export function createIamWriteCall(iam: IAMClient, call: AwsCaller): IamWriteCall {
  return (action, signal, assertCurrent) => {
    const subject = { service: "IAM", operation: action.kind, entity: entityOf(action) } as const;
    // IAM_WRITES maps each kind to its action type, but the compiler cannot narrow a lookup by a union.
    const write = IAM_WRITES[action.kind] as Write<IamAction>;
    return call(
      {
        ...subject,
        assertCurrent,
        send: async (abortSignal) => {
          const created = await write(action, { iam, subject, options: { abortSignal } });
          return created === undefined ? NOTHING_CREATED : { created };
        },
        ...(DELETIONS.has(action.kind) ? { whenNoSuchEntity: () => NOTHING_THERE } : {}),
      },
      signal,
    );
  };
}

function entityOf(action: IamAction): string {
  if ("ownPolicyArn" in action) return `managed policy ${action.ownPolicyArn}`;
  if ("policyName" in action) return `inline policy ${action.policyName} of role ${action.roleName}`;
  if ("policyArn" in action) return `role ${action.roleName} with ${action.policyArn}`;
  if ("instanceProfileName" in action) {
    const instanceProfile = `instance profile ${action.instanceProfileName}`;
    return "roleName" in action ? `${instanceProfile} with role ${action.roleName}` : instanceProfile;
  }
  return `role ${action.roleName}`;
}
