import { GetAccountSummaryCommand, type GetAccountSummaryCommandOutput, type IAMClient } from "@aws-sdk/client-iam";
import type { AccountReader, ListedInstanceProfile, ListedRole, ReportedRole } from "../../engine/ports.ts";
import type { AccountQuotas, Usage } from "../../model/account-quotas.ts";
import type { AwsCaller } from "../call/aws-call.ts";
import type { AwsCallSubject } from "../errors/aws-errors.ts";
import { requireField } from "../errors/require-field.ts";
import { type AccountList, accountLists, IAM_SNAPSHOT_READS } from "./account-pages.ts";
import { listedInstanceProfileOf, listedRoleOf, reportedRoleOf } from "./iam-entities.ts";

/** The IAM read actions for whole accounts. */
export const IAM_ACCOUNT_READS: readonly string[] = [...IAM_SNAPSHOT_READS, "GetAccountSummary"];

/** Creates the reader of whole accounts. */
export function createAccountReader(iam: IAMClient, call: AwsCaller): AccountReader {
  const lists = accountLists(iam, call);
  return {
    reportRoles(signal): AsyncIterable<readonly ReportedRole[]> {
      return entities(lists.reportedRoles, reportedRoleOf, signal);
    },
    listRoles(signal): AsyncIterable<readonly ListedRole[]> {
      return entities(lists.roles, listedRoleOf, signal);
    },
    listInstanceProfiles(signal): AsyncIterable<readonly ListedInstanceProfile[]> {
      return entities(lists.instanceProfiles("/"), listedInstanceProfileOf, signal);
    },
    getQuotas(signal): Promise<AccountQuotas> {
      const read = { service: "IAM", operation: "GetAccountSummary", entity: "the account", isRead: true } as const;
      const command = new GetAccountSummaryCommand();
      return call(
        { ...read, send: async (abortSignal) => quotasOf(await iam.send(command, { abortSignal }), read) },
        signal,
      );
    },
  };
}

function quotasOf({ SummaryMap }: GetAccountSummaryCommandOutput, subject: AwsCallSubject): AccountQuotas {
  const summary: Readonly<Record<string, number | undefined>> = requireField(SummaryMap, "SummaryMap", subject);
  const usage = (name: "Roles" | "InstanceProfiles"): Usage | undefined => {
    const [used, quota] = [summary[name], summary[`${name}Quota`]];
    return used === undefined || quota === undefined ? undefined : { used, quota };
  };
  return {
    roles: usage("Roles"),
    instanceProfiles: usage("InstanceProfiles"),
    inlinePoliciesChars: summary["RolePolicySizeQuota"],
    trustPolicyChars: summary["AssumeRolePolicySizeQuota"],
    managedPoliciesPerRole: summary["AttachedPoliciesPerRoleQuota"],
  };
}

async function* entities<Item, Entity>(
  { subject, pages }: AccountList<Item>,
  entityOf: (item: Item, subject: AwsCallSubject) => Entity,
  signal: AbortSignal,
): AsyncGenerator<readonly Entity[], void> {
  for await (const page of pages(signal)) yield page.map((item) => entityOf(item, subject));
}
