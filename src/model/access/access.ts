import type { JsonValue } from "../policy/policy-json.ts";

/**
 * What a principal may do, as IAM computes it: a request is allowed when every layer allows it. A layer allows a request when one of its
 * statements allows it and none denies it. The identity policies of a role are one layer; a permissions boundary is another. Without a layer,
 * nothing is allowed.
 */
export interface Access {
  /** Who may assume the role (`trust`), or what the role may do (`permissions`). */
  readonly use: "permissions" | "trust";
  readonly layers: readonly AccessLayer[];
}

/** Policy documents, as parsed JSON. A layer without documents allows nothing. */
export type AccessLayer = readonly JsonValue[];

/** Where a statement stands. */
export interface StatementPlace {
  /** The layer, the document in the layer and the statement in the document, each from 0. */
  readonly layer: number;
  readonly document: number;
  readonly statement: number;
  readonly sid: string | undefined;
}

/** A request that `to` allows and `from` does not. */
export interface AccessExample {
  readonly action: string;
  readonly resource: string;
  /** Trust only: the type and the name, such as `AWS:arn:aws:iam::111122223333:root` or `Service:ec2.amazonaws.com`. */
  readonly principal: string | undefined;
  /** The condition keys that the request must have, by lower-case name; it has no others. */
  readonly context: Readonly<Record<string, readonly string[]>>;
  /** True when an Allow of `from` matches the request too: `from` refuses it by a Deny. */
  readonly wasDenied: boolean;
  /** The Allow statement of `to` that allows it. */
  readonly place: StatementPlace;
  /** The action, and the resource or principal, of that statement that the request matches; undefined for `Not…`. */
  readonly actionPattern: string | undefined;
  readonly targetPattern: string | undefined;
}

/** Something that was not decided. It counts as new access wherever a decision depends on it. */
export interface UndecidedPart {
  /** Undefined when a whole side cannot be read. */
  readonly place: StatementPlace | undefined;
  /** Why, as a clause for a message: `it depends on the variable ${aws:username}`. */
  readonly reason: string;
}

/** The answer to "does `to` allow a request that `from` does not allow?". */
export type AccessComparison =
  /** A proof: there is no such request. */
  | { readonly verdict: "no-new-access" }
  /** At least one example, at most one for each Allow statement of `to`. */
  | {
      readonly verdict: "new-access";
      readonly examples: readonly AccessExample[];
      readonly undecided: readonly UndecidedPart[];
    }
  | { readonly verdict: "undecided"; readonly undecided: readonly UndecidedPart[] };
