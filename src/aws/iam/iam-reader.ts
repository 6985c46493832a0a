import {
  GetInstanceProfileCommand,
  GetPolicyCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  type IAMClient,
  ListAttachedRolePoliciesCommand,
  ListInstanceProfilesForRoleCommand,
  ListRolePoliciesCommand,
} from "@aws-sdk/client-iam";
import type { IamReader, PolicyReader } from "../../engine/ports.ts";
import { ABSENT, type Absent, type ObservedInstanceProfile, type RoleFacts } from "../../model/observed-state.ts";
import type { AwsCaller } from "../call/aws-call.ts";
import type { AwsCallSubject } from "../errors/aws-errors.ts";
import { requireField } from "../errors/require-field.ts";
import { instanceProfileOf, roleFactsOf } from "./iam-entities.ts";
import { createOwnPolicyReader, type OwnPolicyReader } from "./own-policy-reader.ts";
import { allPages } from "./pages.ts";

/** The IAM read actions; the last one only before a deletion. */
export const IAM_READS = [
  "GetRole",
  "ListRolePolicies",
  "GetRolePolicy",
  "ListAttachedRolePolicies",
  "GetInstanceProfile",
  "ListInstanceProfilesForRole",
] as const;

/** The IAM read actions that only the controller uses, to verify the permissions boundaries of classes. */
export const IAM_BOUNDARY_READS = ["GetPolicy"] as const;

type IamRead = (typeof IAM_READS)[number] | (typeof IAM_BOUNDARY_READS)[number];

// IAM's maximum; pages can be shorter.
const PAGE_SIZE = 1000;

/** Creates the reader of IAM entities. */
export function createIamReader(iam: IAMClient, call: AwsCaller): IamReader & PolicyReader {
  return { ...createEntityReader(iam, call), ...createListReader(iam, call), ...createOwnPolicyReader(iam, call) };
}

type Lists = "listRolePolicies" | "listAttachedRolePolicies" | "listInstanceProfilesForRole";

function createEntityReader(
  iam: IAMClient,
  call: AwsCaller,
): Omit<IamReader, Lists | keyof OwnPolicyReader> & PolicyReader {
  return {
    async getRole(roleName, signal): Promise<RoleFacts | Absent> {
      const read = reading("GetRole", `role ${roleName}`);
      const command = new GetRoleCommand({ RoleName: roleName });
      return call(
        {
          ...read,
          send: async (abortSignal) => roleFactsOf((await iam.send(command, { abortSignal })).Role, read),
          whenNoSuchEntity: (): RoleFacts | Absent => ABSENT,
        },
        signal,
      );
    },

    async getRolePolicy(roleName, policyName, signal): Promise<string | undefined> {
      const read = reading("GetRolePolicy", `inline policy ${policyName} of role ${roleName}`);
      const command = new GetRolePolicyCommand({ RoleName: roleName, PolicyName: policyName });
      return call<string | undefined>(
        {
          ...read,
          send: async (abortSignal) =>
            requireField((await iam.send(command, { abortSignal })).PolicyDocument, "PolicyDocument", read),
          whenNoSuchEntity: () => undefined,
        },
        signal,
      );
    },

    async getInstanceProfile(instanceProfileName, signal): Promise<ObservedInstanceProfile | Absent> {
      const read = reading("GetInstanceProfile", `instance profile ${instanceProfileName}`);
      const command = new GetInstanceProfileCommand({ InstanceProfileName: instanceProfileName });
      return call(
        {
          ...read,
          send: async (abortSignal) =>
            instanceProfileOf((await iam.send(command, { abortSignal })).InstanceProfile, read),
          whenNoSuchEntity: (): ObservedInstanceProfile | Absent => ABSENT,
        },
        signal,
      );
    },

    async policyExists(policyArn, signal): Promise<boolean> {
      const command = new GetPolicyCommand({ PolicyArn: policyArn });
      return call<boolean>(
        {
          ...reading("GetPolicy", `managed policy ${policyArn}`),
          send: async (abortSignal) => (await iam.send(command, { abortSignal })).Policy !== undefined,
          whenNoSuchEntity: () => false,
        },
        signal,
      );
    },
  };
}

/** Creates the reads of a role's policies and profiles, which are paginated. */
function createListReader(iam: IAMClient, call: AwsCaller): Pick<IamReader, Lists> {
  return {
    async listRolePolicies(roleName, signal): Promise<readonly string[]> {
      const read = reading("ListRolePolicies", `role ${roleName}`);
      const names = await allPages(read, async (marker) => {
        const command = new ListRolePoliciesCommand({ RoleName: roleName, MaxItems: PAGE_SIZE, Marker: marker });
        const page = await call({ ...read, send: (abortSignal) => iam.send(command, { abortSignal }) }, signal);
        return { ...page, items: page.PolicyNames };
      });
      return names.sort();
    },

    async listAttachedRolePolicies(roleName, signal): Promise<readonly string[]> {
      const read = reading("ListAttachedRolePolicies", `role ${roleName}`);
      const policies = await allPages(read, async (marker) => {
        const command = new ListAttachedRolePoliciesCommand({
          RoleName: roleName,
          MaxItems: PAGE_SIZE,
          Marker: marker,
        });
        const page = await call({ ...read, send: (abortSignal) => iam.send(command, { abortSignal }) }, signal);
        return { ...page, items: page.AttachedPolicies };
      });
      return policies.map((policy) => requireField(policy.PolicyArn, "PolicyArn", read)).sort();
    },

    async listInstanceProfilesForRole(roleName, signal): Promise<readonly string[]> {
      const read = reading("ListInstanceProfilesForRole", `role ${roleName}`);
      const profiles = await allPages(read, async (marker) => {
        const command = new ListInstanceProfilesForRoleCommand({
          RoleName: roleName,
          MaxItems: PAGE_SIZE,
          Marker: marker,
        });
        const page = await call({ ...read, send: (abortSignal) => iam.send(command, { abortSignal }) }, signal);
        return { ...page, items: page.InstanceProfiles };
      });
      return profiles.map((profile) => requireField(profile.InstanceProfileName, "InstanceProfileName", read)).sort();
    },
  };
}

function reading(operation: IamRead, entity: string): AwsCallSubject & { readonly isRead: true } {
  return { service: "IAM", operation, entity, isRead: true };
}
