import type { Environment } from "@marcbachmann/cel-js";
import { adaptExpression } from "../../src/crd/cel/adapt.ts";
import { kubernetesEnvironment } from "../../src/crd/cel/library.ts";
import type { CelNode } from "../../src/crd/cel/node.ts";
import { AccessCheck, type AccessQuestion, addAuthorizer } from "./cel-authorizer.ts";

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
  /** Of policies with a `paramKind`. */
  readonly params?: Json;
  readonly operation: "CREATE" | "UPDATE";
  /** The plural that is written; InstanceProfiles where it does not matter. */
  readonly resource?: string;
  readonly username?: string;
  /** What RBAC answers about the author of the request; nothing is allowed where it does not matter. */
  readonly isAllowed?: (question: AccessQuestion) => boolean;
}

const GROUP = "iam.instanceprofile.dev";
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
    addAuthorizer(environment);
    const compile = (expression: string): Evaluate => compiled(environment, expression);
    this.#conditions = matchConditions.map(({ expression }) => compile(expression));
    this.#variables = variables.map(({ name, expression }) => [name, compile(expression)]);
    this.#validations = validations.map(({ expression, message, messageExpression }) => ({
      holds: compile(expression),
      words: messageExpression === undefined ? () => message : compile(messageExpression),
    }));
  }

  /** The messages of the validations that fail, in order: an API server shows the first. Undefined: no business of the policy's. */
  refusals(asked: AdmissionRequest): readonly string[] | undefined {
    const { object, oldObject, params, isAllowed = () => false } = asked;
    const given: Record<string, unknown> = {
      object,
      oldObject: oldObject ?? null,
      params,
      request: requestOf(asked),
      authorizer: new AccessCheck(isAllowed),
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

/** The part of the AdmissionRequest that policies read. */
function requestOf({ object, operation, resource = "instanceprofiles", username = "" }: AdmissionRequest): Json {
  const { name, namespace } = object["metadata"] as { readonly name: string; readonly namespace?: string };
  return {
    operation,
    name,
    ...(namespace !== undefined && { namespace }),
    resource: { group: GROUP, version: "v1beta1", resource },
    userInfo: { username },
  };
}

function compiled(environment: Environment, expression: string): Evaluate {
  const parsed = environment.parse(expression);
  adaptExpression(parsed.ast as unknown as CelNode);
  const { valid, error } = parsed.check();
  if (!valid) throw new Error(`${error?.message} in ${expression}`);
  return (given) => parsed(given);
}
