import { parseInstanceProfile } from "../../api/parse-instance-profile.ts";
import { TerminalError } from "../../errors.ts";
import { desiredState } from "../../model/desired-state.ts";
import { TAG_KEYS } from "../../model/ownership.ts";
import { diff } from "../../plan/diff.ts";
import { type ExportedManifest, type ExportNames, exportedManifest } from "../../plan/exported-manifest.ts";
import { isAdoptionOnly, isInSync } from "../../plan/plan.ts";
import { renderPlans } from "../../plan/render.ts";
import type { WholeProfile } from "./read-profile.ts";

/**
 * An instance profile as a manifest. `whole`: applying it changes nothing but owner tags. `partial`: it would change
 * something, which `why` says; it must not be applied as it is. `none`: there is no manifest for it at all.
 */
export type ExportedProfile =
  | (ExportedManifest & { readonly kind: "whole" })
  | (ExportedManifest & { readonly kind: "partial"; readonly why: readonly string[] })
  | { readonly kind: "none"; readonly why: readonly string[] };

/** Turns what exists into a manifest, and proves by a plan of that manifest that it says the same. Pure. */
export function exportProfile({ instanceProfile, role }: WholeProfile, names: ExportNames): ExportedProfile {
  if (role === undefined) return { kind: "none", why: ["it holds no role, and a manifest has one"] };
  const owner = [role, instanceProfile].find(({ tags }) => tags[TAG_KEYS.name] !== undefined)?.tags;
  if (owner !== undefined) {
    const { [TAG_KEYS.namespace]: namespace, [TAG_KEYS.name]: name, [TAG_KEYS.clusterId]: clusterId } = owner;
    return {
      kind: "none",
      why: [`it belongs to InstanceProfile ${namespace}/${name} of cluster ${clusterId} already`],
    };
  }
  const exported = exportedManifest(role, instanceProfile, names);
  try {
    const object = parseInstanceProfile(exported.manifest);
    const plan = diff(desiredState(object, "some-cluster", { allowsAdoption: true }), { role, instanceProfile });
    if (isInSync(plan) || isAdoptionOnly(plan)) return { kind: "whole", ...exported };
    const [, ...lines] = renderPlans([{ ...object.metadata, plan }], "text");
    return { kind: "partial", ...exported, why: ["applied, it would change AWS:", ...lines.slice(0, -2)] };
  } catch (error) {
    if (!(error instanceof TerminalError)) throw error;
    return { kind: "partial", ...exported, why: [error.message] };
  }
}
