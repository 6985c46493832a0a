import type { Tags } from "../model/ownership.ts";
import type { InstanceAction } from "./instances/instance-action.ts";

/**
 * One write to AWS, as data. `kind` is the name of the API action it becomes, so a plan reads like the CloudTrail it will
 * cause.
 */
export type Action = IamAction | InstanceAction;

/** One write to IAM. Policy documents are the minified text as sent. */
export type IamAction =
  | CreateRole
  | { readonly kind: "DeleteRole"; readonly roleName: string }
  | {
      readonly kind: "UpdateRole";
      readonly roleName: string;
      /** Sent together with the duration always: IAM resets what an UpdateRole leaves out. */
      readonly description: string;
      readonly maxSessionDurationSeconds: number;
      readonly changes: readonly string[];
    }
  | {
      readonly kind: "UpdateAssumeRolePolicy";
      readonly roleName: string;
      readonly document: string;
      readonly changes: readonly string[];
    }
  | {
      readonly kind: "PutRolePermissionsBoundary";
      readonly roleName: string;
      readonly permissionsBoundaryArn: string;
    }
  | { readonly kind: "DeleteRolePermissionsBoundary"; readonly roleName: string }
  | {
      readonly kind: "PutRolePolicy";
      readonly roleName: string;
      readonly policyName: string;
      readonly document: string;
      /** Statement-level differences to what is there; empty when the policy is new. */
      readonly changes: readonly string[];
    }
  | ({ readonly kind: "DeleteRolePolicy"; readonly roleName: string; readonly policyName: string } & Forcible)
  | { readonly kind: "AttachRolePolicy"; readonly roleName: string; readonly policyArn: string }
  | ({ readonly kind: "DetachRolePolicy"; readonly roleName: string; readonly policyArn: string } & Forcible)
  | { readonly kind: "TagRole"; readonly roleName: string; readonly tags: Tags }
  | { readonly kind: "UntagRole"; readonly roleName: string; readonly tagKeys: readonly string[] }
  | {
      readonly kind: "CreateInstanceProfile";
      readonly instanceProfileName: string;
      readonly path: string;
      readonly tags: Tags;
    }
  | { readonly kind: "DeleteInstanceProfile"; readonly instanceProfileName: string }
  | {
      readonly kind: "AddRoleToInstanceProfile";
      readonly instanceProfileName: string;
      readonly roleName: string;
    }
  | ({
      readonly kind: "RemoveRoleFromInstanceProfile";
      readonly instanceProfileName: string;
      readonly roleName: string;
    } & Forcible)
  | { readonly kind: "TagInstanceProfile"; readonly instanceProfileName: string; readonly tags: Tags }
  | {
      readonly kind: "UntagInstanceProfile";
      readonly instanceProfileName: string;
      readonly tagKeys: readonly string[];
    };

/** A removal that may be of what somebody else has put there. */
interface Forcible {
  /** True when it is not the object's to remove but for the annotation `force-delete`: told in an Event of its own. */
  readonly isForced?: true;
}

/** Makes the role whole in one call: with owner tags and boundary, so there is no moment in which it is nobody's. */
export interface CreateRole {
  readonly kind: "CreateRole";
  readonly roleName: string;
  readonly path: string;
  readonly description: string;
  readonly maxSessionDurationSeconds: number;
  readonly permissionsBoundaryArn: string | undefined;
  /** The trust policy, minified. */
  readonly document: string;
  readonly tags: Tags;
}

/** The API action of a write to IAM. */
export type IamActionKind = IamAction["kind"];

/**
 * Names and ids that AWS gave to what an action made; what a later read would say. Of an association: its own id, and the
 * ARN of its profile.
 */
export interface CreatedEntity {
  readonly arn: string;
  readonly id: string;
}

/** What is known after an action succeeded, beyond that it did. */
export interface ActionOutcome {
  readonly created: CreatedEntity | undefined;
  /** True of a removal when AWS knew nothing to remove: its aim is reached, or AWS does not show it everywhere yet. */
  readonly wasAbsent?: boolean;
}

/** An action that did not succeed, and why. */
export interface FailedAction {
  readonly action: Action;
  readonly error: unknown;
}
