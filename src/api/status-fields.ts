import { list } from "./collection-fields.ts";
import type { Field } from "./field.ts";
import type {
  AcceptedClass,
  AwsObjectReference,
  Condition,
  InstanceProfileStatus,
  LastUse,
  NamedArn,
} from "./instance-profile.ts";
import type { InstancesClaim, InstancesStatus } from "./instances.ts";
import { lenientObject, optional, required } from "./object-fields.ts";
import { choice, flag, integer, text } from "./scalar-fields.ts";

/** A `metadata.generation`. */
export const generationField: Field<number> = integer({ format: "int64", minimum: 0 });
/** -1 until the first reconcile. */
const observedGenerationField: Field<number> = integer({ format: "int64", minimum: -1 });
const countField: Field<number> = integer({ format: "int32", minimum: 0 });

const referenceField: Field<AwsObjectReference> = lenientObject<AwsObjectReference>({
  name: optional(text({ maxLength: 128 })),
  arn: optional(text({ maxLength: 2048 })),
  id: optional(text({ maxLength: 128 })),
});

const namedArnField: Field<NamedArn> = lenientObject<NamedArn>({
  name: required(text({ maxLength: 128 })),
  arn: required(text({ maxLength: 2048 })),
});

const acceptedClassField: Field<AcceptedClass> = lenientObject<AcceptedClass>({
  name: required(text({ maxLength: 253 })),
  accountId: required(text({ maxLength: 12 })),
  acceptedTime: required(text({ format: "date-time" })),
  deletionPolicy: optional(choice("Delete", "Retain")),
  allowedDeletionPolicies: optional(list(choice("Delete", "Retain"), { minItems: 1, maxItems: 2, listType: "atomic" })),
  allowForceDelete: optional(flag()),
});

const conditionField: Field<Condition> = lenientObject<Condition>({
  type: required(text({ minLength: 1, maxLength: 316 })),
  status: required(choice("True", "False", "Unknown")),
  reason: required(text({ minLength: 1, maxLength: 1024, pattern: "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$" })),
  message: required(text({ maxLength: 32_768 })),
  lastTransitionTime: required(text({ format: "date-time" })),
  observedGeneration: required(generationField),
});

/** The conditions of a status. */
export const conditionsField: Field<readonly Condition[]> = list(conditionField, {
  maxItems: 16,
  listType: "map",
  listMapKeys: ["type"],
});

const lastUsedField: Field<LastUse> = lenientObject<LastUse>({
  time: required(text({ format: "date-time" })),
  region: optional(text({ maxLength: 64 })),
});

/** The maximum length of a selection: 20 tags, each character of which JSON may escape. */
const MAX_SELECTION_CHARS = 65_536;

const instancesClaimField: Field<InstancesClaim> = lenientObject<InstancesClaim>({
  time: required(text({ format: "date-time" })),
  selection: required(text({ maxLength: MAX_SELECTION_CHARS })),
});

const instancesStatusField: Field<InstancesStatus> = lenientObject<InstancesStatus>({
  matched: required(countField),
  associated: required(countField),
  pending: required(countField),
  conflicts: optional(list(text({ maxLength: 2048 }), { maxItems: 100, listType: "atomic" })),
  refused: optional(list(text({ maxLength: 2048 }), { maxItems: 100, listType: "atomic" })),
  claim: optional(instancesClaimField),
});

const fields: Field<InstanceProfileStatus> = lenientObject<InstanceProfileStatus>({
  observedGeneration: optional(observedGenerationField),
  accountId: optional(text({ maxLength: 12 })),
  class: optional(acceptedClassField),
  role: optional(referenceField),
  instanceProfile: optional(referenceField),
  managedPolicies: optional(list(namedArnField, { maxItems: 50, listType: "map", listMapKeys: ["name"] })),
  handedOverTo: optional(text({ maxLength: 256 })),
  conditions: optional(conditionsField),
  plan: optional(list(text({ maxLength: 4096 }), { maxItems: 100, listType: "atomic" })),
  unmanagedPolicies: optional(list(text({ maxLength: 2048 }), { maxItems: 100, listType: "atomic" })),
  instances: optional(instancesStatusField),
  lastUsed: optional(lastUsedField),
  lastVerifiedTime: optional(text({ format: "date-time" })),
  lastHandledReconcileAt: optional(text({ maxLength: 1024 })),
});

/**
 * Every field of the status, with the bounds of the CRD. The API server gives a new object an observedGeneration that no object has,
 * because kstatus would otherwise take an object without conditions for Current.
 */
export const statusField: Field<InstanceProfileStatus> = {
  ...fields,
  schema: { ...fields.schema, default: { observedGeneration: -1 } },
};
