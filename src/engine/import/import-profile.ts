import type { ExportNames } from "../../plan/exported-manifest.ts";
import { type ExportedProfile, exportProfile } from "../offline/export-profile.ts";
import type { JoinedProfile } from "./join-declarations.ts";

/** An instance profile of another tool as a manifest. */
export function importProfile(joined: JoinedProfile, names: ExportNames): ExportedProfile {
  const exported = exportProfile(joined, names);
  if (exported.kind === "none") return exported;
  const notes = [...exported.notes, ...joined.notes];
  const generated = [joined.declaredRole, joined.declared].filter(({ isNameGenerated }) => isNameGenerated);
  if (generated.length === 0) return { ...exported, notes };
  const why = generated.map(({ address }) => {
    const [id = ""] = address.split(" ");
    return `CloudFormation generates the name of ${id}; pass --parameter ${id}=NAME`;
  });
  return { ...exported, kind: "partial", why, notes };
}
