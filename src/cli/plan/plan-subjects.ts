import { setImmediate as nextTurn } from "node:timers/promises";
import type { InstanceProfile } from "../../api/instance-profile.ts";
import type { CommandIo } from "../io.ts";
import { judgeManifest } from "../manifests/judge-manifest.ts";
import { faultLine, type Manifest, type ManifestInput, readInput } from "../manifests/manifests.ts";
import { located } from "../manifests/places-of.ts";
import { findingLines } from "../manifests/validate-report.ts";

/** A manifest and the object in it. */
export interface Subject {
  readonly manifest: Manifest;
  readonly object: InstanceProfile;
}

/** A subject whose variables are filled in. */
export interface FilledSubject extends Subject {
  /** As the manifest has it. */
  readonly parsed: InstanceProfile;
}

/** The objects of valid input, and the policy tests beside them. */
export interface PlanInput {
  readonly subjects: readonly Subject[];
  readonly tests: readonly Manifest[];
}

/** Returns undefined after printing what `validate` says of invalid input. */
export async function readSubjects(paths: readonly string[], io: CommandIo): Promise<PlanInput | undefined> {
  const input = await readInput(paths, io.readInput);
  const subjects = await validSubjects(input, "nothing was planned", io);
  return subjects && { subjects, tests: input.tests };
}

/**
 * Returns the objects of valid manifests; undefined after printing what `validate` says of others.
 *
 * @param consequence what does not happen: `nothing was planned`
 */
export async function validSubjects(
  { manifests, faults }: Pick<ManifestInput, "manifests" | "faults">,
  consequence: string,
  io: Pick<CommandIo, "err">,
): Promise<readonly Subject[] | undefined> {
  const judged = [];
  for (const manifest of manifests) {
    judged.push({ manifest, ...judgeManifest(manifest) });
    await nextTurn();
  }
  const rejected = judged.filter(({ object }) => object === undefined);
  if (faults.length === 0 && rejected.length === 0) {
    return judged.map(({ manifest, object }) => ({ manifest, object: object as InstanceProfile }));
  }
  io.err([
    ...faults.map(faultLine),
    ...(await located(rejected)).flatMap(findingLines),
    `${consequence}: ${faults.length + rejected.length} of ${faults.length + manifests.length} manifests are invalid`,
  ]);
  return undefined;
}
