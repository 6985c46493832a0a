import type { Unsearched } from "../../model/instances/instance.ts";
import type { RoleUse } from "./role-use.ts";

/** Whether an instance profile is used. */
export type ProfileUse =
  | { readonly state: "used"; readonly instances: number; readonly launchTemplates: number }
  | { readonly state: "unused" }
  | { readonly state: "unknown"; readonly why: string }
  /** The object has no instance profile in AWS. */
  | { readonly state: "absent" };

/** One object, and whether what it has in AWS is used. */
export interface ObjectUse {
  readonly namespace: string;
  readonly name: string;
  /** The class that accepted the object, or that it names; unset: none. */
  readonly className?: string;
  /** Unset: status does not say. */
  readonly accountId?: string;
  readonly role: (RoleUse | { readonly state: "absent" }) & { readonly name?: string };
  readonly instanceProfile: ProfileUse & { readonly name?: string };
  /** As the controller reported them. */
  readonly unmanagedPolicies: readonly string[];
}

/** What is used and what is not. */
export interface UsageReport {
  /** RFC 3339. */
  readonly time: string;
  /** The days without a use that make a role unused. */
  readonly unusedForDays: number;
  readonly objects: readonly ObjectUse[];
  /** What was not read, and why. */
  readonly notRead: readonly string[];
}

/** Counts of the objects of one namespace and class. */
export interface UsageGroup {
  readonly namespace: string;
  /** Unset: objects without a class. */
  readonly className?: string;
  readonly objects: number;
  readonly unusedRoles: number;
  readonly unknownRoles: number;
  readonly unusedProfiles: number;
  readonly unknownProfiles: number;
  readonly unmanagedPolicies: number;
}

/** The objects that the report is about, by finding. */
export interface Findings {
  readonly unusedRoles: readonly ObjectUse[];
  readonly unusedProfiles: readonly ObjectUse[];
  readonly unmanagedPolicies: readonly ObjectUse[];
}

/** The findings of a report. */
export function findingsOf({ objects }: Pick<UsageReport, "objects">): Findings {
  return {
    unusedRoles: objects.filter(({ role }) => role.state === "unused"),
    unusedProfiles: objects.filter(({ instanceProfile }) => instanceProfile.state === "unused"),
    unmanagedPolicies: objects.filter(({ unmanagedPolicies }) => unmanagedPolicies.length > 0),
  };
}

/** The counts by namespace and class, sorted. */
export function groupsOf(objects: readonly ObjectUse[]): readonly UsageGroup[] {
  const keyOf = ({ namespace, className = "" }: ObjectUse): string => `${namespace} ${className}`;
  return [...Map.groupBy(objects, keyOf)].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => groupOf(group));
}

function groupOf(group: readonly ObjectUse[]): UsageGroup {
  const { namespace = "", className } = group[0] ?? {};
  const { unusedRoles, unusedProfiles, unmanagedPolicies } = findingsOf({ objects: group });
  return {
    namespace,
    ...(className !== undefined && { className }),
    objects: group.length,
    unusedRoles: unusedRoles.length,
    unknownRoles: group.filter(({ role }) => role.state === "unknown").length,
    unusedProfiles: unusedProfiles.length,
    unknownProfiles: group.filter(({ instanceProfile }) => instanceProfile.state === "unknown").length,
    unmanagedPolicies: unmanagedPolicies.length,
  };
}

/** What was not searched for users of instance profiles, as lines. */
export function unsearchedLines(unsearched: readonly Unsearched[]): readonly string[] {
  return unsearched.map(({ region, isOfTemplates, why }) => {
    const what = isOfTemplates === true ? "launch templates" : "instances";
    return region === undefined ? `the regions that the account has enabled: ${why}` : `${what} in ${region}: ${why}`;
  });
}
