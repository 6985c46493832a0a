import type { Environment } from "@marcbachmann/cel-js";
import type { FieldCause, JsonObject } from "../contract.ts";
import { invalid, invalidRule } from "../field-cause.ts";
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

/** A node's rules before they are compiled, with its place in the CRD. */
interface Draft {
  readonly node: SchemaNode;
  readonly type: CelType | undefined;
  readonly path: string;
  /** The nearest enclosing list whose items cannot be told apart across an update, by its path in the CRD. */
  readonly uncorrelatable: string | undefined;
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

  site(draft: Draft): RuleSite | undefined {
    const { node, path } = draft;
    const rules = node.rules.flatMap((rule, index) =>
      this.#rule(draft, rule, `${path}.x-kubernetes-validations[${index}]`),
    );
    const properties = new Map<string, RuleSite>();
    for (const [name, property] of node.properties) {
      const below = this.#below(draft, property, `${path}.properties[${name}]`, draft.uncorrelatable);
      if (below !== undefined) {
        properties.set(name, below);
      }
    }
    const list = node.listType === "map" ? draft.uncorrelatable : path;
    const items = node.items && this.#below(draft, node.items, `${path}.items`, list);
    const additional =
      node.additional === undefined || node.additional === "any"
        ? undefined
        : this.#below(draft, node.additional, `${path}.additionalProperties`, draft.uncorrelatable);
    const empty = rules.length === 0 && properties.size === 0 && items === undefined && additional === undefined;
    return empty ? undefined : { node, type: draft.type, rules, properties, additional, items };
  }

  #below(_above: Draft, node: SchemaNode, path: string, uncorrelatable: string | undefined): RuleSite | undefined {
    return this.site({ node, type: this.#types.of(node), path, uncorrelatable });
  }

  root(node: SchemaNode, path: string): RuleSite | undefined {
    return this.site({ node, type: this.#types.of(node), path, uncorrelatable: undefined });
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

  #rule(draft: Draft, source: JsonObject, path: string): readonly CompiledRule[] {
    const text = stringMember(source, "rule");
    if (text.trim() === "" || draft.type === undefined) {
      return [];
    }
    const optionalOldSelf = member(source, "optionalOldSelf") === true;
    const environment = this.#environment(draft.type.name, optionalOldSelf);
    const expression = this.#expression(environment, text, "bool", source, `${path}.rule`);
    const messageText = stringMember(source, "messageExpression");
    const messageExpression =
      messageText.trim() === ""
        ? undefined
        : this.#expression(environment, messageText, "string", source, `${path}.messageExpression`);
    if (expression === undefined) {
      return [];
    }
    this.#judgeOldSelf(draft, expression, source, path);
    const fieldPath = relativeFieldPath(stringMember(source, "fieldPath"), draft.node) ?? "";
    return [{ expression, messageExpression, source, optionalOldSelf, fieldPath }];
  }

  #judgeOldSelf(draft: Draft, expression: Expression, source: JsonObject, path: string): void {
    if (expression.usesOldSelf && draft.uncorrelatable !== undefined) {
      const where = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${draft.uncorrelatable}`;
      this.causes.push(invalid(`${path}.rule`, stringMember(source, "rule"), where));
    }
    const optional = member(source, "optionalOldSelf");
    if (!expression.usesOldSelf && optional !== undefined) {
      this.causes.push(invalid(`${path}.optionalOldSelf`, optional, "may not be set if oldSelf is not used in rule"));
    }
  }

  #expression(
    environment: Environment,
    text: string,
    wanted: "bool" | "string",
    source: JsonObject,
    path: string,
  ): Expression | undefined {
    try {
      return compileExpression(environment, text, wanted);
    } catch (error) {
      if (!(error instanceof ExpressionError)) {
        throw error;
      }
      const compiles = wanted === "string" && error.message.startsWith("compilation failed");
      this.causes.push(invalidRule(path, source, compiles ? `messageExpression ${error.message}` : error.message));
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
  const site = compiler.root(resource, path);
  return { site, causes: compiler.causes };
}
