import {
  GetAccountAuthorizationDetailsCommand,
  GetAccountSummaryCommand,
  type GetAccountSummaryCommandOutput,
  type IAMClient,
  ListInstanceProfilesCommand,
  ListRolesCommand,
} from "@aws-sdk/client-iam";
import type { AccountReader, ListedInstanceProfile, ListedRole, ReportedRole } from "../engine/ports.ts";
import type { AccountQuotas, Usage } from "../model/account-quotas.ts";
import type { AwsCaller } from "./aws-call.ts";
import type { AwsCallSubject } from "./aws-errors.ts";
import { expected } from "./expected-reply.ts";
import { listedInstanceProfileOf, listedRoleOf, reportedRoleOf } from "./iam-entities.ts";
import { eachPage, type Page } from "./pages.ts";

/** The IAM actions by which all roles and profiles of an account are read. */
export const IAM_SNAPSHOT_READS = ["GetAccountAuthorizationDetails", "ListRoles", "ListInstanceProfiles"] as const;

/** The IAM actions that reading a whole account calls. */
export const IAM_ACCOUNT_READS: readonly AccountRead[] = [...IAM_SNAPSHOT_READS, "GetAccountSummary"];

type AccountRead = (typeof IAM_SNAPSHOT_READS)[number] | "GetAccountSummary";

/** IAM's maximum; it may send shorter pages all the same. */
const PAGE_SIZE = 1000;

/** IAM takes some seconds for a page of a thousand roles with all their policies. */
const PAGE_TIMEOUT_MS = 60_000;

/** Reads whole accounts through the IAM query API. */
export function createAccountReader(iam: IAMClient, call: AwsCaller): AccountReader {
  return {
    reportRoles(signal): AsyncIterable<readonly ReportedRole[]> {
      const read = reading("GetAccountAuthorizationDetails", "the account's roles");
      return entities(read, reportedRoleOf, async (marker) => {
        const command = new GetAccountAuthorizationDetailsCommand({
          Filter: ["Role"],
          MaxItems: PAGE_SIZE,
          Marker: marker,
        });
        const page = await call({ ...read, send: (abortSignal) => iam.send(command, { abortSignal }) }, signal);
        return { ...page, items: page.RoleDetailList };
      });
    },

    listRoles(signal): AsyncIterable<readonly ListedRole[]> {
      const read = reading("ListRoles", "the account's roles");
      return entities(read, listedRoleOf, async (marker) => {
        const command = new ListRolesCommand({ MaxItems: PAGE_SIZE, Marker: marker });
        const page = await call({ ...read, send: (abortSignal) => iam.send(command, { abortSignal }) }, signal);
        return { ...page, items: page.Roles };
      });
    },

    listInstanceProfiles(signal): AsyncIterable<readonly ListedInstanceProfile[]> {
      const read = reading("ListInstanceProfiles", "the account's instance profiles");
      return entities(read, listedInstanceProfileOf, async (marker) => {
        const command = new ListInstanceProfilesCommand({ MaxItems: PAGE_SIZE, Marker: marker });
        const page = await call({ ...read, send: (abortSignal) => iam.send(command, { abortSignal }) }, signal);
        return { ...page, items: page.InstanceProfiles };
      });
    },

    getQuotas(signal): Promise<AccountQuotas> {
      const read = reading("GetAccountSummary", "the account");
      const command = new GetAccountSummaryCommand();
      return call(
        { ...read, send: async (abortSignal) => quotasOf(await iam.send(command, { abortSignal }), read) },
        signal,
      );
    },
  };
}

function quotasOf({ SummaryMap }: GetAccountSummaryCommandOutput, subject: AwsCallSubject): AccountQuotas {
  const summary: Readonly<Record<string, number | undefined>> = expected(SummaryMap, "SummaryMap", subject);
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
  subject: AwsCallSubject,
  entityOf: (item: Item, subject: AwsCallSubject) => Entity,
  read: (marker: string | undefined) => Promise<Page<Item>>,
): AsyncGenerator<readonly Entity[], void> {
  for await (const page of eachPage(subject, read)) yield page.map((item) => entityOf(item, subject));
}

function reading(
  operation: AccountRead,
  entity: string,
): AwsCallSubject & { readonly isRead: true; readonly timeoutMs: number } {
  return { service: "IAM", operation, entity, isRead: true, timeoutMs: PAGE_TIMEOUT_MS };
}
