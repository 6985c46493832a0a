/** Tokens per second and the most that can be saved up. */
export interface BucketSize {
  readonly ratePerSecond: number;
  readonly burst: number;
}

/** Failures that AWS itself raises on writes now and then, and that pass by themselves. */
export type PassingWriteFault = "EntityTemporarilyUnmodifiable" | "ConcurrentModification" | "ServiceFailure";

/**
 * Where real IAM differs from a plain database. Each switch works alone and is off when absent. With the same seed and the
 * same calls the answers are the same.
 */
export interface Awkwardness {
  /**
   * Reads (and everything EC2 sees of IAM) show each entity as it was this long ago, creations and deletions included. A
   * range draws a delay per write; an entity never goes back to an older state.
   */
  readonly visibilityDelayMs?: number | { readonly min: number; readonly max: number };
  /**
   * Writes look at the delayed state too: PutRolePolicy just after CreateRole answers NoSuchEntity, DeleteRole just after
   * DeleteRolePolicy answers DeleteConflict, a trust policy cannot name a principal created just before. No effect without
   * `visibilityDelayMs`. Names are still unique at once.
   */
  readonly staleWrites?: boolean;
  /** IAM answers Throttling, EC2 RequestLimitExceeded, STS Throttling; one bucket each for reads and for writes of a service. */
  readonly throttle?: BucketSize;
  /** `Principal` lists of trust policies come in another order on every read. */
  readonly shufflePrincipals?: boolean;
  /** The members of JSON objects in trust policies, such as condition keys, come in another order on every read. */
  readonly shuffleKeys?: boolean;
  /** Lists of one element in trust policies come back as that element. */
  readonly collapseSingletons?: boolean;
  /** A trust policy without Version comes back with the default one, 2008-10-17. */
  readonly fillVersion?: boolean;
  /**
   * List calls answer in an order of their own, another for each listing, the same across the pages of one. Lists inside
   * other answers (tags, attachments, inline policies, profiles) come in another order on every read.
   */
  readonly shuffleLists?: boolean;
  /** List calls answer with few items or none, and IsTruncated, whatever MaxItems says. */
  readonly smallPages?: boolean;
  /** Every n-th IAM write fails with this code and is not carried out. */
  readonly failEveryNthWrite?: { readonly n: number; readonly code: PassingWriteFault };
  /** For this long after its creation a role's Arn is its unique id (`AROA…`). */
  readonly idAsArnMs?: number;
  /**
   * EC2 hears of a new instance profile, and of a role put into one, this much later than IAM's readers: until then it
   * refuses the profile as invalid, or as one that has no role.
   */
  readonly ec2ProfileDelayMs?: number;
  /** Instances and their profile associations take this long from state to state; at once when absent. */
  readonly ec2TransitionMs?: number;
}

/** Every switch on, at the strengths that AWS's users report; the delays are those of virtual time. */
export const everythingAwkward: Awkwardness = {
  visibilityDelayMs: { min: 1_000, max: 12_000 },
  staleWrites: true,
  throttle: { ratePerSecond: 10, burst: 20 },
  shufflePrincipals: true,
  shuffleKeys: true,
  collapseSingletons: true,
  fillVersion: true,
  shuffleLists: true,
  smallPages: true,
  failEveryNthWrite: { n: 5, code: "ConcurrentModification" },
  idAsArnMs: 5_000,
  ec2ProfileDelayMs: 10_000,
  ec2TransitionMs: 3_000,
};

/** What the switches say, looked up at each use so that a test can turn them in mid-flight. */
export class AwkwardnessSwitches {
  #current: Awkwardness;

  constructor(initial: Awkwardness) {
    this.#current = initial;
  }

  get current(): Awkwardness {
    return this.#current;
  }

  set(next: Awkwardness): void {
    this.#current = next;
  }
}
