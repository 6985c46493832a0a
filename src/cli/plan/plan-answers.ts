import type { InstanceProfile, InstanceProfileSpec } from "../../api/instance-profile.ts";
import type { QuotaSource } from "../../engine/observe/quota-cache.ts";
import { lintActions } from "../../plan/lint/lint-shipped-lists.ts";
import type { Blocker, FieldBlocker, Note } from "../../plan/plan.ts";
import { countBlockers, withCreations } from "../../plan/quota-blockers.ts";
import type { PlannedObject } from "../../plan/render.ts";
import { type InputObject, sharedNames } from "../../plan/shared-names.ts";
import { asInManifest, locateStatements, manifestPathOf } from "../access/locate-statements.ts";
import { invalid } from "../manifests/judge-manifest.ts";
import { titleOf } from "../manifests/manifests.ts";
import { fieldOf, type LocatedFinding, located } from "../manifests/places-of.ts";
import type { Subject } from "./plan-subjects.ts";

/** A planned object, and the id of the cluster that owns it, as far as it is known. */
export interface Answer extends Subject {
  readonly planned: PlannedObject;
  /** The spec that the plan is for: the object's, without what its class strips. */
  readonly written: InstanceProfileSpec;
  readonly clusterId: string | undefined;
}

/**
 * Adds the blockers that plans cause each other: names that two objects have, and the account's quota of roles and instance
 * profiles, which each plan alone can meet and all together can exceed. Earlier manifests take names and quota first.
 */
export async function withCrossBlockers(
  answers: readonly Answer[],
  quotas: QuotaSource,
  signal: AbortSignal,
): Promise<readonly Answer[]> {
  const input = answers.map(({ manifest, object: { metadata }, written: spec, planned }): InputObject => {
    return {
      object: { metadata, spec },
      source: titleOf(manifest),
      account: "",
      isBlocked: planned.plan.blockers.length > 0,
    };
  });
  const shared = sharedNames(input);
  const isCreation = ({ planned }: Answer): boolean =>
    planned.plan.actions.some(({ kind }) => kind === "CreateRole" || kind === "CreateInstanceProfile");
  let left = answers.some(isCreation) ? await quotas.known(signal) : undefined;
  return answers.map((answer, i) => {
    const { plan } = answer.planned;
    if (plan.blockers.length > 0) return answer;
    const blockers = [...(shared[i] ?? []), ...(left === undefined ? [] : countBlockers(plan, left))];
    if (blockers.length > 0) return { ...answer, planned: blocked(answer.planned, blockers) };
    left = left && withCreations(left, plan);
    return answer;
  });
}

/** Nothing is written, so that nothing is granted. */
function blocked({ access: _, ...planned }: PlannedObject, blockers: readonly Blocker[]): PlannedObject {
  return { ...planned, plan: { actions: [], unmanagedPolicies: [], blockers } };
}

/** Adds to each statement that grants new access its place in the manifest. */
export async function withStatementPlaces(answers: readonly Answer[]): Promise<readonly Answer[]> {
  const granting = answers.flatMap((answer) => {
    const { manifest, object, written } = answer;
    const { access } = answer.planned;
    if (access === undefined || access.verdict === "no-new-access") return [];
    const report = asInManifest(access, written, object.spec);
    return [{ answer, report, manifest, pathOf: manifestPathOf(object.spec) }];
  });
  const reports = await locateStatements(granting);
  const found = new Map(granting.map(({ answer }, index) => [answer, reports[index]]));
  return answers.map((answer) => {
    const access = found.get(answer);
    return access === undefined ? answer : { ...answer, planned: { ...answer.planned, access } };
  });
}

/** Adds to each blocker and violation the place of the field that causes it, or else of the object's name. */
export async function withPlaces(answers: readonly Answer[]): Promise<readonly Answer[]> {
  const causes = answers.map(({ manifest, planned: { plan, violations = [] } }) => ({
    manifest,
    findings: [...plan.blockers, ...violations].map((blocker: Partial<FieldBlocker> & Blocker) =>
      invalid(blocker.path ?? fieldOf(blocker.message) ?? "metadata.name", blocker.message),
    ),
  }));
  const found = await located(causes);
  return answers.map((answer, i) => {
    const { plan, violations } = answer.planned;
    const findings: readonly LocatedFinding[] = found[i]?.findings ?? [];
    const places = findings.values();
    const placed = <T extends Blocker>(blocker: T): T => {
      const { line = 1, column = 1 } = places.next().value ?? {};
      return { ...blocker, place: `${answer.manifest.source}:${line}:${column}` };
    };
    const blockers = plan.blockers.map(placed);
    const violated = violations && { violations: violations.map(placed) };
    return { ...answer, planned: { ...answer.planned, ...violated, plan: { ...plan, blockers } } };
  });
}

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
