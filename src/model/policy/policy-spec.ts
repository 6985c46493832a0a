import type { InstanceProfileSpec, PolicySpec, Trust } from "../../api/instance-profile.ts";
import { isJsonList, type JsonObject, listOf } from "./policy-json.ts";

/** All policies that an object writes for its role: inline ones, and managed ones of its own. */
export function policiesOf({
  inlinePolicies,
  managedPolicies,
}: Pick<InstanceProfileSpec, "inlinePolicies" | "managedPolicies">): readonly PolicySpec[] {
  return [...inlinePolicies, ...managedPolicies];
}

/** The fields of a statement that messages name. */
export type StatementField = "actions" | "notActions" | "resources" | "notResources" | "conditions";

const ELEMENTS: Readonly<Record<StatementField, string>> = {
  actions: "Action",
  notActions: "NotAction",
  resources: "Resource",
  notResources: "NotResource",
  conditions: "Condition",
};

/** The path of a statement: `spec.statements[0]`, or `spec.inlinePolicies[1].document.Statement[0]`. */
export function statementPath({ fieldPath, document }: PolicySpec, index: number): string {
  return document === undefined ? `${fieldPath}[${index}]` : `${fieldPath}.Statement[${index}]`;
}

/** The path of a field of a statement: `spec.statements[0].actions`. */
export function statementFieldPath(policy: PolicySpec, index: number, field: StatementField): string {
  return `${statementPath(policy, index)}.${policy.document === undefined ? field : ELEMENTS[field]}`;
}

/** The path of a trust statement. Of a document, services and statements are not told apart. */
export function trustStatementPath({ document }: Trust, index: number): string {
  return document === undefined ? `spec.trust.statements[${index}]` : "spec.trust.document";
}

/** The path of a field of a trust statement. */
export function trustFieldPath(trust: Trust, index: number, field: string): string {
  const path = trustStatementPath(trust, index);
  return trust.document === undefined ? `${path}.${field}` : path;
}

/** The policies with the statements to keep. A policy without a statement is left out. */
export function withStatementsOf<T extends PolicySpec>(
  policies: readonly T[],
  isKept: (policy: T, index: number) => boolean,
): readonly T[] {
  return policies.flatMap((policy) => {
    const kept = policy.statements.map((_, index) => isKept(policy, index));
    if (!kept.includes(true)) return [];
    if (!kept.includes(false)) return [policy];
    const statements = policy.statements.filter((_, index) => kept[index]);
    const { document } = policy;
    return [{ ...policy, statements, ...(document !== undefined && { document: documentWith(document, kept) }) }];
  });
}

function documentWith(document: JsonObject, kept: readonly boolean[]): JsonObject {
  const written = document["Statement"];
  return isJsonList(written) ? { ...document, Statement: listOf(written).filter((_, index) => kept[index]) } : document;
}
