import type { EstimateCost, FieldCause, JsonObject, RuleCost } from "../contract.ts";
import { forbidden } from "../field-cause.ts";
import { listMember, objectMember } from "../json.ts";
import { schemaPath } from "../schema/schema-path.ts";
import { type SchemaNode, schemaNode } from "../schema/structural.ts";
import { CostEstimator } from "./cost-estimator.ts";
import { compileRules, type RuleSite } from "./rules.ts";
import { leastBytes, maxRequestBytes, multiplicity } from "./schema-size.ts";

/** What one rule may cost, and all rules of a version together, before the API server refuses the CRD. */
const costLimits = { rule: 10_000_000, crd: 100_000_000 };

/** A site with what encloses it. */
interface Place {
  readonly site: RuleSite;
  readonly path: string;
  /** How often the value may be there in one object; undefined without a bound. */
  readonly cardinality: number | undefined;
  readonly unbounded: readonly string[];
}

function placesBelow(place: Place): readonly Place[] {
  const { site, path } = place;
  const times = multiplicity(site.node);
  const cardinality = times === undefined || place.cardinality === undefined ? undefined : times * place.cardinality;
  const unbounded = times === undefined ? [...place.unbounded, path] : place.unbounded;
  const at = (below: RuleSite, suffix: string): Place => ({
    site: below,
    path: `${path}.${suffix}`,
    cardinality,
    unbounded,
  });
  return [
    ...[...site.properties].map(([name, below]) => at(below, `properties[${name}]`)),
    ...(site.items === undefined ? [] : [at(site.items, "items")]),
    ...(site.additional === undefined ? [] : [at(site.additional, "additionalProperties")]),
  ];
}

function ruleCosts(place: Place, paths: ReadonlyMap<SchemaNode, string>): readonly RuleCost[] {
  const { node, rules } = place.site;
  const times = place.cardinality ?? Math.floor(maxRequestBytes / (leastBytes(node) + 1));
  return rules.flatMap(({ expression, messageExpression }, index) => {
    const at = `${place.path}.x-kubernetes-validations[${index}]`;
    const parts = [{ path: `${at}.rule`, expression }];
    if (messageExpression !== undefined) {
      parts.push({ path: `${at}.messageExpression`, expression: messageExpression });
    }
    return parts.map((part) => {
      const reached = new Set(place.unbounded);
      const estimator = new CostEstimator({ unbounded: (found) => reached.add(paths.get(found) ?? place.path) });
      const once = estimator.estimate(part.expression.ast, node);
      const cost = part.path.endsWith(".rule") ? once * times : once;
      return { path: part.path, bounded: reached.size === 0, unbounded: [...reached], cost };
    });
  });
}

function costsBelow(place: Place, paths: ReadonlyMap<SchemaNode, string>): readonly RuleCost[] {
  return [...ruleCosts(place, paths), ...placesBelow(place).flatMap((below) => costsBelow(below, paths))];
}

function addPaths(node: SchemaNode, path: string, paths: Map<SchemaNode, string>): void {
  paths.set(node, path);
  for (const [name, property] of node.properties) {
    addPaths(property, `${path}.properties[${name}]`, paths);
  }
  if (node.items !== undefined) {
    addPaths(node.items, `${path}.items`, paths);
  }
  if (typeof node.additional === "object") {
    addPaths(node.additional, `${path}.additionalProperties`, paths);
  }
}

/**
 * Estimates every rule of every version. The API server refuses a CRD with a rule, or in a version the sum of all,
 * over `costLimits`; the sandbox does not, so a CRD's tests should ask here.
 */
export const estimateCost: EstimateCost = (crd: JsonObject) =>
  listMember(objectMember(crd, "spec"), "versions").flatMap((version, index) => {
    const schema = objectMember(objectMember(version, "schema"), "openAPIV3Schema");
    if (schema === undefined) {
      return [];
    }
    const path = schemaPath(crd, index);
    const { site } = compileRules(schemaNode(schema), path);
    if (site === undefined) {
      return [];
    }
    const paths = new Map<SchemaNode, string>();
    addPaths(site.node, path, paths);
    return costsBelow({ site, path, cardinality: 1, unbounded: [] }, paths);
  });

function excess(cost: number, limit: number): string {
  const factor = cost / limit;
  const shown = factor > 100 ? "more than 100x" : `${factor < 1.5 ? factor.toFixed(6) : factor.toFixed(1)}x`;
  return `exceeds budget by factor of ${shown} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
}

function named(path: string): string {
  return path.endsWith(".rule") ? "estimated rule cost" : "estimated messageExpression cost";
}

function totalCauses(root: string, costs: readonly RuleCost[]): readonly FieldCause[] {
  const total = costs.reduce((sum, { cost }) => sum + cost, 0);
  if (total <= costLimits.crd) {
    return [];
  }
  const blamed = costs.filter(({ cost }) => cost >= costLimits.crd / 100).sort((one, other) => other.cost - one.cost);
  const share = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema";
  const what = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema";
  return [
    ...blamed.slice(0, 4).map(({ path }) => forbidden(path, share)),
    forbidden(root, `${what} ${excess(total, costLimits.crd)}`),
  ];
}

/** What the API server would refuse in a CRD for the cost of its rules. */
export function costCauses(crd: JsonObject): readonly FieldCause[] {
  const costs = estimateCost(crd);
  const rootOf = (path: string): string => path.slice(0, path.indexOf("openAPIV3Schema") + "openAPIV3Schema".length);
  const roots = [...new Set(costs.map(({ path }) => rootOf(path)))];
  const dear = costs.filter(({ cost }) => cost > costLimits.rule);
  return [
    ...dear.map(({ path, cost }) => forbidden(path, `${named(path)} ${excess(cost, costLimits.rule)}`)),
    ...roots.flatMap((root) =>
      totalCauses(
        root,
        costs.filter(({ path }) => rootOf(path) === root),
      ),
    ),
  ];
}
