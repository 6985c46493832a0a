import type { InstanceProfile } from "../../api/instance-profile.ts";
import { lintActions } from "../../plan/lint/lint-shipped-lists.ts";
import type { Note } from "../../plan/plan.ts";

/** The note on a suspended object. */
export const SUSPENDED: Note = {
  reason: "Suspended",
  message: "spec.suspend is true, so the controller writes nothing",
};

const DRY_RUN: Note = {
  reason: "DryRun",
  message: "spec.mode is DryRun, so the controller reports these writes and does not make them",
};

/** Notes on an object for which there is something to write. */
export async function notesOnWrites(spec: InstanceProfile["spec"]): Promise<readonly Note[]> {
  const unknown = await lintActions(spec);
  return [
    ...unknown.map(({ path, message }) => ({ reason: "UnknownAction", message: `${path}: ${message}` })),
    ...(spec.mode === "DryRun" ? [DRY_RUN] : []),
  ];
}
