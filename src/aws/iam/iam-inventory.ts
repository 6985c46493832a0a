import type { IAMClient } from "@aws-sdk/client-iam";
import type { IamInventory, TaggedRole } from "../../engine/observe/inventory.ts";
import type { AwsCaller } from "../call/aws-call.ts";
import { expected } from "../errors/require-field.ts";
import { type AccountList, accountLists } from "./account-pages.ts";
import { tagsOf } from "./iam-entities.ts";

/** The IAM actions that taking stock calls, beside those of reading. */
export const IAM_INVENTORY_READS = ["GetAccountAuthorizationDetails", "ListInstanceProfiles"] as const;

/** Takes stock through the IAM query API. */
export function createIamInventory(iam: IAMClient, call: AwsCaller): IamInventory {
  const lists = accountLists(iam, call);
  return {
    async instanceProfileNames(pathPrefix, signal): Promise<readonly string[]> {
      const list = lists.instanceProfiles(pathPrefix);
      return (await allOf(list, signal))
        .filter(({ Path = "/" }) => Path.startsWith(pathPrefix))
        .map(({ InstanceProfileName }) => expected(InstanceProfileName, "InstanceProfileName", list.subject))
        .sort();
    },

    async taggedRoles(signal): Promise<readonly TaggedRole[]> {
      const { subject } = lists.reportedRoles;
      return (await allOf(lists.reportedRoles, signal))
        .map(({ RoleName, Tags, InstanceProfileList }) => ({
          roleName: expected(RoleName, "RoleName", subject),
          tags: tagsOf(Tags, subject),
          instanceProfileNames: (InstanceProfileList ?? [])
            .map(({ InstanceProfileName }) => expected(InstanceProfileName, "InstanceProfileName", subject))
            .sort(),
        }))
        .sort((a, b) => (a.roleName < b.roleName ? -1 : 1));
    },
  };
}

async function allOf<Item>({ pages }: AccountList<Item>, signal: AbortSignal): Promise<readonly Item[]> {
  const items: Item[] = [];
  for await (const page of pages(signal)) items.push(...page);
  return items;
}
