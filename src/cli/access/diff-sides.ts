import type { InstanceProfile } from "../../api/instance-profile.ts";
import { isJsonList, isJsonObject, type JsonValue } from "../../model/policy/policy-json.ts";
import type { CommandIo } from "../io.ts";
import { UsageError } from "../io.ts";
import { type Manifest, readInput } from "../manifests/manifests.ts";
import { type Subject, validSubjects } from "../plan/plan-subjects.ts";

/** One side of `access diff`: a policy document, the objects of manifests, or the roles in AWS of the other side's objects. */
export type Side =
  | { readonly kind: "policy"; readonly manifest: Manifest }
  | { readonly kind: "objects"; readonly subjects: readonly Subject[] }
  | { readonly kind: "live" };

/** The value of `--from` or `--to` for the roles in AWS. */
const LIVE = "live";

/**
 * Reads one side; undefined after printing why its manifests are invalid.
 *
 * Errors: those of {@link readInput}; UsageError for several policy documents.
 */
export async function readSide(
  option: "from" | "to",
  path: string,
  io: Pick<CommandIo, "readInput" | "err">,
): Promise<Side | undefined> {
  if (path === LIVE) return { kind: LIVE };
  const input = await readInput([path], io.readInput, undefined, true);
  const [policy, ...others] = input.policies;
  if (policy !== undefined && input.manifests.length === 0 && input.faults.length === 0) {
    if (others.length === 0) return { kind: "policy", manifest: policy };
    throw new UsageError(`--${option}: ${path} has ${others.length + 1} policy documents; name one file`);
  }
  const subjects = await validSubjects(input, "nothing was compared", io);
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
  const { Statement: statements } = document;
  return (isJsonList(statements) ? statements : [statements]).some(
    (statement) => isJsonObject(statement) && ("Principal" in statement || "NotPrincipal" in statement),
  );
}
