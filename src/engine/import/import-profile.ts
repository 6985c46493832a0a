import type { ExportNames, ExportNote } from "../../plan/exported-manifest.ts";
import { type ExportedProfile, exportProfile } from "../offline/export-profile.ts";
import type { JoinedProfile } from "./join-declarations.ts";

/** An instance profile of another tool as a manifest. A role whose name the input does not have is created anew, under a derived name. */
export function importProfile(joined: JoinedProfile, names: ExportNames): ExportedProfile {
  const exported = exportProfile(joined, names);
  if (exported.kind === "none") return exported;
  const { declared, declaredRole } = joined;
  const spec = { ...(exported.manifest["spec"] as Readonly<Record<string, unknown>>) };
  const generated = [declaredRole, declared].filter(({ isNameGenerated }) => isNameGenerated);
  if (isCreated(joined)) {
    delete spec["roleName"];
    delete spec["adoptionPolicy"];
  }
  if (declared.isNameGenerated) delete spec["instanceProfileName"];
  const notes = [...exported.notes, ...joined.notes, ...generated.map(generatedNote)];
  return { ...exported, manifest: { ...exported.manifest, spec }, notes };
}

/** True when the manifest creates a role, because the name of the one that exists is not known. */
export function isCreated({ declaredRole }: JoinedProfile): boolean {
  return declaredRole.isNameGenerated === true;
}

function generatedNote({ address }: { readonly address: string }): ExportNote {
  const [id = ""] = address.split(" ");
  return {
    text: `the name of ${id}, which CloudFormation generates; export the stack, or pass --parameter ${id}=NAME, to adopt what exists`,
  };
}
