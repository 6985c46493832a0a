import { type OversizePolicy, oversizePolicies } from "../model/policy/policy-size.ts";
import { API_GROUP } from "./instance-profile.ts";

/** The key of the omitted policies of an object. It is a symbol, so that no manifest and no API response can contain it. */
const OVERSIZE: unique symbol = Symbol("oversize policies");

type Fields = Readonly<Record<string | symbol, unknown>>;

/** Placeholders for omitted policies. They grant no access if they are ever written. */
const NO_ACCESS = [{ effect: "Deny", actions: ["*"], resources: ["*"] }] as const;
const NO_TRUST = { services: [], statements: [{ effect: "Deny", principals: { aws: ["*"] } }] } as const;

/**
 * The object without what is expensive to store and check: policies that IAM accepts in no account, which {@link oversizeIn} describes, and
 * unused metadata. Small objects are returned unchanged.
 */
export function boundedObject<T>(object: T): T {
  if (!isRecord(object)) return object;
  return withBoundedMetadata(withBoundedPolicies(object)) as T;
}

/** The object without policies that IAM accepts in no account. */
export function withBoundedPolicies<T>(object: T): T {
  if (!isRecord(object) || OVERSIZE in object) return object;
  const { spec } = object;
  const oversize = oversizePolicies(spec);
  if (oversize.length === 0 || !isRecord(spec)) return object;
  const isOmitted = (field: OversizePolicy["field"]): boolean => oversize.some((policy) => policy.field === field);
  return {
    ...object,
    [OVERSIZE]: oversize,
    spec: {
      ...spec,
      ...(isOmitted("spec.statements") && { statements: NO_ACCESS }),
      ...(isOmitted("spec.inlinePolicies") && { statements: NO_ACCESS, inlinePolicies: [] }),
      ...(isOmitted("spec.managedPolicies") && { managedPolicies: [] }),
      ...(isOmitted("spec.trust") && { trust: NO_TRUST }),
    },
  };
}

/** The policies that were omitted from the object; empty if there are none. */
export function oversizeIn(object: unknown): readonly OversizePolicy[] {
  return isRecord(object) && OVERSIZE in object ? (object[OVERSIZE] as readonly OversizePolicy[]) : [];
}

/** The maximum length of an annotation value, because status has no room to repeat longer ones. */
const MAX_ANNOTATION_CHARS = 1_024;

/** Removes labels and the annotations of other programs, which are not used and can be most of an object. */
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
