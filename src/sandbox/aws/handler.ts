import type { Account } from "./account/account.ts";
import type { Session } from "./account/session.ts";
import type { Cloud } from "./cloud.ts";
import type { XmlTree } from "./protocol/answer.ts";
import type { Params } from "./protocol/params.ts";

/** Who calls, as STS would say. */
export interface Caller {
  readonly account: Account;
  readonly arn: string;
  readonly userId: string;
  /** The temporary credentials used; undefined for the developer, who may do everything. */
  readonly session: Session | undefined;
}

/** Everything a handler may use. */
export interface Call {
  readonly cloud: Cloud;
  /** The caller's. */
  readonly account: Account;
  readonly params: Params;
  readonly caller: Caller;
  /** The region that the call was signed for; only EC2 keeps things by region. */
  readonly region: string;
}

/** A permission that a call needs beside the one named after it, and on what. */
export interface Permission {
  /** `iam:PassRole` */
  readonly action: string;
  readonly resource: string;
}

/** One operation of a service. */
export interface Operation {
  readonly kind: "read" | "write";
  /** Changes and answers at once, or throws an AwsFault and changes nothing. No result: the operation has none. */
  readonly handle: (call: Call) => XmlTree | undefined;
  /** Permissions beside the operation's own that AWS asks for. */
  readonly alsoNeeds?: (call: Call) => readonly Permission[];
}

/** The operations of a service by name. */
export type Operations = Readonly<Record<string, Operation>>;
