import type { FieldCause, Json, JsonObject } from "../contract.ts";
import { invalid } from "../field-cause.ts";
import { isObject, listMember, member, objectMember } from "../json.ts";
import { correlatedField, correlatedItem, unchanged } from "./correlation.ts";
import { compileJsonSchema } from "./json-schema.ts";
import {
  Failures,
  fragmentPart,
  merged,
  nothing,
  type Place,
  pointerPart,
  type Verdict,
  verdict,
} from "./schema-place.ts";
import {
  enumVerdict,
  forbiddenCauses,
  listSizeCauses,
  numberVerdict,
  objectSizeCauses,
  requiredCauses,
  stringVerdict,
  typeVerdict,
} from "./schema-wording.ts";
import { fieldNode, type SchemaNode } from "./structural.ts";

/** The order of the parts is the API server's: it decides the order of the causes. */
function judge(place: Place, failures: Failures): Verdict {
  if (place.value === null) {
    return merged([typeVerdict(place, failures), enumVerdict(place, failures)]);
  }
  return merged([
    typeVerdict(place, failures),
    compositionVerdict(place, failures),
    stringVerdict(place, failures),
    numberVerdict(place, failures),
    listVerdict(place, failures),
    enumVerdict(place, failures),
    objectVerdict(place, failures),
    verdict(1),
  ]);
}

/** A field or item that is as invalid as it was before is let through. */
function judgeChild(place: Place, failures: Failures): Verdict {
  const found = judge(place, failures);
  return unchanged(place.pair) ? { causes: [], matches: found.matches } : found;
}

function listVerdict(place: Place, failures: Failures): Verdict {
  const list = place.value;
  if (!Array.isArray(list)) {
    return nothing;
  }
  const items = objectMember(place.source, "items");
  const judged =
    items === undefined
      ? []
      : list.map((value, index) =>
          judgeChild(
            {
              source: items,
              node: place.node?.items,
              name: `${place.name}[${index}]`,
              instance: `${place.instance}/${index}`,
              schema: `${place.schema}/items`,
              value,
              pair: correlatedItem(place.pair, index, place.node),
            },
            failures,
          ),
        );
  return merged([...judged, verdict(2, ...listSizeCauses(place, failures))]);
}

function fieldPlace(place: Place, key: string, value: Json, source: JsonObject, schema: string): Place {
  const typeMeta = place.name === "" && (key === "apiVersion" || key === "kind");
  return {
    source,
    node: place.node === undefined ? undefined : fieldNode(place.node, key),
    name: place.name === "" ? key : `${place.name}.${key}`,
    instance: `${place.instance}/${pointerPart(key)}`,
    schema: `${place.schema}/${schema}`,
    value,
    pair: typeMeta ? undefined : correlatedField(place.pair, key),
  };
}

function objectVerdict(place: Place, failures: Failures): Verdict {
  const value = place.value;
  if (!isObject(value)) {
    return nothing;
  }
  const properties = objectMember(place.source, "properties") ?? {};
  const additional = objectMember(place.source, "additionalProperties");
  const others = additional === undefined ? [] : Object.keys(value).filter((key) => !Object.hasOwn(properties, key));
  const judgedOthers = others.map((key) =>
    judgeChild(fieldPlace(place, key, value[key] ?? null, additional ?? {}, "additionalProperties"), failures),
  );
  const judgedProperties = Object.entries(properties).flatMap(([key, source]) => {
    const entry = member(value, key);
    return entry === undefined || !isObject(source)
      ? []
      : [judgeChild(fieldPlace(place, key, entry, source, `properties/${fragmentPart(key)}`), failures)];
  });
  return merged([
    verdict(1, ...objectSizeCauses(place, failures), ...forbiddenCauses(place, failures)),
    ...judgedOthers,
    ...judgedProperties,
    verdict(0, ...requiredCauses(place, failures)),
  ]);
}

function branches(place: Place, keyword: string, failures: Failures): readonly Verdict[] {
  return listMember(place.source, keyword).map((branch, index) => {
    const source = isObject(branch) ? branch : {};
    return judge({ ...place, source, schema: `${place.schema}/${keyword}/${index}` }, failures);
  });
}

function best(verdicts: readonly Verdict[]): Verdict {
  return verdicts.reduce((chosen, candidate) => (candidate.matches > chosen.matches ? candidate : chosen));
}

function about(place: Place, complaint: string): FieldCause {
  return invalid("", "", `${JSON.stringify(place.name)} ${complaint}`);
}

function anyOfVerdict(place: Place, failures: Failures): Verdict {
  const judged = failures.has(place, "anyOf") ? branches(place, "anyOf", failures) : [];
  if (judged.length === 0 || judged.some((branch) => branch.causes.length === 0)) {
    return nothing;
  }
  return merged([verdict(0, about(place, "must validate at least one schema (anyOf)")), best(judged)]);
}

function oneOfVerdict(place: Place, failures: Failures): Verdict {
  const judged = failures.has(place, "oneOf") ? branches(place, "oneOf", failures) : [];
  const valid = judged.filter((branch) => branch.causes.length === 0).length;
  if (judged.length === 0 || valid === 1) {
    return nothing;
  }
  const found = valid === 0 ? "Found none valid" : `Found ${valid} valid alternatives`;
  const complaint = about(place, `must validate one and only one schema (oneOf). ${found}`);
  return merged([verdict(0, complaint), valid === 0 ? best(judged) : nothing]);
}

function allOfVerdict(place: Place, failures: Failures): Verdict {
  const judged = branches(place, "allOf", failures);
  const valid = judged.filter((branch) => branch.causes.length === 0).length;
  if (valid === judged.length) {
    return merged(judged);
  }
  const found = valid === 0 ? ". None validated" : "";
  return merged([...judged, verdict(0, about(place, `must validate all the schemas (allOf)${found}`))]);
}

function compositionVerdict(place: Place, failures: Failures): Verdict {
  const notCauses = failures.has(place, "not") ? [about(place, "must not validate the schema (not)")] : [];
  return merged([
    anyOfVerdict(place, failures),
    oneOfVerdict(place, failures),
    allOfVerdict(place, failures),
    verdict(2, ...notCauses),
  ]);
}

/** The value validations of a schema: Ajv decides, the walk finds the API server's words and order. */
export type SchemaCheck = (value: Json, old: Json | undefined) => readonly FieldCause[];

/** Throws for a pattern that is no RE2. */
export function schemaCheck(root: SchemaNode): SchemaCheck {
  const failed = compileJsonSchema(root.source);
  return (value, old) => {
    const errors = failed(value);
    if (errors.length === 0) {
      return [];
    }
    const pair = old === undefined ? undefined : { value, old };
    const place: Place = { source: root.source, node: root, name: "", instance: "", schema: "", value, pair };
    return judgeChild(place, new Failures(errors)).causes;
  };
}
