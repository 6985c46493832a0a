import type { InstanceProfileStatus } from "../api/instance-profile.ts";

/** The part of an object's status that is evidence about its past, because only the controller writes it. */
export type Evidence = Pick<InstanceProfileStatus, "accountId" | "class" | "role" | "instanceProfile">;

/** True when status shows that the object has, or is about to have, entities in AWS. */
export function hasTrace(status: Evidence | undefined): boolean {
  if (status === undefined) return false;
  const { class: accepted, role, instanceProfile, accountId } = status;
  return [accepted, role?.arn, instanceProfile?.arn, accountId].some((part) => part !== undefined);
}
