import type { CompiledCrd, WithSchema } from "../../crd/contract.ts";

/** A kind that the server serves under one group-version: a version of a CRD or a built-in. */
export interface ServedKind extends WithSchema {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly listKind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
}

/** The served versions of a CRD as kinds. */
export function servedKinds(crd: CompiledCrd): readonly ServedKind[] {
  return crd.versions
    .filter((version) => version.served)
    .map((version) => ({
      group: crd.group,
      version: version.name,
      kind: crd.kind,
      listKind: crd.listKind,
      plural: crd.plural,
      singular: crd.singular,
      shortNames: crd.shortNames,
      categories: crd.categories,
      namespaced: crd.scope === "Namespaced",
      hasStatus: version.hasStatus,
      schema: version.schema,
    }));
}
