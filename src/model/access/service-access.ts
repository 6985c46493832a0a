/** What IAM knows of a role's requests to one service, allowed or denied. */
export interface ServiceAccess {
  /** The prefix of its actions, in lower case: `s3`. */
  readonly service: string;
  /** RFC 3339; unset: no request in the tracking period. */
  readonly lastAccessed?: string;
  /** The actions that IAM tracks one by one, as far as it lists them. It tracks no action that it does not list. */
  readonly trackedActions: readonly ActionAccess[];
}

/** The last request for an action. */
export interface ActionAccess {
  /** Without the service: `CreateBucket`. */
  readonly action: string;
  /** RFC 3339; unset: no request in the tracking period. */
  readonly lastAccessed?: string;
}
