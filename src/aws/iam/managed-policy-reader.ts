import { GetPolicyCommand, GetPolicyVersionCommand, type IAMClient } from "@aws-sdk/client-iam";
import type { ManagedPolicyReader } from "../../engine/ports.ts";
import type { AwsCaller } from "../call/aws-call.ts";
import { requireField } from "../errors/require-field.ts";

/** The IAM read actions for the documents of managed policies. Only commands that a user runs read those. */
export const IAM_MANAGED_POLICY_READS = ["GetPolicy", "GetPolicyVersion"] as const;

/** Creates the reader of managed policies, of AWS and of the account. */
export function createManagedPolicyReader(iam: IAMClient, call: AwsCaller): ManagedPolicyReader {
  const reading = (operation: (typeof IAM_MANAGED_POLICY_READS)[number], policyArn: string) =>
    ({ service: "IAM", operation, entity: `managed policy ${policyArn}`, isRead: true }) as const;

  async function defaultVersionOf(policyArn: string, signal: AbortSignal): Promise<string | undefined> {
    const read = reading("GetPolicy", policyArn);
    const command = new GetPolicyCommand({ PolicyArn: policyArn });
    return call<string | undefined>(
      {
        ...read,
        send: async (abortSignal) =>
          requireField((await iam.send(command, { abortSignal })).Policy?.DefaultVersionId, "DefaultVersionId", read),
        whenNoSuchEntity: () => undefined,
      },
      signal,
    );
  }

  return {
    async document(policyArn, signal): Promise<string | undefined> {
      const versionId = await defaultVersionOf(policyArn, signal);
      if (versionId === undefined) return undefined;
      const read = reading("GetPolicyVersion", policyArn);
      const command = new GetPolicyVersionCommand({ PolicyArn: policyArn, VersionId: versionId });
      return call<string | undefined>(
        {
          ...read,
          send: async (abortSignal) =>
            requireField((await iam.send(command, { abortSignal })).PolicyVersion?.Document, "Document", read),
          whenNoSuchEntity: () => undefined,
        },
        signal,
      );
    },
  };
}
