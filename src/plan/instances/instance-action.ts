import type { Tags } from "../../model/ownership.ts";

/** One write to EC2, as data; `kind` is the name of the EC2 API action that it becomes. */
export type InstanceAction = AssociationAction | InstanceTagAction;

/** A write to the tie between one instance and a profile. */
export type AssociationAction =
  | {
      readonly kind: "AssociateIamInstanceProfile";
      readonly region: string;
      readonly instanceId: string;
      /** The profile by its name, which is known before IAM has made it. */
      readonly iamInstanceProfile: string;
    }
  | {
      /** EC2 takes it for running instances only. */
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

/** A write of the controller's one tag, whose value names the instance. */
export interface InstanceTagAction {
  readonly kind: "CreateTags" | "DeleteTags";
  readonly region: string;
  readonly instanceId: string;
  /** DeleteTags removes a tag only where it has this value. */
  readonly tags: Tags;
}

const KINDS: ReadonlySet<string> = new Set<InstanceAction["kind"]>([
  "AssociateIamInstanceProfile",
  "ReplaceIamInstanceProfileAssociation",
  "DisassociateIamInstanceProfile",
  "CreateTags",
  "DeleteTags",
]);

/** True for writes to EC2; all others are to IAM. */
export function isInstanceAction<A extends { readonly kind: string }>(
  action: A,
): action is Extract<A, { readonly kind: InstanceAction["kind"] }> {
  return KINDS.has(action.kind);
}

/** True when the action writes to the instance. */
export function isAbout(action: InstanceAction, instanceId: string): boolean {
  return action.instanceId === instanceId;
}

/** True for the writes of the controller's tag. */
export function isAboutTags(action: InstanceAction): action is InstanceTagAction {
  return action.kind === "CreateTags" || action.kind === "DeleteTags";
}
