import type { InstanceProfile } from "../../api/instance-profile.ts";
import { statementsOf } from "../../model/policy/policy-canonical.ts";
import { isJsonObject, type JsonValue } from "../../model/policy/policy-json.ts";
import { type CommandIo, UsageError } from "../io.ts";
import { type Manifest, readInput } from "../manifests/manifests.ts";
import { type Subject, validSubjects } from "../plan/plan-subjects.ts";

/** A policy document, or the objects of manifests. */
export type PolicyInput =
  | { readonly kind: "policy"; readonly manifest: Manifest }
  | { readonly kind: "objects"; readonly subjects: readonly Subject[] };

/**
 * Reads a policy document, or the objects of manifests; undefined after printing why manifests are invalid.
 *
 * Errors: those of {@link readInput}; UsageError for several policy documents.
 *
 * @param option the option that names the path, in messages
 * @param consequence what does not happen when manifests are invalid: `nothing was compared`
 */
export async function readPolicyInput(
  option: string,
  path: string,
  consequence: string,
  io: Pick<CommandIo, "readInput" | "err">,
): Promise<PolicyInput | undefined> {
  const input = await readInput([path], io.readInput, undefined, true);
  const [policy, ...others] = input.policies;
  if (policy !== undefined && input.manifests.length === 0 && input.faults.length === 0) {
    if (others.length === 0) return { kind: "policy", manifest: policy };
    throw new UsageError(`--${option}: ${path} has ${others.length + 1} policy documents; name one file`);
  }
  const subjects = await validSubjects(input, consequence, io);
  return subjects && { kind: "objects", subjects: withoutOversize(subjects) };
}

/** Errors: UsageError for a policy that is too large for IAM, whose statements are not kept. */
function withoutOversize(subjects: readonly Subject[]): readonly Subject[] {
  for (const { manifest, object } of subjects) {
    const [policy] = object.oversize ?? [];
    if (policy !== undefined) throw new UsageError(`${manifest.source}: ${nameOf(object)}: ${policy.message}`);
  }
  return subjects;
}

/** `namespace/name` */
export function nameOf({ metadata: { namespace, name } }: Pick<InstanceProfile, "metadata">): string {
  return `${namespace}/${name}`;
}

/** True for a policy document with principals: a trust policy. */
export function isTrustPolicy(document: JsonValue): boolean {
  if (!isJsonObject(document)) return false;
  return statementsOf(document).some(
    (statement) => isJsonObject(statement) && ("Principal" in statement || "NotPrincipal" in statement),
  );
}

/** One side of `access diff`: a policy document, the objects of manifests, or the roles in AWS of the other side's objects. */
export type Side = PolicyInput | { readonly kind: "live" };

/** The value of `--from` or `--to` for the roles in AWS. */
const LIVE = "live";

/**
 * Reads one side; undefined after printing why its manifests are invalid.
 *
 * Errors: those of {@link readPolicyInput}.
 */
export async function readSide(
  option: "from" | "to",
  path: string,
  io: Pick<CommandIo, "readInput" | "err">,
): Promise<Side | undefined> {
  return path === LIVE ? { kind: LIVE } : readPolicyInput(option, path, "nothing was compared", io);
}
