import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { applyPatch } from "rfc6902";
import { parse } from "yaml";
import type { InstanceProfile } from "../../src/api/instance-profile.ts";
import { parseInstanceProfile } from "../../src/api/parse-instance-profile.ts";
import { desiredState } from "../../src/model/desired-state.ts";
import type { ObservedState } from "../../src/model/observed-state.ts";
import { diff } from "../../src/plan/diff.ts";
import { CLUSTER_ID, NOTHING, PLACE, stateAfter } from "./builders.ts";

const CASES = join(import.meta.dirname, "../cases");

/** An object and what AWS has of it. */
export interface GoldenCase {
  readonly folder: string;
  readonly object: InstanceProfile;
  readonly observed: ObservedState;
}

/** The names of the folders of test/cases. */
export const GOLDEN_CASES: readonly string[] = readdirSync(CASES);

/**
 * One folder of test/cases: `object.yaml` is what is asked for, `before.yaml` (if there) the object that was in sync before, `drift.json`
 * (if there) a JSON patch of what another client then did in AWS.
 */
export function goldenCase(name: string): GoldenCase {
  const folder = join(CASES, name);
  const object = manifest(join(folder, "object.yaml"), 2);
  const before = join(folder, "before.yaml");
  const start = existsSync(before) ? converged(manifest(before, 1), NOTHING) : NOTHING;
  return { folder, object, observed: withDrift(start, join(folder, "drift.json")) };
}

function withDrift(start: ObservedState, drift: string): ObservedState {
  if (!existsSync(drift)) return start;
  const observed = structuredClone(start);
  const faults = applyPatch(observed, JSON.parse(readFileSync(drift, "utf8"))).filter((fault) => fault !== null);
  if (faults.length > 0) throw new Error(`${drift} does not apply: ${faults.join(", ")}`);
  return observed;
}

function manifest(path: string, generation: number): InstanceProfile {
  const raw = parse(readFileSync(path, "utf8"));
  return parseInstanceProfile({
    ...raw,
    metadata: { uid: "uid-1", generation, resourceVersion: "1", ...raw.metadata },
  });
}

function converged(object: InstanceProfile, observed: ObservedState): ObservedState {
  return stateAfter(
    observed,
    diff(desiredState(object, CLUSTER_ID, { allowsAdoption: true, place: PLACE }), observed).actions,
  );
}
