import { Optional } from "@marcbachmann/cel-js";
import type { FieldCause, Json } from "../contract.ts";
import { duplicate, forbidden, invalid, OMITTED, required } from "../field-cause.ts";
import { isObject, member, stringMember } from "../json.ts";
import { type Correlated, correlatedField, correlatedItem, oldItem, unchanged } from "../schema/correlation.ts";
import { pathText, type ValuePath } from "../value-path.ts";
import type { CompiledRule, RuleSite } from "./rules.ts";
import type { CelType } from "./types.ts";
import { evaluationComplaint } from "./words.ts";

/** One value with the rules about it. */
interface Visit {
  readonly site: RuleSite;
  readonly path: ValuePath | undefined;
  readonly value: Json;
  /** What oldSelf is; undefined on create and where nothing correlates. */
  readonly old: Json | undefined;
  readonly pair: Correlated | undefined;
  /** The nearest enclosing value that has a predecessor: when it did not change, neither did anything in it. */
  readonly around: Correlated | undefined;
}

/** The longest message an expression may give; a longer one is ignored in favour of the rule's message. */
const maxMessageBytes = 5 * 1024;

function named(rule: CompiledRule): string {
  const message = stringMember(rule.source, "message");
  return (message === "" ? stringMember(rule.source, "rule") : message).trim();
}

function fixedMessage(rule: CompiledRule): string {
  const message = stringMember(rule.source, "message");
  return message === "" ? `failed rule: ${named(rule)}` : message.trim();
}

function detail(rule: CompiledRule, variables: Readonly<Record<string, unknown>>): string {
  if (rule.messageExpression === undefined) {
    return fixedMessage(rule);
  }
  try {
    const text = String(rule.messageExpression.evaluate(variables)).trim();
    const usable = text !== "" && !text.includes("\n") && Buffer.byteLength(text) <= maxMessageBytes;
    return usable ? text : fixedMessage(rule);
  } catch {
    return fixedMessage(rule);
  }
}

/**
 * Kubernetes >= 1.35 prints the value of a scalar and nothing for lists and objects; before, it printed the type's
 * name for all of them.
 */
function refused(visit: Visit, rule: CompiledRule, text: string): FieldCause {
  const parts = [pathText(visit.path), rule.fieldPath].filter((part) => part !== "");
  const field = parts.join(".");
  const { type } = visit.site.node;
  const value = type === "object" || type === "array" ? OMITTED : visit.value;
  switch (stringMember(rule.source, "reason")) {
    case "FieldValueForbidden":
      return forbidden(field, text);
    case "FieldValueRequired":
      return required(field, text);
    case "FieldValueDuplicate":
      return duplicate(field, value);
    default:
      return invalid(field, value, text);
  }
}

function undecided(visit: Visit, rule: CompiledRule, error: unknown): FieldCause {
  const complaint = evaluationComplaint(error);
  const text =
    complaint === "no such overload"
      ? `'${complaint}': call arguments did not match a supported operator, function or macro signature for rule: ${named(rule)}`
      : `${complaint} evaluating rule: ${named(rule)}`;
  return invalid(pathText(visit.path), visit.site.node.type, text);
}

function ratcheted(visit: Visit, rule: CompiledRule): boolean {
  return !rule.expression.usesOldSelf && unchanged(visit.pair ?? visit.around);
}

function ruleCauses(visit: Visit, rule: CompiledRule, type: CelType, self: unknown): readonly FieldCause[] {
  const { old } = visit;
  if (rule.expression.usesOldSelf && old === undefined && !rule.optionalOldSelf) {
    return [];
  }
  const oldSelf = old === undefined || !rule.expression.usesOldSelf ? undefined : type.convert(old);
  const variables = { self, oldSelf: rule.optionalOldSelf ? optional(oldSelf) : oldSelf };
  try {
    if (rule.expression.evaluate(variables) === true || ratcheted(visit, rule)) {
      return [];
    }
  } catch (error) {
    return [undecided(visit, rule, error)];
  }
  return [refused(visit, rule, detail(rule, variables))];
}

function optional(value: unknown): unknown {
  return value === undefined ? Optional.none() : Optional.of(value);
}

function addOwnCauses(visit: Visit, causes: FieldCause[]): void {
  const { rules, type } = visit.site;
  if (rules.length === 0 || type === undefined) {
    return;
  }
  const self = type.convert(visit.value);
  for (const rule of rules) {
    causes.push(...ruleCauses(visit, rule, type, self));
  }
}

function addItemCauses(visit: Visit, list: readonly Json[], causes: FieldCause[]): void {
  const site = visit.site.items;
  if (site === undefined) {
    return;
  }
  list.forEach((value, step) => {
    addCauses(
      {
        site,
        path: { above: visit.path, step, isMapKey: false },
        value,
        old: oldItem(visit.old, value, visit.site.node),
        pair: correlatedItem(visit.pair, step, visit.site.node),
        around: visit.pair ?? visit.around,
      },
      causes,
    );
  });
}

function addFieldCauses(visit: Visit, causes: FieldCause[]): void {
  const { value, site, path } = visit;
  if (!isObject(value)) {
    return;
  }
  for (const key of Object.keys(value)) {
    const property = site.properties.get(key);
    const below = property ?? (site.node.properties.has(key) ? undefined : site.additional);
    if (below !== undefined) {
      addCauses(
        {
          site: below,
          path: { above: path, step: key, isMapKey: property === undefined },
          value: value[key] ?? null,
          old: member(visit.old, key),
          pair: correlatedField(visit.pair, key),
          around: visit.pair ?? visit.around,
        },
        causes,
      );
    }
  }
}

function addCauses(visit: Visit, causes: FieldCause[]): void {
  if (visit.value === null) {
    return;
  }
  addOwnCauses(visit, causes);
  if (Array.isArray(visit.value)) {
    addItemCauses(visit, visit.value, causes);
  } else {
    addFieldCauses(visit, causes);
  }
}

/** What the rules of a schema refuse in a value, at every level. */
export function ruleCausesOf(site: RuleSite, value: Json, old: Json | undefined): readonly FieldCause[] {
  const pair = old === undefined ? undefined : { value, old };
  const causes: FieldCause[] = [];
  addCauses({ site, path: undefined, value, old, pair, around: undefined }, causes);
  return causes;
}
