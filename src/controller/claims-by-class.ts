import { ClaimIndex } from "../engine/instance-claims.ts";
import type { KubeObject } from "../engine/ports.ts";
import { CachedClaims } from "./cached-claims.ts";

/** What the claims are found in. */
export interface ClaimsByClassOptions {
  readonly objects: () => readonly KubeObject[];
  /** Those of no class. */
  readonly freeOf: (objects: readonly KubeObject[]) => readonly KubeObject[];
  readonly clusterId: string;
}

/**
 * Who asks for which instances, for the objects of each class and for those of none apart: two classes may be of two accounts,
 * whose instances have nothing to do with each other.
 */
export class ClaimsByClass {
  /** Of the objects of no class. */
  readonly free: CachedClaims;
  readonly #options: ClaimsByClassOptions;
  readonly #freeIndex: ClaimIndex;
  readonly #byClass = new Map<string, ClaimIndex>();

  constructor(options: ClaimsByClassOptions) {
    const { objects, freeOf, clusterId } = options;
    this.#options = options;
    this.free = new CachedClaims(() => freeOf(objects()), clusterId);
    this.#freeIndex = new ClaimIndex(this.free);
  }

  /** @param className undefined: of no class */
  of(className: string | undefined): ClaimIndex {
    if (className === undefined) return this.#freeIndex;
    const known = this.#byClass.get(className);
    if (known !== undefined) return known;
    const index = new ClaimIndex(new CachedClaims(() => this.#boundTo(className), this.#options.clusterId));
    this.#byClass.set(className, index);
    return index;
  }

  /** Who names no class and has one has the default one. */
  #boundTo(className: string): readonly KubeObject[] {
    const all = this.#options.objects();
    const free = new Set(this.#options.freeOf(all));
    return all.filter((raw) => {
      const spec = raw["spec"] as { readonly className?: string } | undefined;
      return !free.has(raw) && (spec?.className === undefined || spec.className === className);
    });
  }
}
