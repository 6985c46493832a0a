import { setImmediate as nextTurn } from "node:timers/promises";
import type { Finding } from "../../plan/lint/finding.ts";
import { type Place, placeIn } from "../../text/yaml-fault.ts";
import type { Manifest, ManifestOrigin } from "./manifests.ts";
import { findInYaml, type YamlPiece } from "./yaml-reader.ts";

/** A field of a manifest, with the path that the API server reports. */
export interface ManifestField {
  readonly origin: ManifestOrigin;
  readonly path: string;
}

/**
 * Returns the places of fields in their files, in the order of the fields. Parses each affected piece again: most manifests
 * have no findings, and keeping all positions would take more memory than the objects.
 */
async function placesOf(fields: readonly ManifestField[]): Promise<readonly Place[]> {
  const places: Place[] = [];
  const byPiece = Map.groupBy(fields.entries(), ([, { origin }]): YamlPiece => origin.piece);
  for (const [{ text, offset }, group] of byPiece) {
    const offsets = await findInYaml(
      text,
      group.map(([, { origin, path }]) => ({ document: origin.document, path: `${origin.path}.${path}` })),
    );
    for (const [i, [index, { origin }]] of group.entries()) {
      places[index] = placeIn(origin.lines(), offset + (offsets[i] ?? 0));
    }
    await nextTurn();
  }
  return places;
}

/** A finding with its place in the file. */
export type LocatedFinding = Finding & Place;

/** Adds to each finding its place in the file of its manifest. */
export async function located<T extends { readonly manifest: Manifest; readonly findings: readonly Finding[] }>(
  judged: readonly T[],
): Promise<readonly (T & { readonly findings: readonly LocatedFinding[] })[]> {
  const fields = judged.flatMap(({ manifest, findings }) => findings.map(({ path }) => ({ ...manifest, path })));
  const places = (await placesOf(fields)).values();
  return judged.map((one) => ({
    ...one,
    findings: one.findings.map((finding) => ({ ...finding, ...(places.next().value ?? { line: 1, column: 1 }) })),
  }));
}

/** The field that a message begins with: `spec.statements[0].conditions`; undefined for another message. */
export function fieldOf(message: string): string | undefined {
  return /^(?:spec|metadata)(\.[A-Za-z]+(\[\d+\])?)+/.exec(message)?.[0];
}
