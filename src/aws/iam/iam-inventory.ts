import type { IAMClient } from "@aws-sdk/client-iam";
import type { IamInventory, TaggedRole } from "../../engine/ports.ts";
import type { AwsCaller } from "../call/aws-call.ts";
import { requireField } from "../errors/require-field.ts";
import { type AccountList, accountLists } from "./account-pages.ts";
import { tagsOf } from "./iam-entities.ts";

/** The IAM read actions of the inventory, besides those of the reader. */
export const IAM_INVENTORY_READS = ["GetAccountAuthorizationDetails", "ListInstanceProfiles"] as const;

/** Creates the inventory of instance profiles and tagged roles. */
export function createIamInventory(iam: IAMClient, call: AwsCaller): IamInventory {
  const lists = accountLists(iam, call);
  return {
    async instanceProfileNames(pathPrefix, signal): Promise<readonly string[]> {
      const list = lists.instanceProfiles(pathPrefix);
      return (await allOf(list, signal))
        .filter(({ Path = "/" }) => Path.startsWith(pathPrefix))
        .map(({ InstanceProfileName }) => requireField(InstanceProfileName, "InstanceProfileName", list.subject))
        .sort();
    },

    async taggedRoles(signal): Promise<readonly TaggedRole[]> {
      const { subject } = lists.reportedRoles;
      return (await allOf(lists.reportedRoles, signal))
        .map(({ RoleName, Tags, InstanceProfileList }) => ({
          roleName: requireField(RoleName, "RoleName", subject),
          tags: tagsOf(Tags, subject),
          instanceProfileNames: (InstanceProfileList ?? [])
            .map(({ InstanceProfileName }) => requireField(InstanceProfileName, "InstanceProfileName", subject))
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
