import {
  GetAccountAuthorizationDetailsCommand,
  type IAMClient,
  ListInstanceProfilesCommand,
} from "@aws-sdk/client-iam";
import type { IamInventory, TaggedRole } from "../engine/inventory.ts";
import type { AwsCaller } from "./aws-call.ts";
import type { AwsCallSubject } from "./aws-errors.ts";
import { expected } from "./expected-reply.ts";
import { tagsOf } from "./iam-entities.ts";
import { allPages } from "./pages.ts";

/** The IAM actions that taking stock calls, beside those of reading. */
export const IAM_INVENTORY_READS = ["GetAccountAuthorizationDetails", "ListInstanceProfiles"] as const;

// IAM's maximum; it may send shorter pages all the same.
const PAGE_SIZE = 1000;

/** Takes stock through the IAM query API. */
export function createIamInventory(iam: IAMClient, call: AwsCaller): IamInventory {
  return {
    async instanceProfileNames(pathPrefix, signal): Promise<readonly string[]> {
      const read = reading("ListInstanceProfiles", `instance profiles under ${pathPrefix}`);
      const profiles = await allPages(read, async (marker) => {
        const command = new ListInstanceProfilesCommand({
          PathPrefix: pathPrefix,
          MaxItems: PAGE_SIZE,
          Marker: marker,
        });
        const page = await call({ ...read, send: (abortSignal) => iam.send(command, { abortSignal }) }, signal);
        return { ...page, items: page.InstanceProfiles };
      });
      return profiles
        .filter(({ Path = "/" }) => Path.startsWith(pathPrefix))
        .map(({ InstanceProfileName }) => expected(InstanceProfileName, "InstanceProfileName", read))
        .sort();
    },

    async taggedRoles(signal): Promise<readonly TaggedRole[]> {
      const read = reading("GetAccountAuthorizationDetails", "the roles of the account");
      const roles = await allPages(read, async (marker) => {
        const command = new GetAccountAuthorizationDetailsCommand({
          Filter: ["Role"],
          MaxItems: PAGE_SIZE,
          Marker: marker,
        });
        const page = await call({ ...read, send: (abortSignal) => iam.send(command, { abortSignal }) }, signal);
        return { ...page, items: page.RoleDetailList };
      });
      return roles
        .map(({ RoleName, Tags, InstanceProfileList }) => ({
          roleName: expected(RoleName, "RoleName", read),
          tags: tagsOf(Tags, read),
          instanceProfileNames: (InstanceProfileList ?? [])
            .map(({ InstanceProfileName }) => expected(InstanceProfileName, "InstanceProfileName", read))
            .sort(),
        }))
        .sort((a, b) => (a.roleName < b.roleName ? -1 : 1));
    },
  };
}

function reading(
  operation: (typeof IAM_INVENTORY_READS)[number],
  entity: string,
): AwsCallSubject & { readonly isRead: true } {
  return { service: "IAM", operation, entity, isRead: true };
}
