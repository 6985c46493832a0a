import {
  GetAccountSummaryCommand,
  type GetAccountSummaryCommandOutput,
  type IAMClient,
  type ManagedPolicyDetail,
  type RoleDetail,
} from "@aws-sdk/client-iam";
import type { AccountReader, ListedInstanceProfile, ListedRole, ReportedRole, ReportPage } from "../../engine/ports.ts";
import type { AccountQuotas, Usage } from "../../model/account-quotas.ts";
import type { AwsCaller } from "../call/aws-call.ts";
import type { AwsCallSubject } from "../errors/aws-errors.ts";
import { requireField } from "../errors/require-field.ts";
import { type AccountList, accountLists, IAM_SNAPSHOT_READS } from "./account-pages.ts";
import { listedInstanceProfileOf, listedRoleOf, reportedPolicyOf, reportedRoleOf } from "./iam-entities.ts";

/** The IAM read actions for whole accounts. */
export const IAM_ACCOUNT_READS: readonly string[] = [...IAM_SNAPSHOT_READS, "GetAccountSummary"];

/** Creates the reader of whole accounts. */
export function createAccountReader(iam: IAMClient, call: AwsCaller): AccountReader {
  const lists = accountLists(iam, call);
  return {
    reportRoles(signal): AsyncIterable<readonly ReportedRole[]> {
      return entities(lists.reportedRoles, reportedRoleOf, signal);
    },
    async *reportRolesAndPolicies(signal): AsyncIterable<ReportPage> {
      const { subject, pages } = lists.reportedRolesAndPolicies;
      for await (const page of pages(signal)) {
        const [roles, policies] = [page.filter(isRole), page.filter((item) => !isRole(item))];
        yield {
          roles: roles.map((role) => reportedRoleOf(role, subject)),
          policies: policies.map((policy) => reportedPolicyOf(policy, subject)),
        };
      }
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

function isRole(item: RoleDetail | ManagedPolicyDetail): item is RoleDetail {
  return "RoleName" in item;
}

function quotasOf({ SummaryMap }: GetAccountSummaryCommandOutput, subject: AwsCallSubject): AccountQuotas {
  const summary: Readonly<Record<string, number | undefined>> = requireField(SummaryMap, "SummaryMap", subject);
  const usage = (name: "Roles" | "InstanceProfiles" | "Policies"): Usage | undefined => {
    const [used, quota] = [summary[name], summary[`${name}Quota`]];
    return used === undefined || quota === undefined ? undefined : { used, quota };
  };
  return {
    roles: usage("Roles"),
    instanceProfiles: usage("InstanceProfiles"),
    policies: usage("Policies"),
    inlinePoliciesChars: summary["RolePolicySizeQuota"],
    trustPolicyChars: summary["AssumeRolePolicySizeQuota"],
    managedPolicyChars: summary["PolicySizeQuota"],
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
