import { TAG_PREFIX } from "../model/ownership.ts";
import type { Action } from "./action.ts";

/**
 * True for a write that removes grants, trust or an association; false for a write that only adds, and for the controller's own tags.
 * Overwriting a tag of the user counts, because policies can grant access by its value.
 */
export function removesAccess(action: Action): boolean {
  switch (action.kind) {
    case "PutRolePolicy":
    case "UpdateAssumeRolePolicy":
    case "CreatePolicyVersion":
      return action.changes.some((line) => !line.startsWith("+"));
    case "UpdateRole":
      return action.changes.some((line) => line.startsWith("~ maxSessionDurationSeconds"));
    case "TagRole":
    case "TagInstanceProfile":
    case "TagPolicy":
      return hasUserKey(Object.keys(action.tags));
    case "UntagRole":
    case "UntagInstanceProfile":
    case "UntagPolicy":
      return hasUserKey(action.tagKeys);
    case "PutRolePermissionsBoundary":
    case "DeleteRole":
    case "DeleteRolePolicy":
    case "DetachRolePolicy":
    case "DeleteInstanceProfile":
    case "RemoveRoleFromInstanceProfile":
    case "ReplaceIamInstanceProfileAssociation":
    case "DisassociateIamInstanceProfile":
      return true;
    case "CreateRole":
    case "DeleteRolePermissionsBoundary":
    case "AttachRolePolicy":
    case "CreateInstanceProfile":
    case "AddRoleToInstanceProfile":
    case "AssociateIamInstanceProfile":
    case "CreateTags":
    case "DeleteTags":
    case "CreatePolicy":
    // A policy is detached before it is deleted, and another version than the default one grants nothing.
    case "DeletePolicy":
    case "DeletePolicyVersion":
      return false;
  }
}

function hasUserKey(keys: readonly string[]): boolean {
  return keys.some((key) => !key.startsWith(TAG_PREFIX));
}
