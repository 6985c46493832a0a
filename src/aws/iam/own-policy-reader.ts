import {
  GetPolicyCommand,
  GetPolicyVersionCommand,
  type IAMClient,
  ListEntitiesForPolicyCommand,
  ListPolicyVersionsCommand,
  type PolicyVersion,
} from "@aws-sdk/client-iam";
import type { IamReader, ManagedPolicyFacts, PolicyUser } from "../../engine/ports.ts";
import { ABSENT, type Absent } from "../../model/observed-state.ts";
import type { AwsCaller } from "../call/aws-call.ts";
import type { AwsCallSubject } from "../errors/aws-errors.ts";
import { requireField } from "../errors/require-field.ts";
import { managedPolicyFactsOf, sortedVersions } from "./iam-entities.ts";
import { allPages, type Page } from "./pages.ts";

/** The IAM read actions for the managed policies that an object owns; the last one only for a policy that others use too. */
export const IAM_OWN_POLICY_READS = [
  "GetPolicy",
  "GetPolicyVersion",
  "ListPolicyVersions",
  "ListEntitiesForPolicy",
] as const;

/** The part of an IamReader that reads managed policies. */
export type OwnPolicyReader = Pick<
  IamReader,
  "getPolicy" | "getPolicyVersion" | "listPolicyVersions" | "listEntitiesForPolicy"
>;

// IAM's maximum; pages can be shorter.
const PAGE_SIZE = 1000;

/** Creates the reads of the managed policies that an object owns. */
export function createOwnPolicyReader(iam: IAMClient, call: AwsCaller): OwnPolicyReader {
  return {
    async getPolicy(policyArn, signal): Promise<ManagedPolicyFacts | Absent> {
      const read = reading("GetPolicy", policyArn);
      const command = new GetPolicyCommand({ PolicyArn: policyArn });
      return call(
        {
          ...read,
          send: async (abortSignal) => managedPolicyFactsOf((await iam.send(command, { abortSignal })).Policy, read),
          whenNoSuchEntity: (): ManagedPolicyFacts | Absent => ABSENT,
        },
        signal,
      );
    },

    async getPolicyVersion(policyArn, versionId, signal): Promise<string | undefined> {
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

    async listPolicyVersions(policyArn, signal): Promise<readonly string[]> {
      const read = reading("ListPolicyVersions", policyArn);
      const versions = await allPages(read, async (marker) => {
        const command = new ListPolicyVersionsCommand({ PolicyArn: policyArn, MaxItems: PAGE_SIZE, Marker: marker });
        return call<Page<PolicyVersion>>(
          {
            ...read,
            send: async (abortSignal) => {
              const page = await iam.send(command, { abortSignal });
              return { ...page, items: page.Versions };
            },
            whenNoSuchEntity: () => ({ items: [] }),
          },
          signal,
        );
      });
      return sortedVersions(versions.map(({ VersionId }) => requireField(VersionId, "VersionId", read)));
    },

    listEntitiesForPolicy: (policyArn, signal) => entitiesOf(policyArn, iam, call, signal),
  };
}

/** IAM pages over users, groups and roles together. */
async function entitiesOf(
  policyArn: string,
  iam: IAMClient,
  call: AwsCaller,
  signal: AbortSignal,
): Promise<readonly PolicyUser[]> {
  const read = reading("ListEntitiesForPolicy", policyArn);
  const found = await allPages<PolicyUser>(read, async (marker) => {
    const command = new ListEntitiesForPolicyCommand({ PolicyArn: policyArn, MaxItems: PAGE_SIZE, Marker: marker });
    const page = await call({ ...read, send: (abortSignal) => iam.send(command, { abortSignal }) }, signal);
    const items: readonly PolicyUser[] = [
      ...(page.PolicyRoles ?? []).map(({ RoleName }) => ({ kind: "role" as const, name: RoleName ?? "" })),
      ...(page.PolicyUsers ?? []).map(({ UserName }) => ({ kind: "user" as const, name: UserName ?? "" })),
      ...(page.PolicyGroups ?? []).map(({ GroupName }) => ({ kind: "group" as const, name: GroupName ?? "" })),
    ];
    return { IsTruncated: page.IsTruncated, Marker: page.Marker, items };
  });
  return found.sort((a, b) => (`${a.kind} ${a.name}` < `${b.kind} ${b.name}` ? -1 : 1));
}

function reading(
  operation: (typeof IAM_OWN_POLICY_READS)[number],
  policyArn: string,
): AwsCallSubject & { readonly isRead: true } {
  return { service: "IAM", operation, entity: `managed policy ${policyArn}`, isRead: true };
}
