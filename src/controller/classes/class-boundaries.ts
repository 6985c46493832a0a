import { RECONCILE_AT_ANNOTATION } from "../../api/instance-profile.ts";
import type { InstanceProfileClass } from "../../api/instance-profile-class.ts";
import { isPermanent } from "../../engine/observe/policy-existence.ts";
import type { RequiredBoundary } from "../../engine/reconcile/required-boundary.ts";
import type { BoundaryFact } from "../../status/class-status.ts";

/** Returns the boundary that a class requires, with access to its account. Errors: those of opening the account. */
export type BoundaryOf = (of: InstanceProfileClass, signal: AbortSignal) => Promise<RequiredBoundary | undefined>;

/**
 * Verifies that the permissions boundaries of classes exist: when a class is new or edited, and again while one is
 * missing.
 */
export class ClassBoundaries {
  readonly #boundaryOf: BoundaryOf;
  /** The last verified edit, by name of the class. */
  readonly #verified = new Map<string, string>();

  constructor(boundaryOf: BoundaryOf) {
    this.#boundaryOf = boundaryOf;
  }

  /**
   * What to report about the class's boundary; undefined when the class has none, or when it exists.
   *
   * Errors: those of opening the account; the signal's reason when it aborts.
   */
  async verify(of: InstanceProfileClass, signal: AbortSignal): Promise<BoundaryFact | undefined> {
    const boundary = await this.#boundaryOf(of, signal);
    if (boundary === undefined) return undefined;
    const { name } = of.metadata;
    const edit = editOf(of);
    const verdict = await boundary.verify(this.#verified.get(name) !== edit, signal);
    if (verdict.kind === "unverified" && !isPermanent(verdict.error)) {
      return { kind: "unverified", arn: boundary.arn, why: verdict.error.message, isRetried: true };
    }
    this.#verified.set(name, edit);
    switch (verdict.kind) {
      case "exists":
        return undefined;
      case "missing":
        return { kind: "missing", arn: boundary.arn, accountId: of.spec.account.id };
      case "unverified":
        return { kind: "unverified", arn: boundary.arn, why: verdict.error.message, isRetried: false };
    }
  }

  /** Removes what is known of a deleted class. */
  forget(name: string): void {
    this.#verified.delete(name);
  }
}

function editOf({ metadata: { uid, generation, annotations } }: InstanceProfileClass): string {
  return JSON.stringify([uid, generation, annotations?.[RECONCILE_AT_ANNOTATION]]);
}
