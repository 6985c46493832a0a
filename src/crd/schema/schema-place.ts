import type { ErrorObject } from "ajv";
import type { FieldCause, Json, JsonObject } from "../contract.ts";
import type { Correlated } from "./correlation.ts";
import type { SchemaNode } from "./structural.ts";

/** A value beside the schema that judges it, with the names that Ajv and the API server give to both. */
export interface Place {
  readonly source: JsonObject;
  /** The structural node that the source belongs to, for list types; absent below unknown fields. */
  readonly node: SchemaNode | undefined;
  /** `spec.tags.team`: the API server's name in messages. */
  readonly name: string;
  /** `/spec/tags/team`: Ajv's instancePath. */
  readonly instance: string;
  /** `/properties/spec/...`: Ajv's schemaPath without the hash. */
  readonly schema: string;
  readonly value: Json;
  readonly pair: Correlated | undefined;
}

/** What one schema says of one value. */
export interface Verdict {
  readonly causes: readonly FieldCause[];
  /**
   * How many validators of the API server would have looked at the value: of several alternatives that fail, it
   * reports the one with the most.
   * https://pkg.go.dev/k8s.io/kube-openapi/pkg/validation/validate#Result
   */
  readonly matches: number;
}

export const nothing: Verdict = { causes: [], matches: 0 };

export function verdict(matches: number, ...causes: readonly FieldCause[]): Verdict {
  return { causes, matches };
}

export function merged(parts: readonly Verdict[]): Verdict {
  const causes = new Map<string, FieldCause>();
  let matches = 0;
  for (const part of parts) {
    matches += part.matches;
    for (const cause of part.causes) {
      causes.set(`${cause.field} ${cause.message}`, cause);
    }
  }
  return { causes: [...causes.values()], matches };
}

/** The keywords that Ajv found broken, by place. */
export class Failures {
  readonly #byPlace = new Map<string, ErrorObject[]>();

  constructor(errors: readonly ErrorObject[]) {
    for (const error of errors) {
      const key = `${error.instancePath} ${error.schemaPath.slice(1)}`;
      const known = this.#byPlace.get(key);
      if (known === undefined) {
        this.#byPlace.set(key, [error]);
      } else {
        known.push(error);
      }
    }
  }

  at(place: Place, keyword: string): readonly ErrorObject[] {
    return this.#byPlace.get(`${place.instance} ${place.schema}/${keyword}`) ?? [];
  }

  has(place: Place, keyword: string): boolean {
    return this.at(place, keyword).length > 0;
  }
}

/** A key as Ajv writes it in an instancePath. */
export function pointerPart(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** A key as Ajv writes it in a schemaPath. */
export function fragmentPart(key: string): string {
  return encodeURIComponent(pointerPart(key));
}
