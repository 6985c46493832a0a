import type { Tags } from "../../model/ownership.ts";

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

const KINDS: ReadonlySet<string> = new Set<InstanceAction["kind"]>([
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
  return KINDS.has(action.kind);
}

/** True when the action writes to the instance. */
export function concernsInstance(action: InstanceAction, instanceId: string): boolean {
  return action.instanceId === instanceId;
}

/** True for writes of the controller's tag. */
export function isTagAction(action: InstanceAction): action is InstanceTagAction {
  return action.kind === "CreateTags" || action.kind === "DeleteTags";
}
