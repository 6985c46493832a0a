import type { Tags } from "../model/ownership.ts";

/**
 * One write to AWS, as data. `kind` is the name of the API action, so a plan reads like the CloudTrail events that it causes.
 */
export type Action = IamAction | InstanceAction;

/** One write to IAM. Policy documents are minified, as they are sent. */
export type IamAction =
  | CreateRole
  | { readonly kind: "DeleteRole"; readonly roleName: string }
  | {
      readonly kind: "UpdateRole";
      readonly roleName: string;
      /** Always sent together with the duration, because IAM resets what an UpdateRole omits. */
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
      /** Statement-level differences from the observed policy; empty when the policy is new. */
      readonly changes: readonly string[];
    }
  | ({ readonly kind: "DeleteRolePolicy"; readonly roleName: string; readonly policyName: string } & Forcible)
  | {
      readonly kind: "AttachRolePolicy";
      readonly roleName: string;
      readonly policyArn: string;
      /** True for a managed policy of the object itself, which must then be proved to be its own. */
      readonly isOwn?: true;
    }
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
      /** Others manage the role, so the plan does not show what it allows. */
      readonly isExternal?: true;
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
    }
  | PolicyAction;

/** One write to a customer managed policy that the object owns. */
export type PolicyAction =
  | CreatePolicy
  | {
      /** The new version is the default one. */
      readonly kind: "CreatePolicyVersion";
      readonly ownPolicyArn: string;
      readonly document: string;
      /** Statement-level differences from the observed default version. */
      readonly changes: readonly string[];
    }
  | { readonly kind: "DeletePolicyVersion"; readonly ownPolicyArn: string; readonly versionId: string }
  | { readonly kind: "DeletePolicy"; readonly ownPolicyArn: string }
  | { readonly kind: "TagPolicy"; readonly ownPolicyArn: string; readonly tags: Tags }
  | { readonly kind: "UntagPolicy"; readonly ownPolicyArn: string; readonly tagKeys: readonly string[] };

/** A removal that can concern something unmanaged. */
interface Forcible {
  /** True when only the annotation `force-delete` allows the removal, which is then reported in its own Event. */
  readonly isForced?: true;
}

/** Creates the role with owner tags and boundary in one call, so that it is never unowned. */
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

/** Creates a managed policy with owner tags in one call, so that it is never unowned. It grants nothing until it is attached. */
export interface CreatePolicy {
  readonly kind: "CreatePolicy";
  readonly ownPolicyArn: string;
  readonly description: string;
  readonly document: string;
  readonly tags: Tags;
}

/** The API action of a write to IAM. */
export type IamActionKind = IamAction["kind"];

/**
 * ARN and id that AWS gave to what an action created. For an association: its own id, and the ARN of its profile. For a version of a managed
 * policy: the ARN of the policy, and the id of the version.
 */
export interface CreatedEntity {
  readonly arn: string;
  readonly id: string;
}

/** What AWS returned for an action that succeeded. */
export interface ActionOutcome {
  readonly created: CreatedEntity | undefined;
  /** True for a removal when AWS found nothing to remove: it is removed already, or a creation has not propagated yet. */
  readonly wasAbsent?: boolean;
}

/** An action that did not succeed, and why. */
export interface FailedAction {
  readonly action: Action;
  readonly error: unknown;
}

/** One write to EC2, as data; `kind` is the name of the EC2 API action that it becomes. */
export type InstanceAction = AssociationAction | InstanceTagAction;

/** A write to the association of one instance with an instance profile. */
export type AssociationAction =
  | {
      readonly kind: "AssociateIamInstanceProfile";
      readonly region: string;
      readonly instanceId: string;
      /** The name of the profile, which is known before IAM has created it. */
      readonly iamInstanceProfile: string;
    }
  | {
      /** EC2 accepts it for running instances only. */
      readonly kind: "ReplaceIamInstanceProfileAssociation";
      readonly region: string;
      readonly instanceId: string;
      /** The one that was seen: when it is there no more, EC2 refuses. */
      readonly associationId: string;
      readonly iamInstanceProfile: string;
      /** ARN of the profile that leaves. */
      readonly replaces: string;
    }
  | {
      readonly kind: "DisassociateIamInstanceProfile";
      readonly region: string;
      readonly instanceId: string;
      /** The one that was seen: when it is there no more, EC2 refuses. */
      readonly associationId: string;
      /** ARN of the profile that leaves. */
      readonly removes: string;
    };

/** A write of the controller's tag on an instance, whose value names the instance. */
export interface InstanceTagAction {
  readonly kind: "CreateTags" | "DeleteTags";
  readonly region: string;
  readonly instanceId: string;
  /** DeleteTags deletes a tag only if it has this value. */
  readonly tags: Tags;
}

const INSTANCE_ACTION_KINDS: ReadonlySet<string> = new Set<InstanceAction["kind"]>([
  "AssociateIamInstanceProfile",
  "ReplaceIamInstanceProfileAssociation",
  "DisassociateIamInstanceProfile",
  "CreateTags",
  "DeleteTags",
]);

/** True for writes to EC2; all other writes are to IAM. */
export function isInstanceAction<A extends { readonly kind: string }>(
  action: A,
): action is Extract<A, { readonly kind: InstanceAction["kind"] }> {
  return INSTANCE_ACTION_KINDS.has(action.kind);
}

/** True when the action writes to the instance. */
export function concernsInstance(action: InstanceAction, instanceId: string): boolean {
  return action.instanceId === instanceId;
}

/** True for writes of the controller's tag. */
export function isTagAction(action: InstanceAction): action is InstanceTagAction {
  return action.kind === "CreateTags" || action.kind === "DeleteTags";
}
