import { isDeepStrictEqual } from "node:util";
import type { InstanceProfileSpec, PolicySpec, Trust } from "../../api/instance-profile.ts";
import { nameInArn } from "../../model/naming.ts";
import { statementPath } from "../../model/policy/policy-spec.ts";
import type { AccessReport, AreaReport, ReportedPlace } from "../../plan/access/access-report.ts";
import { inlinePolicy, TRUST_POLICY } from "../../plan/access/role-access.ts";
import { invalid } from "../manifests/judge-manifest.ts";
import type { Manifest } from "../manifests/manifests.ts";
import { type LocatedFinding, located } from "../manifests/places-of.ts";

/** A report, and where its statements come from. */
export interface LocatableReport {
  readonly report: AccessReport;
  readonly manifest: Manifest;
  /** The path of a statement in the manifest; undefined when the manifest does not have it. */
  readonly pathOf: (place: Partial<ReportedPlace>) => string | undefined;
}

/** Adds to each statement of the reports its place in the file. */
export async function locateStatements(reports: readonly LocatableReport[]): Promise<readonly AccessReport[]> {
  const wanted = reports.map(({ report, manifest, pathOf }) => ({
    manifest,
    findings: placesIn(report).map((place) => invalid(pathOf(place) ?? "", "")),
  }));
  const found = await located(wanted);
  return reports.map(({ report, manifest, pathOf }, index) => {
    const findings: readonly LocatedFinding[] = found[index]?.findings ?? [];
    const places = findings.values();
    const withPlace = <T extends Partial<ReportedPlace>>(item: T): T => {
      const { line = 1, column = 1 } = places.next().value ?? {};
      return pathOf(item) === undefined ? item : { ...item, place: `${manifest.source}:${line}:${column}` };
    };
    const area = ({ verdict, examples, undecided }: AreaReport): AreaReport => ({
      verdict,
      examples: examples.map(withPlace),
      undecided: undecided.map(withPlace),
    });
    return { ...report, permissions: area(report.permissions), trust: area(report.trust) };
  });
}

/** In the order in which {@link locateStatements} hands them out. */
function placesIn({ permissions, trust }: AccessReport): readonly Partial<ReportedPlace>[] {
  return [permissions, trust].flatMap(({ examples, undecided }) => [...examples, ...undecided]);
}

/**
 * The report with the statements numbered as in the policies of the manifest, of which a class can strip some before the rest is written.
 * A statement that the manifest does not have loses its number.
 */
export function asInManifest(
  report: AccessReport,
  written: InstanceProfileSpec,
  manifest: InstanceProfileSpec,
): AccessReport {
  const numbered = <T extends Partial<ReportedPlace>>(item: T): T => {
    const { policy, statement, ...rest } = item;
    if (statement === undefined) return item;
    const isTrust = policy === TRUST_POLICY;
    const [before, after] = [policyNamed(policy, manifest), policyNamed(policy, written)];
    if (!isTrust && after === undefined) return item;
    const found = isTrust
      ? trustIndex(statement, written.trust, manifest.trust)
      : indexIn(before?.statements ?? [], after?.statements ?? [], statement);
    return (found === undefined ? { ...rest, policy } : { ...item, statement: found }) as T;
  };
  const area = (one: AreaReport): AreaReport => ({
    ...one,
    examples: one.examples.map(numbered),
    undecided: one.undecided.map(numbered),
  });
  return { ...report, permissions: area(report.permissions), trust: area(report.trust) };
}

/** The policy of a spec with this name in a report. */
function policyNamed(name: string | undefined, spec: InstanceProfileSpec): PolicySpec | undefined {
  const inline = spec.inlinePolicies.find((policy) => inlinePolicy(policy.name) === name);
  // A report names a managed policy of the object by its ARN, or by its name where the account is not known.
  const [, managed] = /^managed policy (.+)$/.exec(name ?? "") ?? [];
  return inline ?? spec.managedPolicies.find((policy) => managed !== undefined && policy.name === nameInArn(managed));
}

/** The services of a trust are its first statement. */
function trustIndex(statement: number, written: Trust, manifest: Trust): number | undefined {
  const before = written.services.length === 0 ? 0 : 1;
  const after = manifest.services.length === 0 ? 0 : 1;
  if (statement < before) return statement;
  const found = indexIn(manifest.statements, written.statements, statement - before);
  return found === undefined ? undefined : found + after;
}

/** What is written are the statements of the manifest without some: each is behind the one before it. */
function indexIn<T>(manifest: readonly T[], written: readonly T[], statement: number): number | undefined {
  if (written[statement] === undefined) return undefined;
  let index = -1;
  for (const wanted of written.slice(0, statement + 1)) {
    const rest = index + 1;
    index = manifest.findIndex((one, at) => at >= rest && isDeepStrictEqual(one, wanted));
    if (index === -1) return undefined;
  }
  return index;
}

/** The path of a statement in a manifest: one of a policy of the role or of the trust policy. */
export function manifestPathOf(spec: InstanceProfileSpec): LocatableReport["pathOf"] {
  const { trust } = spec;
  return ({ policy, statement }) => {
    if (statement === undefined) return undefined;
    const written = policyNamed(policy, spec);
    if (written !== undefined) return statementPath(written, statement);
    if (policy !== TRUST_POLICY) return undefined;
    if (trust.document !== undefined) return "spec.trust.document";
    if (trust.services.length === 0) return `spec.trust.statements[${statement}]`;
    return statement === 0 ? "spec.trust.services" : `spec.trust.statements[${statement - 1}]`;
  };
}

/** The path of a statement in a policy document. */
export function documentPathOf({ statement }: Partial<ReportedPlace>): string | undefined {
  return statement === undefined ? undefined : `Statement[${statement}]`;
}
