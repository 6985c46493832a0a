/** The instances that are associated with the instance profile: by tags or by id, never both. */
export type InstancesSpec = InstancesSpecBase &
  (
    | { readonly selector: InstanceSelector; readonly ids?: never }
    | { readonly ids: readonly string[]; readonly selector?: never }
  );

/** The region of the instances, and what to do about another instance profile. */
export interface InstancesSpecBase {
  readonly region: string;
  readonly onConflict: "Keep" | "Replace";
}

/** Selects instances that have all of the tags; never empty. */
export interface InstanceSelector {
  readonly matchTags: Readonly<Record<string, string>>;
}

/** Counts over the matching instances; those in conflict and those refused are neither associated nor pending. */
export interface InstancesStatus {
  readonly matched: number;
  readonly associated: number;
  readonly pending: number;
  /** Instances that cannot have the instance profile, and why, one line each, truncated; unset when there are none. */
  readonly conflicts?: readonly string[];
  /** Writes to instances that AWS refused, and why, one line each, truncated; unset when there are none. */
  readonly refused?: readonly string[];
  /** Unset until the controller has recorded that the object claims these instances. */
  readonly claim?: InstancesClaim;
}

/** The record of a claim on instances: only the controller writes status, so it is evidence where metadata and spec are not. */
export interface InstancesClaim {
  /** RFC 3339 with milliseconds; later than that of every claim on instances of the region that was recorded before. */
  readonly time: string;
  /** The uid of the object, the region, and the tags or ids, as JSON. */
  readonly selection: string;
}
