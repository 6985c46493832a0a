import type { InstanceProfileStatus } from "../api/instance-profile.ts";

/** The status of an object: what only the controller writes, and so the only evidence about its past. */
export type Evidence = Pick<InstanceProfileStatus, "accountId" | "class" | "role" | "instanceProfile">;

/** True when status shows that something of the object is, or is about to be, in AWS. */
export function hasTrace(status: Evidence | undefined): boolean {
  if (status === undefined) return false;
  return [status.class, status.role, status.instanceProfile, status.accountId].some((part) => part !== undefined);
}
