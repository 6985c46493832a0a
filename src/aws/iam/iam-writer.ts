import type { IAMClient } from "@aws-sdk/client-iam";
import type { Precondition } from "../../engine/ports.ts";
import type { ActionOutcome, IamAction, IamActionKind } from "../../plan/action.ts";
import type { AwsCaller } from "../call/aws-call.ts";
import { IAM_WRITES, type Write } from "./iam-commands.ts";

const NOTHING_CREATED: ActionOutcome = { created: undefined };
const NOTHING_THERE: ActionOutcome = { created: undefined, wasAbsent: true };

// Their end is reached when the entity is gone, whoever removed it.
const REMOVALS: ReadonlySet<IamActionKind> = new Set<IamActionKind>([
  "DeleteRole",
  "DeleteRolePermissionsBoundary",
  "DeleteRolePolicy",
  "DetachRolePolicy",
  "DeleteInstanceProfile",
  "RemoveRoleFromInstanceProfile",
]);

/** Sends one write to IAM. */
export type IamWriteCall = (
  action: IamAction,
  signal: AbortSignal,
  assertCurrent: Precondition | undefined,
) => Promise<ActionOutcome>;

/** Writes through the IAM query API. */
export function createIamWriteCall(iam: IAMClient, call: AwsCaller): IamWriteCall {
  return (action, signal, assertCurrent) => {
    const subject = { service: "IAM", operation: action.kind, entity: entityOf(action) } as const;
    // The table's type ties each kind to its action, which the compiler cannot follow through a lookup by a union.
    const write = IAM_WRITES[action.kind] as Write<IamAction>;
    return call(
      {
        ...subject,
        assertCurrent,
        send: async (abortSignal) => {
          const created = await write(action, { iam, subject, options: { abortSignal } });
          return created === undefined ? NOTHING_CREATED : { created };
        },
        ...(REMOVALS.has(action.kind) ? { whenNoSuchEntity: () => NOTHING_THERE } : {}),
      },
      signal,
    );
  };
}

function entityOf(action: IamAction): string {
  if ("policyName" in action) return `inline policy ${action.policyName} of role ${action.roleName}`;
  if ("policyArn" in action) return `role ${action.roleName} with ${action.policyArn}`;
  if ("instanceProfileName" in action) {
    const instanceProfile = `instance profile ${action.instanceProfileName}`;
    return "roleName" in action ? `${instanceProfile} with role ${action.roleName}` : instanceProfile;
  }
  return `role ${action.roleName}`;
}
