/** How a field's bytes are read; a nested table is a message. */
export type FieldType =
  | "text"
  | "number"
  | "flag"
  | "time"
  | "microTime"
  | "bytes"
  | "textMap"
  | "bytesMap"
  | "texts"
  | Message;

/** A message: field number to the field's JSON name and type; `many` collects repeated messages in a list. */
export interface Message {
  readonly [fieldNumber: number]: readonly [name: string, type: FieldType, many?: "many"];
}

const ownerReference: Message = {
  1: ["kind", "text"],
  3: ["name", "text"],
  4: ["uid", "text"],
  5: ["apiVersion", "text"],
  6: ["controller", "flag"],
  7: ["blockOwnerDeletion", "flag"],
};

const objectMeta: Message = {
  1: ["name", "text"],
  2: ["generateName", "text"],
  3: ["namespace", "text"],
  5: ["uid", "text"],
  6: ["resourceVersion", "text"],
  7: ["generation", "number"],
  8: ["creationTimestamp", "time"],
  9: ["deletionTimestamp", "time"],
  10: ["deletionGracePeriodSeconds", "number"],
  11: ["labels", "textMap"],
  12: ["annotations", "textMap"],
  13: ["ownerReferences", ownerReference, "many"],
  14: ["finalizers", "texts"],
};

const objectReference: Message = {
  1: ["kind", "text"],
  2: ["namespace", "text"],
  3: ["name", "text"],
  4: ["uid", "text"],
  5: ["apiVersion", "text"],
  6: ["resourceVersion", "text"],
  7: ["fieldPath", "text"],
};

const eventSource: Message = { 1: ["component", "text"], 2: ["host", "text"] };
const eventSeries: Message = { 1: ["count", "number"], 2: ["lastObservedTime", "microTime"] };

const coreEvent: Message = {
  1: ["metadata", objectMeta],
  2: ["involvedObject", objectReference],
  3: ["reason", "text"],
  4: ["message", "text"],
  5: ["source", eventSource],
  6: ["firstTimestamp", "time"],
  7: ["lastTimestamp", "time"],
  8: ["count", "number"],
  9: ["type", "text"],
  10: ["eventTime", "microTime"],
  11: ["series", eventSeries],
  12: ["action", "text"],
  13: ["related", objectReference],
  14: ["reportingComponent", "text"],
  15: ["reportingInstance", "text"],
};

const modernEvent: Message = {
  1: ["metadata", objectMeta],
  2: ["eventTime", "microTime"],
  3: ["series", eventSeries],
  4: ["reportingController", "text"],
  5: ["reportingInstance", "text"],
  6: ["action", "text"],
  7: ["reason", "text"],
  8: ["regarding", objectReference],
  9: ["related", objectReference],
  10: ["note", "text"],
  11: ["type", "text"],
  12: ["deprecatedSource", eventSource],
  13: ["deprecatedFirstTimestamp", "time"],
  14: ["deprecatedLastTimestamp", "time"],
  15: ["deprecatedCount", "number"],
};

const lease: Message = {
  1: ["metadata", objectMeta],
  2: [
    "spec",
    {
      1: ["holderIdentity", "text"],
      2: ["leaseDurationSeconds", "number"],
      3: ["acquireTime", "microTime"],
      4: ["renewTime", "microTime"],
      5: ["leaseTransitions", "number"],
      6: ["strategy", "text"],
      7: ["preferredHolder", "text"],
    },
  ],
};

const accessReview: Message = {
  1: ["metadata", objectMeta],
  2: [
    "spec",
    {
      1: [
        "resourceAttributes",
        {
          1: ["namespace", "text"],
          2: ["verb", "text"],
          3: ["group", "text"],
          4: ["version", "text"],
          5: ["resource", "text"],
          6: ["subresource", "text"],
          7: ["name", "text"],
        },
      ],
      2: ["nonResourceAttributes", { 1: ["path", "text"], 2: ["verb", "text"] }],
    },
  ],
};

const deleteOptions: Message = {
  1: ["gracePeriodSeconds", "number"],
  2: ["preconditions", { 1: ["uid", "text"], 2: ["resourceVersion", "text"] }],
  3: ["orphanDependents", "flag"],
  4: ["propagationPolicy", "text"],
  5: ["dryRun", "texts"],
};

/** The envelope that every body comes in: which kind, and the bytes of its message. */
export const envelope: Message = {
  1: ["typeMeta", { 1: ["apiVersion", "text"], 2: ["kind", "text"] }],
  2: ["raw", "bytes"],
};

/**
 * The built-in kinds as the `generated.proto` files of k8s.io/api and k8s.io/apimachinery number their fields, by
 * `<apiVersion> <kind>`; DeleteOptions go under any group.
 */
export const messages: Readonly<Record<string, Message>> = {
  "v1 Namespace": {
    1: ["metadata", objectMeta],
    2: ["spec", { 1: ["finalizers", "texts"] }],
    3: ["status", { 1: ["phase", "text"] }],
  },
  "v1 ConfigMap": {
    1: ["metadata", objectMeta],
    2: ["data", "textMap"],
    3: ["binaryData", "bytesMap"],
    4: ["immutable", "flag"],
  },
  "v1 ServiceAccount": {
    1: ["metadata", objectMeta],
    2: ["secrets", objectReference, "many"],
    3: ["imagePullSecrets", { 1: ["name", "text"] }, "many"],
    4: ["automountServiceAccountToken", "flag"],
  },
  "v1 Event": coreEvent,
  "events.k8s.io/v1 Event": modernEvent,
  "coordination.k8s.io/v1 Lease": lease,
  "authorization.k8s.io/v1 SelfSubjectAccessReview": accessReview,
  "authorization.k8s.io/v1 SelfSubjectRulesReview": {
    1: ["metadata", objectMeta],
    2: ["spec", { 1: ["namespace", "text"] }],
  },
  "authentication.k8s.io/v1 SelfSubjectReview": { 1: ["metadata", objectMeta] },
  DeleteOptions: deleteOptions,
};
