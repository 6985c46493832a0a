import { showValue } from "../../model/policy/policy-elements.ts";
import type { Bounds, Excess, Violation } from "./class-bounds.ts";

const MAX_SHOWN = 5;

/** The name of the class in messages. */
export function classTitle(bounds: Bounds): string {
  return `class ${bounds.class.metadata.name}`;
}

/** The first items of a list, and how many more there are. */
export function someOf(items: readonly string[]): string {
  if (items.length === 0) return "none";
  const shown = items.slice(0, MAX_SHOWN).map(showValue).join(", ");
  return items.length <= MAX_SHOWN ? shown : `${shown} and ${items.length - MAX_SHOWN} more`;
}

/** Builds a violation; `excess` is the part of the spec that the class does not allow. */
export function violation(reason: string, message: string, excess: Excess): Violation {
  return { reason, message, excess };
}
