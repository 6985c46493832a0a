import type { Environment } from "@marcbachmann/cel-js";
import { adaptExpression } from "../../src/sandbox/kube/schema/cel-adapt.ts";
import { kubernetesEnvironment } from "../../src/sandbox/kube/schema/cel-library.ts";
import type { CelNode } from "../../src/sandbox/kube/schema/cel-node.ts";

type Json = Readonly<Record<string, unknown>>;

/** A ValidatingAdmissionPolicy as its manifest has it, as far as it decides. */
export interface PolicySpec {
  readonly matchConditions?: readonly { readonly name: string; readonly expression: string }[];
  readonly variables?: readonly { readonly name: string; readonly expression: string }[];
  readonly validations: readonly {
    readonly expression: string;
    readonly message: string;
    readonly messageExpression?: string;
  }[];
}

/** What the API server would hand to the expressions. */
export interface AdmissionRequest {
  readonly object: Json;
  readonly oldObject?: Json;
  readonly params: Json;
  readonly operation: "CREATE" | "UPDATE";
}

const GIVEN = ["object", "oldObject", "params", "request", "variables"] as const;

type Evaluate = (given: Json) => unknown;

/**
 * A policy that judges without an API server, by the sandbox's CEL. An expression that has no value raises what the library raises,
 * where an API server would do as failurePolicy says.
 */
export class AdmissionPolicy {
  readonly #conditions: readonly Evaluate[];
  readonly #variables: readonly (readonly [string, Evaluate])[];
  readonly #validations: readonly { readonly holds: Evaluate; readonly words: Evaluate }[];

  constructor({ matchConditions = [], variables = [], validations }: PolicySpec) {
    const environment = GIVEN.reduce((so, name) => so.registerVariable(name, "dyn"), kubernetesEnvironment());
    const compile = (expression: string): Evaluate => compiled(environment, expression);
    this.#conditions = matchConditions.map(({ expression }) => compile(expression));
    this.#variables = variables.map(({ name, expression }) => [name, compile(expression)]);
    this.#validations = validations.map(({ expression, message, messageExpression }) => ({
      holds: compile(expression),
      words: messageExpression === undefined ? () => message : compile(messageExpression),
    }));
  }

  /** The messages of the validations that fail, in order: an API server shows the first. Undefined: no business of the policy's. */
  refusals({ object, oldObject, params, operation }: AdmissionRequest): readonly string[] | undefined {
    const { namespace } = object["metadata"] as { readonly namespace: string };
    const given: Record<string, unknown> = {
      object,
      oldObject: oldObject ?? null,
      params,
      request: { operation, namespace },
    };
    const variables = {};
    for (const [name, evaluate] of this.#variables) {
      let value: { readonly it: unknown } | undefined;
      const get = (): unknown => {
        value ??= { it: evaluate(given) };
        return value.it;
      };
      Object.defineProperty(variables, name, { get, enumerable: true });
    }
    given["variables"] = variables;
    if (!this.#conditions.every((holds) => holds(given) === true)) return undefined;
    return this.#validations.filter(({ holds }) => holds(given) !== true).map(({ words }) => String(words(given)));
  }
}

function compiled(environment: Environment, expression: string): Evaluate {
  const parsed = environment.parse(expression);
  const objection = adaptExpression(environment, parsed.ast as unknown as CelNode);
  if (objection !== undefined) throw new Error(`${objection.message} in ${expression}`);
  const { valid, error } = parsed.check();
  if (!valid) throw new Error(`${error?.message} in ${expression}`);
  return (given) => parsed(given);
}
