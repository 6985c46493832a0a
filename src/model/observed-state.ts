import type { ObservedInstances, ProfileUsers } from "./instances/instance.ts";
import type { Tags } from "./ownership.ts";

/** Read and not there. A failed read is never this: it is an error. */
export interface Absent {
  readonly presence: "absent";
}

/** The one value of {@link Absent}. */
export const ABSENT: Absent = { presence: "absent" };

/** What GetRole says of a role. */
export interface RoleFacts {
  readonly presence: "present";
  readonly roleName: string;
  /** Right after creation IAM may give the unique id here instead of an ARN. */
  readonly arn: string;
  /** `AROA…`; a role deleted and made again has another one. */
  readonly roleId: string;
  readonly path: string;
  readonly description: string;
  readonly maxSessionDurationSeconds: number;
  readonly permissionsBoundaryArn: string | undefined;
  readonly tags: Tags;
  /** The trust policy as IAM returns it, percent-encoded or not. */
  readonly trustPolicy: string;
}

/** A role with its policies. */
export interface ObservedRole extends RoleFacts {
  /** Every inline policy's name, sorted. */
  readonly inlinePolicyNames: readonly string[];
  /** Documents as IAM returns them, of those inline policies whose content matters to the plan. */
  readonly inlinePolicyDocuments: Readonly<Record<string, string>>;
  /** Attached managed policies, sorted. */
  readonly managedPolicyArns: readonly string[];
  /** The instance profiles that hold it, sorted; undefined where nobody has asked. */
  readonly instanceProfileNames?: readonly string[];
}

/** What GetInstanceProfile says. */
export interface ObservedInstanceProfile {
  readonly presence: "present";
  readonly instanceProfileName: string;
  readonly arn: string;
  /** `AIPA…` */
  readonly id: string;
  readonly path: string;
  readonly tags: Tags;
  /** IAM allows one role at most. */
  readonly roleName: string | undefined;
}

/** All that AWS has of one InstanceProfile object. Plain JSON: a test can write it down. */
export interface ObservedState {
  readonly role: ObservedRole | Absent;
  readonly instanceProfile: ObservedInstanceProfile | Absent;
  /** Not there when nothing in EC2 is, or ever was, the object's concern. */
  readonly instances?: ObservedInstances;
  /** The instances that use an instance profile that the object may adopt; not there for any other profile. */
  readonly adoptedUsers?: ProfileUsers;
}
