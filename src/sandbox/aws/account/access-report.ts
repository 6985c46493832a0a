import type { XmlTree } from "../protocol/answer.ts";

/** A report of IAM on what a role has accessed, as it was when it was requested. */
export interface AccessReport {
  readonly services: readonly XmlTree[];
  /** The user id of the caller, who alone may read it. */
  readonly requestedBy: string;
  readonly startedAtMs: number;
  /** The first request for it finds it unfinished. */
  isFinished: boolean;
}
