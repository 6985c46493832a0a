import type { ExportNames, ExportNote } from "../../plan/exported-manifest.ts";
import { type ExportedProfile, exportProfile } from "../offline/export-profile.ts";
import type { JoinedProfile } from "./join-declarations.ts";

/** An instance profile of another tool as a manifest. A role whose name the input does not have is created anew, under a derived name. */
export function importProfile(joined: JoinedProfile, names: ExportNames): ExportedProfile {
  const { declared, isRoleExternal, isRoleNew } = joined;
  const exported = exportProfile(joined, names, { isRoleExternal });
  if (exported.kind === "none") return exported;
  const spec = { ...(exported.manifest["spec"] as Readonly<Record<string, unknown>>) };
  if (isRoleNew) {
    delete spec["roleName"];
    delete spec["adoptionPolicy"];
  }
  if (declared.isNameGenerated) delete spec["instanceProfileName"];
  const isNew = isRoleNew || declared.isNameGenerated;
  const notes = [...exported.notes, ...joined.notes, ...(isNew ? [generatedNote(joined)] : [])];
  return { ...exported, manifest: { ...exported.manifest, spec }, notes };
}

function generatedNote({ declared, addresses, isRoleNew }: JoinedProfile): ExportNote {
  const generated = [
    ...(isRoleNew ? addresses.slice(1, 2) : []),
    ...(declared.isNameGenerated ? [declared.address] : []),
  ];
  const ids = generated.map((address) => address.split(" ")[0] ?? "");
  const options = ids.map((id) => `--parameter ${id}=NAME`).join(" ");
  return {
    text: `the names of ${ids.join(" and ")}, which CloudFormation generates; to adopt what exists, export the stack or pass ${options}`,
  };
}
