import {
  GetAccountAuthorizationDetailsCommand,
  type IAMClient,
  type InstanceProfile,
  ListInstanceProfilesCommand,
  ListRolesCommand,
  type ManagedPolicyDetail,
  type Role,
  type RoleDetail,
} from "@aws-sdk/client-iam";
import type { AwsCaller } from "../call/aws-call.ts";
import type { AwsCallSubject } from "../errors/aws-errors.ts";
import { eachPage, type Page } from "./pages.ts";

/** The IAM read actions of an account scan. */
export const IAM_SNAPSHOT_READS = ["GetAccountAuthorizationDetails", "ListRoles", "ListInstanceProfiles"] as const;

/** IAM's maximum; pages can be shorter. */
const PAGE_SIZE = 1000;

/**
 * Page size for roles with their policies, which are all in memory at once: half as long as a page of maximum size, with the same
 * number of pages for an account with a thousand roles in addition to AWS's own. See docs/explanation/scale.md.
 */
const REPORT_PAGE_SIZE = 550;

/** IAM takes some seconds for a page of a thousand roles with all policies. */
const PAGE_TIMEOUT_MS = 60_000;

/**
 * The delays before a page is requested again after AWS failed. One failure among many pages would waste those before it, and the first
 * scan of a process would be replaced by reads of each object.
 */
const RESEND_AFTER_MS = [1_000, 4_000];

/** One list of the account: its pages of SDK items, and its subject for errors. */
export interface AccountList<Item> {
  readonly subject: AwsCallSubject;
  pages(signal: AbortSignal): AsyncIterable<readonly Item[]>;
}

/** The lists of a whole account. Errors of their pages: as {@link eachPage}. */
export interface AccountLists {
  /** Every role with its policies and tags. */
  readonly reportedRoles: AccountList<RoleDetail>;
  /** The same with every customer managed policy. */
  readonly reportedRolesAndPolicies: AccountList<RoleDetail | ManagedPolicyDetail>;
  readonly roles: AccountList<Role>;
  /** Instance profiles under a path; `/` for all. */
  instanceProfiles(pathPrefix: string): AccountList<InstanceProfile>;
}

/** Creates the lists. Their calls have the urgency of the caller. */
export function accountLists(iam: IAMClient, call: AwsCaller): AccountLists {
  return {
    reportedRoles: report(call, "the account's roles", async (Marker, options) => {
      const request = { Filter: ["Role" as const], MaxItems: REPORT_PAGE_SIZE, Marker };
      const page = await iam.send(new GetAccountAuthorizationDetailsCommand(request), options);
      return { ...page, items: page.RoleDetailList };
    }),
    reportedRolesAndPolicies: report(call, "the account's roles and policies", async (Marker, options) => {
      const filter = ["Role", "LocalManagedPolicy"] as const;
      const request = { Filter: [...filter], MaxItems: REPORT_PAGE_SIZE, Marker };
      const { RoleDetailList, Policies, ...page } = await iam.send(
        new GetAccountAuthorizationDetailsCommand(request),
        options,
      );
      return { ...page, items: RoleDetailList && Policies && [...RoleDetailList, ...Policies] };
    }),
    roles: list(call, "ListRoles", "the account's roles", async (Marker, options) => {
      const page = await iam.send(new ListRolesCommand({ MaxItems: PAGE_SIZE, Marker }), options);
      return { ...page, items: page.Roles };
    }),
    instanceProfiles: (pathPrefix) => {
      const under = pathPrefix === "/" ? {} : { PathPrefix: pathPrefix };
      const entity = pathPrefix === "/" ? "the account's instance profiles" : `instance profiles under ${pathPrefix}`;
      return list(call, "ListInstanceProfiles", entity, async (Marker, options) => {
        const page = await iam.send(
          new ListInstanceProfilesCommand({ ...under, MaxItems: PAGE_SIZE, Marker }),
          options,
        );
        return { ...page, items: page.InstanceProfiles };
      });
    },
  };
}

function report<Item>(
  call: AwsCaller,
  entity: string,
  send: (marker: string | undefined, options: { readonly abortSignal: AbortSignal }) => Promise<Page<Item>>,
): AccountList<Item> {
  return list(call, "GetAccountAuthorizationDetails", entity, send);
}

function list<Item>(
  call: AwsCaller,
  operation: (typeof IAM_SNAPSHOT_READS)[number],
  entity: string,
  send: (marker: string | undefined, options: { readonly abortSignal: AbortSignal }) => Promise<Page<Item>>,
): AccountList<Item> {
  const subject = { service: "IAM", operation, entity } as const;
  const read = { ...subject, isRead: true, timeoutMs: PAGE_TIMEOUT_MS, resendAfterMs: RESEND_AFTER_MS };
  return {
    subject,
    pages: (signal) =>
      eachPage(subject, (marker) => call({ ...read, send: (abortSignal) => send(marker, { abortSignal }) }, signal)),
  };
}
