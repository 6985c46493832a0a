import { list, map } from "./collection-fields.ts";
import type { Field } from "./field.ts";
import type { ObjectMeta } from "./instance-profile.ts";
import { defaulted, lenientObject, optional, required } from "./object-fields.ts";
import { matches } from "./policy-fields.ts";
import { integer, text } from "./scalar-fields.ts";

/** The metadata that the controller reads. The API server validates the rest. */
export const metadataField: Field<ObjectMeta> = lenientObject<ObjectMeta>({
  name: required(
    text(
      { minLength: 1, maxLength: 253 },
      matches(
        "^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$",
        "write lower case letters, digits, dots and dashes, as in app-server",
      ),
    ),
  ),
  namespace: defaulted(text({ minLength: 1, maxLength: 63 }), "default"),
  uid: defaulted(text(), ""),
  generation: defaulted(integer({ format: "int64" }), 0),
  resourceVersion: defaulted(text(), ""),
  deletionTimestamp: optional(text()),
  finalizers: optional(list(text(), { listType: "atomic" })),
  annotations: optional(map(text(), {})),
  labels: optional(map(text(), {})),
  creationTimestamp: optional(text()),
});
