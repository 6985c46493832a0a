import {
  asciiLowerCase,
  isJsonList,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  listOf,
  stringsOf,
} from "../../model/policy/policy-json.ts";
import { type AccessEvidence, type ActionUse, actionUse } from "./action-use.ts";

/** A manifest without the actions that are known to be unused. */
export interface NarrowedManifest {
  readonly manifest: JsonObject;
  /** Each action and pattern of the Allow statements once, in their order. */
  readonly actions: readonly ActionUse[];
  /** What was left as it is, and why. */
  readonly untouched: readonly string[];
}

/** How a statement calls its fields: in the manifest, or in IAM's JSON. */
interface StatementForm {
  readonly effect: string;
  readonly actions: string;
  readonly notActions: string;
}

const MANIFEST_FORM: StatementForm = { effect: "effect", actions: "actions", notActions: "notActions" };
const IAM_FORM: StatementForm = { effect: "Effect", actions: "Action", notActions: "NotAction" };

/**
 * Narrows the inline policies of a manifest to what is used and to what is not known to be unused. It only removes actions from Allow
 * statements, statements without an action, and policies without a statement. Deny statements, conditions and resources stay.
 */
export function narrowManifest(manifest: JsonObject, evidence: AccessEvidence): NarrowedManifest {
  const narrowing = new Narrowing(evidence);
  const { spec } = manifest;
  if (!isJsonObject(spec)) return { manifest, actions: [], untouched: [] };
  const statements = narrowing.statements(spec["statements"], MANIFEST_FORM, "spec.statements");
  const inlinePolicies = narrowing.policies(spec["inlinePolicies"], "spec.inlinePolicies");
  const narrowed = without(spec, { statements, inlinePolicies });
  return {
    manifest: { ...manifest, spec: narrowed },
    actions: narrowing.actions,
    untouched: [...narrowing.untouched, ...managedPolicies(spec)],
  };
}

/** The fields with new values; a field without a value left, or with an empty list, is removed. */
function without(fields: JsonObject, changed: Readonly<Record<string, JsonValue | undefined>>): JsonObject {
  const kept = Object.entries(fields).map(([name, value]) => [name, name in changed ? changed[name] : value] as const);
  return Object.fromEntries(
    kept.filter((entry): entry is readonly [string, JsonValue] => entry[1] !== undefined && !isEmptied(entry, fields)),
  );
}

function isEmptied([name, value]: readonly [string, JsonValue | undefined], fields: JsonObject): boolean {
  return isJsonList(value) && value.length === 0 && listOf(fields[name]).length > 0;
}

/** Managed policies can be attached to other roles, whose use this report does not contain. */
function managedPolicies(spec: JsonObject): readonly string[] {
  const own = listOf(spec["managedPolicies"]).length > 0 ? ["spec.managedPolicies: other roles may use them"] : [];
  const attached = stringsOf(spec["managedPolicyArns"]) ?? [];
  return [...own, ...attached.map((arn) => `spec.managedPolicyArns: ${arn} is not a policy of this object`)];
}

class Narrowing {
  readonly #evidence: AccessEvidence;
  readonly #uses = new Map<string, ActionUse>();
  readonly untouched: string[] = [];

  constructor(evidence: AccessEvidence) {
    this.#evidence = evidence;
  }

  get actions(): readonly ActionUse[] {
    return [...this.#uses.values()];
  }

  policies(policies: JsonValue | undefined, path: string): JsonValue | undefined {
    if (!isJsonList(policies)) return policies;
    return policies.flatMap((policy, index): readonly JsonValue[] => {
      if (!isJsonObject(policy)) return [policy];
      const narrowed = this.#policy(policy, `${path}[${index}]`);
      const isEmpty = narrowed["statements"] === undefined && narrowed["document"] === undefined;
      return isEmpty ? [] : [narrowed];
    });
  }

  #policy(policy: JsonObject, path: string): JsonObject {
    const { document } = policy;
    const statements = this.statements(policy["statements"], MANIFEST_FORM, `${path}.statements`);
    if (!isJsonObject(document)) return without(policy, { statements });
    const ofDocument = this.statements(document["Statement"], IAM_FORM, `${path}.document.Statement`);
    const isEmpty = isJsonList(ofDocument) && ofDocument.length === 0;
    return without(policy, { document: isEmpty ? undefined : { ...document, Statement: ofDocument ?? [] } });
  }

  /** A single statement without a list around it stays one. */
  statements(statements: JsonValue | undefined, form: StatementForm, path: string): JsonValue | undefined {
    if (statements === undefined) return undefined;
    const kept = listOf(statements).flatMap((statement, index) => {
      const narrowed = isJsonObject(statement) ? this.#statement(statement, form, `${path}[${index}]`) : statement;
      return narrowed === undefined ? [] : [narrowed];
    });
    const [only] = kept;
    return isJsonList(statements) || only === undefined ? kept : only;
  }

  /** Undefined for a statement without an action left. */
  #statement(statement: JsonObject, form: StatementForm, path: string): JsonObject | undefined {
    if (statement[form.effect] !== "Allow") return statement;
    const written = statement[form.actions];
    const actions = stringsOf(written);
    if (actions === undefined) {
      if (statement[form.notActions] !== undefined)
        this.untouched.push(`${path}: ${form.notActions} allows actions that it does not name`);
      return statement;
    }
    const kept = actions.filter((action) => this.#use(action).verdict !== "unused");
    if (kept.length === actions.length) return statement;
    return kept.length === 0 ? undefined : { ...statement, [form.actions]: kept };
  }

  #use(action: string): ActionUse {
    const key = asciiLowerCase(action);
    const use = this.#uses.get(key) ?? actionUse(action, this.#evidence);
    this.#uses.set(key, use);
    return use;
  }
}
