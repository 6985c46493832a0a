import type { Json, JsonObject } from "../../../crd/contract.ts";
import { canonicalJson, isObject, setMember } from "../../../crd/json.ts";

/**
 * One step of a path as fieldsV1 writes it: `f:<field>`, `k:<key of a list-type map, as JSON>`, `v:<value of a set,
 * as JSON>`. https://kubernetes.io/docs/reference/using-api/server-side-apply/#state-tracking
 */
export type PathStep = string;

export type FieldPath = readonly PathStep[];

export function fieldStep(name: string): PathStep {
  return `f:${name}`;
}

export function keyStep(key: JsonObject): PathStep {
  return `k:${canonicalJson(key)}`;
}

export function valueStep(value: Json): PathStep {
  return `v:${canonicalJson(value)}`;
}

function printedStep(step: PathStep): string {
  const content = step.slice(2);
  if (step.startsWith("f:")) {
    return `.${content}`;
  }
  if (step.startsWith("v:")) {
    return `[=${content}]`;
  }
  const key: Json = JSON.parse(content);
  const parts = isObject(key) ? Object.entries(key).map(([name, value]) => `${name}=${canonicalJson(value)}`) : [];
  return `[${parts.join(",")}]`;
}

/** `.spec.roleName`, `.status.conditions[type="Ready"].reason`: a path as conflicts name it. */
export function printedPath(path: FieldPath): string {
  return path.map(printedStep).join("");
}

/** A set of paths. Having a path does not mean having the paths below it. */
export class FieldSet {
  readonly #members: ReadonlySet<PathStep>;
  readonly #children: ReadonlyMap<PathStep, FieldSet>;

  constructor(members: Iterable<PathStep> = [], children: Iterable<readonly [PathStep, FieldSet]> = []) {
    this.#members = new Set(members);
    this.#children = new Map([...children].filter(([, child]) => !child.isEmpty()));
  }

  static of(paths: Iterable<FieldPath>): FieldSet {
    const members = new Set<PathStep>();
    const below = new Map<PathStep, FieldPath[]>();
    for (const [step, ...rest] of paths) {
      if (step !== undefined && rest.length === 0) {
        members.add(step);
      } else if (step !== undefined) {
        below.set(step, [...(below.get(step) ?? []), rest]);
      }
    }
    return new FieldSet(
      members,
      [...below].map(([step, rest]) => [step, FieldSet.of(rest)] as const),
    );
  }

  /** Reads a fieldsV1 document. */
  static parse(document: Json | undefined): FieldSet {
    const members: PathStep[] = [];
    const children: [PathStep, FieldSet][] = [];
    for (const [step, below] of Object.entries(isObject(document) ? document : {})) {
      if (step !== ".") {
        const child = FieldSet.parse(below);
        const leaf = child.isEmpty() || (isObject(below) && Object.hasOwn(below, "."));
        members.push(...(leaf ? [step] : []));
        children.push([step, child]);
      }
    }
    return new FieldSet(members, children);
  }

  /** The fieldsV1 document, with sorted keys. */
  toJson(): JsonObject {
    const document: JsonObject = {};
    for (const step of [...new Set([...this.#members, ...this.#children.keys()])].sort()) {
      const below = this.#children.get(step)?.toJson() ?? {};
      const self: JsonObject = this.#members.has(step) && Object.keys(below).length > 0 ? { ".": {} } : {};
      setMember(document, step, { ...self, ...below });
    }
    return document;
  }

  isEmpty(): boolean {
    return this.#members.size === 0 && this.#children.size === 0;
  }

  get members(): ReadonlySet<PathStep> {
    return this.#members;
  }

  below(step: PathStep): FieldSet {
    return this.#children.get(step) ?? FieldSet.none;
  }

  static readonly none: FieldSet = new FieldSet();

  #combined(other: FieldSet, members: Iterable<PathStep>, join: (a: FieldSet, b: FieldSet) => FieldSet): FieldSet {
    const steps = new Set([...this.#children.keys(), ...other.#children.keys()]);
    return new FieldSet(
      members,
      [...steps].map((step) => [step, join(this.below(step), other.below(step))] as const),
    );
  }

  union(other: FieldSet): FieldSet {
    return this.#combined(other, [...this.#members, ...other.#members], (a, b) => a.union(b));
  }

  intersection(other: FieldSet): FieldSet {
    const members = [...this.#members].filter((step) => other.#members.has(step));
    return this.#combined(other, members, (a, b) => a.intersection(b));
  }

  /** Without the other's paths; paths below those stay. */
  difference(other: FieldSet): FieldSet {
    const members = [...this.#members].filter((step) => !other.#members.has(step));
    return this.#combined(other, members, (a, b) => a.difference(b));
  }

  /** Without the other's paths and everything below them. */
  without(other: FieldSet): FieldSet {
    const members = [...this.#members].filter((step) => !other.#members.has(step));
    const children = [...this.#children].filter(([step]) => !other.#members.has(step));
    return new FieldSet(
      members,
      children.map(([step, child]) => [step, child.without(other.below(step))] as const),
    );
  }

  /** The same set with the steps that `also` names for the children of each level made members. */
  withMembers(
    also: (steps: readonly PathStep[], path: FieldPath) => readonly PathStep[],
    path: FieldPath = [],
  ): FieldSet {
    return new FieldSet(
      [...this.#members, ...also([...this.#children.keys()], path)],
      [...this.#children].map(([step, child]) => [step, child.withMembers(also, [...path, step])] as const),
    );
  }

  paths(): readonly FieldPath[] {
    const own = [...this.#members].map((step) => [step]);
    const below = [...this.#children].flatMap(([step, child]) => child.paths().map((path) => [step, ...path]));
    return [...own, ...below];
  }
}
