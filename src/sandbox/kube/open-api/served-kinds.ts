import type { ServedKind, ServedKinds } from "../../../crd/contract.ts";

export const servedKinds: ServedKinds = (crd) =>
  crd.versions
    .filter((version) => version.served)
    .map(
      (version): ServedKind => ({
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
      }),
    );
