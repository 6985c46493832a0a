import type { ExportNames, ExportNote } from "../../plan/exported-manifest.ts";
import { type ExportedProfile, exportProfile } from "../offline/export-profile.ts";
import type { JoinedProfile } from "./join-declarations.ts";

/** An instance profile of another tool as a manifest. A role whose name the input does not have is created under a derived name. */
export function importProfile(joined: JoinedProfile, names: ExportNames): ExportedProfile {
  const { declared, isRoleExternal, isRoleNew } = joined;
  const exported = exportProfile(
    joined,
    { ...names, hasVariables: declared.usesVariables === true },
    { isRoleExternal },
  );
  if (exported.kind === "none") return exported;
  const spec = { ...(exported.manifest["spec"] as Readonly<Record<string, unknown>>) };
  if (isRoleNew) {
    delete spec["roleName"];
    delete spec["adoptionPolicy"];
  }
  if (declared.isNameGenerated) delete spec["instanceProfileName"];
  const literal = declared.usesVariables ? documentsIn(spec).filter((document) => VARIABLE.test(document)) : [];
  const isNew = isRoleNew || declared.isNameGenerated;
  const notes = [...exported.notes, ...joined.notes, ...(isNew ? [generatedNote(joined)] : [])];
  const whole = { ...exported, manifest: { ...exported.manifest, spec }, notes };
  return literal.length === 0 ? whole : { ...whole, kind: "partial", why: [NO_VARIABLES] };
}

const VARIABLE = /\{(?:account|region|partition)\}/;

const NO_VARIABLES =
  "a policy that only a document can express has variables, which documents do not have; pass --parameter AWS::AccountId=…, " +
  "AWS::Region=… and AWS::Partition=… as it needs";

/** The policies of a spec that are written as documents, as text. */
function documentsIn(spec: Readonly<Record<string, unknown>>): readonly string[] {
  const policies = [spec["trust"], spec["inlinePolicies"], spec["managedPolicies"]].flat();
  return policies.flatMap(
    (policy) => JSON.stringify((policy as { readonly document?: unknown } | undefined)?.document) ?? [],
  );
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
