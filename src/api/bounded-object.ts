import { type OversizePolicy, oversizePolicies } from "../model/policy/policy-size.ts";
import { API_GROUP } from "./instance-profile.ts";

/** On an object whose policies were left out: a symbol, so that no manifest and no answer of a server can have it. */
const OVERSIZE: unique symbol = Symbol("oversize policies");

type Fields = Readonly<Record<string | symbol, unknown>>;

/** Stands for policies that are left out. Should anything ever be done with it, nobody gains access. */
const NO_ACCESS = [{ effect: "Deny", actions: ["*"], resources: ["*"] }] as const;
const NO_TRUST = { services: [], statements: [{ effect: "Deny", principals: { aws: ["*"] } }] } as const;

/**
 * The object without what would make it costly to hold and to judge: policies that IAM takes in no account, of which only
 * {@link oversizeIn} is left, and metadata that nobody reads. What is small enough comes back as it is.
 */
export function boundedObject<T>(object: T): T {
  if (!isRecord(object)) return object;
  return withBoundedMetadata(withBoundedPolicies(object)) as T;
}

/** The object without policies that IAM takes in no account. */
export function withBoundedPolicies<T>(object: T): T {
  if (!isRecord(object) || OVERSIZE in object) return object;
  const { spec } = object;
  const oversize = oversizePolicies(spec);
  if (oversize.length === 0 || !isRecord(spec)) return object;
  const isLeftOut = (field: OversizePolicy["field"]): boolean => oversize.some((policy) => policy.field === field);
  return {
    ...object,
    [OVERSIZE]: oversize,
    spec: {
      ...spec,
      ...(isLeftOut("spec.statements") && { statements: NO_ACCESS }),
      ...(isLeftOut("spec.trust") && { trust: NO_TRUST }),
    },
  };
}

/** Which policies were left out of the object; empty when none were. */
export function oversizeIn(object: unknown): readonly OversizePolicy[] {
  return isRecord(object) && OVERSIZE in object ? (object[OVERSIZE] as readonly OversizePolicy[]) : [];
}

/** Longer values of annotations are cut: a status has no room to answer them. */
const MAX_ANNOTATION_CHARS = 1_024;

/** Labels and the annotations of other programs may be most of an object, and decide nothing. */
function withBoundedMetadata(object: Fields): Fields {
  const { metadata } = object;
  if (!isRecord(metadata)) return object;
  const { labels: _, managedFields: __, ownerReferences: ___, annotations, ...kept } = metadata;
  if (!isRecord(annotations)) return { ...object, metadata: kept };
  const own = Object.entries(annotations)
    .filter(([key]) => key.startsWith(`${API_GROUP}/`))
    .map(([key, value]) => [key, typeof value === "string" ? value.slice(0, MAX_ANNOTATION_CHARS) : value]);
  return { ...object, metadata: { ...kept, annotations: Object.fromEntries(own) } };
}

function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
