import { parseInstanceProfile } from "../../api/parse-instance-profile.ts";
import { TerminalError } from "../../errors.ts";
import { desiredState } from "../../model/desired-state.ts";
import { placeInRoleArn } from "../../model/naming.ts";
import type { ObservedInstanceProfile, ObservedRole } from "../../model/observed-state.ts";
import { TAG_KEYS, type Tags } from "../../model/ownership.ts";
import { diff } from "../../plan/diff.ts";
import {
  type ExportedManifest,
  type ExportNames,
  exportedExternal,
  exportedManifest,
} from "../../plan/exported-manifest.ts";
import { isAdoptionOnly, isInSync, isOwnTagging } from "../../plan/plan.ts";
import { renderPlans } from "../../plan/render.ts";
import { plainLine } from "../../text/line.ts";
import type { WholeProfile } from "./read-profile.ts";

/**
 * An instance profile as a manifest. `whole`: applying it changes nothing but owner tags. `partial`: applying it would
 * change AWS, as `why` says, so edit it first. `none`: no manifest can describe it.
 */
export type ExportedProfile =
  | (ExportedManifest & { readonly kind: "whole" })
  | (ExportedManifest & { readonly kind: "partial"; readonly why: readonly string[] })
  | { readonly kind: "none"; readonly why: readonly string[] };

/** What else an export depends on. */
export interface ExportChoices {
  /** Others manage the role, so the manifest leaves it to them. */
  readonly isRoleExternal?: boolean;
  /** The cluster whose roles are exported for another cluster to adopt; unset: what a cluster owns is not exported. */
  readonly adoptFrom?: string | undefined;
}

/**
 * Exports an instance profile as a manifest, and proves by a plan of the manifest that they are in sync. A role that another object owns is
 * external to it. Pure.
 */
export function exportProfile(
  { instanceProfile, role, managedPolicies = [] }: WholeProfile,
  names: ExportNames,
  { isRoleExternal = false, adoptFrom }: ExportChoices = {},
): ExportedProfile {
  if (role === undefined) return { kind: "none", why: ["it holds no role, but a manifest requires one"] };
  const isExternal = isRoleExternal || (isOwned(role) && !isOwned(instanceProfile));
  const owner = (isExternal ? [instanceProfile] : [role, instanceProfile]).find(isOwned)?.tags;
  const target = targetOf(names, owner, adoptFrom);
  if (typeof target === "string") return { kind: "none", why: [target] };
  const exported = isExternal
    ? exportedExternal(instanceProfile, target)
    : exportedManifest(role, instanceProfile, target, managedPolicies);
  try {
    const object = parseInstanceProfile(exported.manifest);
    const grants = { allowsAdoption: true, adoptsFrom: "any" as const, place: placeInRoleArn(role.arn) };
    const desired = desiredState(object, "some-cluster", grants);
    const plan = diff(desired, { role, instanceProfile, managedPolicies });
    if (isInSync(plan) || isAdoptionOnly(plan)) return { kind: "whole", ...exported };
    // Owner tags and notes come with every adoption: they are no reason.
    const changes = { ...plan, actions: plan.actions.filter((action) => !isOwnTagging(action)), notes: [] };
    const shown = renderPlans([{ ...object.metadata, plan: { ...changes, unmanagedPolicies: [] } }], "text");
    const [, ...lines] = shown.map(plainLine);
    return { kind: "partial", ...exported, why: ["applying it would change AWS:", ...lines.slice(0, -2)] };
  } catch (error) {
    if (!(error instanceof TerminalError)) throw error;
    return { kind: "partial", ...exported, why: [error.message] };
  }
}

function isOwned({ tags }: ObservedRole | ObservedInstanceProfile): boolean {
  return tags[TAG_KEYS.name] !== undefined;
}

/** The names in the manifest, or why there is none. Only the object of the same namespace and name adopts from another cluster. */
function targetOf(names: ExportNames, owner: Tags | undefined, adoptFrom: string | undefined): ExportNames | string {
  if (owner === undefined) return names;
  const { [TAG_KEYS.namespace]: namespace, [TAG_KEYS.name]: name = "", [TAG_KEYS.clusterId]: clusterId } = owner;
  if (adoptFrom !== undefined && clusterId === adoptFrom) return { ...names, namespace, name, adoptFrom };
  return `InstanceProfile ${namespace}/${name} of cluster ${clusterId} already owns it`;
}
