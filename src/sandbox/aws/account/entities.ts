/** A tag as IAM keeps it; keys are compared without regard to case and keep the case they were given. */
export interface Tag {
  readonly key: string;
  readonly value: string;
}

/** An inline policy; the document is kept as it was sent, character by character. */
interface InlinePolicy {
  readonly name: string;
  readonly document: string;
}

/** An IAM role with everything that hangs on it. */
export interface Role {
  readonly name: string;
  readonly path: string;
  /** `AROA` and 17 characters; another one when a role of the same name is created again. */
  readonly id: string;
  readonly createdAtMs: number;
  /** The parsed trust policy, role and user principals replaced by their unique ids. */
  readonly trustPolicy: TrustPolicy;
  readonly description: string | undefined;
  readonly maxSessionSeconds: number;
  readonly boundaryArn: string | undefined;
  readonly tags: readonly Tag[];
  readonly inlinePolicies: readonly InlinePolicy[];
  readonly attachedPolicyArns: readonly string[];
}

/** A trust policy as parsed JSON; only `Statement` and its `Principal` are ever looked into. */
export type TrustPolicy = { readonly [element: string]: unknown };

/** An IAM instance profile; it holds at most one role, by name. */
export interface InstanceProfile {
  readonly name: string;
  readonly path: string;
  /** `AIPA` and 17 characters. */
  readonly id: string;
  readonly createdAtMs: number;
  readonly tags: readonly Tag[];
  readonly roleName: string | undefined;
}

/** A version of a managed policy; the document is kept as it was sent. */
export interface PolicyVersion {
  /** `v1`, `v2`, …; the number of a deleted version does not come again. */
  readonly id: string;
  readonly createdAtMs: number;
  readonly document: string;
}

/** A managed policy, the customer's or AWS's own. */
export interface ManagedPolicy {
  readonly name: string;
  readonly path: string;
  readonly arn: string;
  /** `ANPA` and 17 characters. */
  readonly id: string;
  readonly createdAtMs: number;
  readonly description: string | undefined;
  readonly tags: readonly Tag[];
  /** The oldest first; one at least. */
  readonly versions: readonly PolicyVersion[];
  readonly defaultVersionId: string;
  /** The number of the next version. */
  readonly nextVersion: number;
}

/** What a managed policy has when it is made: `v1`, which is the default. */
export function firstVersion(
  document: string,
  createdAtMs: number,
): Pick<ManagedPolicy, "versions" | "defaultVersionId" | "nextVersion"> {
  return { versions: [{ id: "v1", createdAtMs, document }], defaultVersionId: "v1", nextVersion: 2 };
}

/** What a managed policy says: the document of its default version. */
export function documentOf({ versions, defaultVersionId }: ManagedPolicy): string {
  return versions.find(({ id }) => id === defaultVersionId)?.document ?? "";
}

/** A launch template with its only version. */
export interface LaunchTemplate {
  readonly id: string;
  readonly name: string;
  readonly createdAtMs: number;
  readonly imageId: string | undefined;
  readonly instanceType: string | undefined;
  /** As it was given, whether or not there is such an instance profile. */
  readonly profileArn: string | undefined;
  readonly profileName: string | undefined;
  readonly tags: readonly Tag[];
}

/** Where an EC2 instance stays. */
type RestingState = "running" | "stopped" | "terminated";

/** What an EC2 instance does. */
export type InstanceState = "pending" | "stopping" | "shutting-down" | RestingState;

/** An EC2 instance of one region. */
export interface Instance {
  readonly id: string;
  readonly reservationId: string;
  readonly imageId: string;
  readonly instanceType: string;
  readonly launchIndex: number;
  readonly launchedAtMs: number;
  /** Where it is, or is on its way to since `movedAtMs`; `account/region.ts` tells which. */
  readonly state: RestingState;
  readonly movedAtMs: number;
  readonly tags: readonly Tag[];
  readonly clientToken: string | undefined;
  readonly subnetId: string | undefined;
  readonly keyName: string | undefined;
  readonly privateIpAddress: string;
}

/** The tie between an instance and a profile. It keeps the profile's ARN and id, whatever becomes of the profile. */
export interface ProfileAssociation {
  /** `iip-assoc-` and 17 hexadecimal digits. */
  readonly id: string;
  readonly instanceId: string;
  readonly profileArn: string;
  readonly profileId: string;
  readonly associatedAtMs: number;
  /** When it was replaced or taken away; it is still shown for as long as that takes. */
  readonly endedAtMs?: number;
}
