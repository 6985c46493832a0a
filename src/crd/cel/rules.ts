import type { Environment } from "@marcbachmann/cel-js";
import type { FieldCause, JsonObject } from "../contract.ts";
import { invalid } from "../field-cause.ts";
import { member, stringMember } from "../json.ts";
import { relativeFieldPath } from "../schema/field-path.ts";
import type { SchemaNode } from "../schema/structural.ts";
import { compileExpression, type Expression, ExpressionError } from "./expression.ts";
import { kubernetesEnvironment } from "./library.ts";
import { type CelType, CelTypes, withResourceFields } from "./types.ts";

export interface CompiledRule {
  readonly expression: Expression;
  readonly messageExpression: Expression | undefined;
  /** The rule as the CRD has it. */
  readonly source: JsonObject;
  readonly optionalOldSelf: boolean;
  /** Where the cause points, relative to the rule's node; empty for the node itself. */
  readonly fieldPath: string;
}

/** A node that has rules, or has such a node below it. */
export interface RuleSite {
  readonly node: SchemaNode;
  readonly type: CelType | undefined;
  readonly rules: readonly CompiledRule[];
  readonly properties: ReadonlyMap<string, RuleSite>;
  readonly additional: RuleSite | undefined;
  readonly items: RuleSite | undefined;
}

export interface CompiledRules {
  readonly site: RuleSite | undefined;
  readonly causes: readonly FieldCause[];
}

class RuleCompiler {
  readonly #base: Environment;
  readonly #types: CelTypes;
  readonly #environments = new Map<string, Environment>();
  readonly causes: FieldCause[] = [];

  constructor(root: SchemaNode) {
    this.#base = kubernetesEnvironment();
    this.#types = new CelTypes(this.#base);
    this.#declareTypes(root);
  }

  /** All types come before the first clone: a cloned environment takes no more of them. */
  #declareTypes(node: SchemaNode): void {
    this.#types.of(node);
    for (const child of children(node)) {
      this.#declareTypes(child);
    }
  }

  /** `path` is the node's place in the CRD. */
  site(node: SchemaNode, path: string): RuleSite | undefined {
    const type = this.#types.of(node);
    const rules = node.rules.flatMap((rule, index) =>
      this.#rule(node, type, rule, `${path}.x-kubernetes-validations[${index}]`),
    );
    const properties = new Map<string, RuleSite>();
    for (const [name, property] of node.properties) {
      const below = this.site(property, `${path}.properties[${name}]`);
      if (below !== undefined) {
        properties.set(name, below);
      }
    }
    const items = node.items && this.site(node.items, `${path}.items`);
    const additional =
      node.additional === undefined || node.additional === "any"
        ? undefined
        : this.site(node.additional, `${path}.additionalProperties`);
    const empty = rules.length === 0 && properties.size === 0 && items === undefined && additional === undefined;
    return empty ? undefined : { node, type, rules, properties, additional, items };
  }

  #environment(type: string, optionalOldSelf: boolean): Environment {
    const key = `${optionalOldSelf} ${type}`;
    const known = this.#environments.get(key);
    if (known !== undefined) {
      return known;
    }
    const environment = this.#base
      .clone()
      .registerVariable("self", type)
      .registerVariable("oldSelf", optionalOldSelf ? `optional<${type}>` : type);
    this.#environments.set(key, environment);
    return environment;
  }

  #rule(node: SchemaNode, type: CelType | undefined, source: JsonObject, path: string): readonly CompiledRule[] {
    if (type === undefined) {
      return [];
    }
    const optionalOldSelf = member(source, "optionalOldSelf") === true;
    const environment = this.#environment(type.name, optionalOldSelf);
    const expression = this.#expression(environment, stringMember(source, "rule"), "bool", `${path}.rule`);
    const messageText = stringMember(source, "messageExpression");
    const messageExpression =
      messageText.trim() === ""
        ? undefined
        : this.#expression(environment, messageText, "string", `${path}.messageExpression`);
    if (expression === undefined) {
      return [];
    }
    const fieldPath = relativeFieldPath(stringMember(source, "fieldPath"), node);
    return [{ expression, messageExpression, source, optionalOldSelf, fieldPath }];
  }

  #expression(environment: Environment, text: string, wanted: "bool" | "string", path: string): Expression | undefined {
    try {
      return compileExpression(environment, text, wanted);
    } catch (error) {
      if (!(error instanceof ExpressionError)) {
        throw error;
      }
      this.causes.push(invalid(path, text, error.message));
      return undefined;
    }
  }
}

function children(node: SchemaNode): readonly SchemaNode[] {
  const additional = node.additional === undefined || node.additional === "any" ? [] : [node.additional];
  return [...node.properties.values(), ...additional, ...(node.items === undefined ? [] : [node.items])];
}

/** Compiles every rule of a resource's schema; `path` is the schema's place in the CRD, for the causes. */
export function compileRules(root: SchemaNode, path: string): CompiledRules {
  const resource = withResourceFields(root);
  const compiler = new RuleCompiler(resource);
  const site = compiler.site(resource, path);
  return { site, causes: compiler.causes };
}
