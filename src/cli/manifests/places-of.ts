import { setImmediate as nextTurn } from "node:timers/promises";
import type { ManifestOrigin } from "./manifests.ts";
import type { YamlPiece } from "./yaml-documents.ts";
import { findInYaml } from "./yaml-reader.ts";

/** A position in a file; both from 1, as in editors and compilers. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A field of a manifest, with the path that the API server reports. */
export interface ManifestField {
  readonly origin: ManifestOrigin;
  readonly path: string;
}

/**
 * Returns the places of fields in their files, in the order of the fields. Parses each affected piece again: most manifests
 * have no findings, and keeping all positions would take more memory than the objects.
 */
export async function placesOf(fields: readonly ManifestField[]): Promise<readonly Place[]> {
  const places: Place[] = [];
  const byPiece = Map.groupBy(fields.entries(), ([, { origin }]): YamlPiece => origin.piece);
  for (const [{ text, offset }, group] of byPiece) {
    const offsets = await findInYaml(
      text,
      group.map(([, { origin, path }]) => ({ document: origin.document, path: `${origin.path}.${path}` })),
    );
    for (const [i, [index, { origin }]] of group.entries()) {
      const { line, col } = origin.lines().linePos(offset + (offsets[i] ?? 0));
      places[index] = { line: Math.max(line, 1), column: Math.max(col, 1) };
    }
    await nextTurn();
  }
  return places;
}
