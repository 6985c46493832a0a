import type { JsonObject } from "./contract.ts";

type Schema = JsonObject;

function text(description: string): Schema {
  return { type: "string", description };
}

function flag(description: string): Schema {
  return { type: "boolean", description };
}

function count(description: string): Schema {
  return { type: "integer", format: "int32", description };
}

function time(description: string): Schema {
  return { type: "string", format: "date-time", nullable: true, description };
}

function object(description: string, properties: Schema, required: readonly string[] = []): Schema {
  return { type: "object", description, properties, ...(required.length === 0 ? {} : { required: [...required] }) };
}

function list(description: string, items: Schema, extensions: Schema = {}): Schema {
  return { type: "array", description, items, ...extensions };
}

function texts(description: string): Schema {
  return list(description, { type: "string" }, { "x-kubernetes-list-type": "atomic" });
}

function textMap(description: string, format: Schema = {}): Schema {
  return { type: "object", description, additionalProperties: { type: "string", ...format } };
}

/** A value of any shape. */
function anything(description: string): Schema {
  return { type: "object", description, "x-kubernetes-preserve-unknown-fields": true };
}

function kind(description: string, properties: Schema, required: readonly string[] = []): Schema {
  return object(
    description,
    {
      apiVersion: text("The version of the schema that this object is written in."),
      kind: text("What this object is."),
      metadata: { type: "object", description: "Identity, labels and life cycle." },
      ...properties,
    },
    required,
  );
}

function keyed(key: string): Schema {
  return { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key] };
}

const condition = object(
  "One aspect of the state.",
  {
    type: text("The aspect."),
    status: text("True, False or Unknown."),
    reason: text("Why, in one CamelCase word."),
    message: text("Why, for people."),
    lastTransitionTime: time("When status last changed."),
    observedGeneration: { type: "integer", format: "int64", description: "The generation that was judged." },
  },
  ["type", "status"],
);

const reference = object("Names another object.", {
  apiVersion: text("API version of the object."),
  kind: text("Kind of the object."),
  namespace: text("Namespace of the object."),
  name: text("Name of the object."),
  uid: text("UID of the object."),
  resourceVersion: text("Version of the object."),
  fieldPath: text("The part of the object that is meant."),
});

export const namespace: Schema = kind("Namespace is a scope for names.", {
  spec: object("How the namespace should behave.", {
    finalizers: texts("Who must be done before the namespace is removed."),
  }),
  status: object("The state of the namespace.", {
    phase: text("Active or Terminating."),
    conditions: list("The state in detail.", condition, keyed("type")),
  }),
});

export const configMap: Schema = kind("ConfigMap holds configuration data.", {
  data: textMap("The data as text."),
  binaryData: textMap("The data as bytes.", { format: "byte" }),
  immutable: flag("Whether the data is fixed for good."),
});

export const serviceAccount: Schema = kind("ServiceAccount is an identity for what runs in the cluster.", {
  automountServiceAccountToken: flag("Whether pods get the account's token."),
  imagePullSecrets: list("Secrets to pull images with.", object("Names a secret.", { name: text("The name.") }), {
    "x-kubernetes-list-type": "atomic",
  }),
  secrets: list("Secrets that pods of the account may use.", reference, {
    ...keyed("name"),
    items: { ...reference, required: ["name"] },
  }),
});

const eventSource = object("Who reported the event.", {
  component: text("The component."),
  host: text("The node it runs on."),
});

const eventSeries = object("Data about repetitions.", {
  count: count("How often the event happened."),
  lastObservedTime: time("When it last happened."),
});

export const coreEvent: Schema = kind(
  "Event is a report of something that happened to an object.",
  {
    involvedObject: reference,
    reason: text("Why the event was made, as one CamelCase word."),
    message: text("What happened, for people."),
    source: eventSource,
    firstTimestamp: time("When it first happened."),
    lastTimestamp: time("When it last happened."),
    count: count("How often it happened."),
    type: text("Normal or Warning."),
    eventTime: time("When it happened."),
    series: { ...eventSeries, nullable: true },
    action: text("What was done or failed."),
    related: { ...reference, nullable: true },
    reportingComponent: text("The controller that reported the event."),
    reportingInstance: text("Which instance of the controller."),
  },
  ["metadata", "involvedObject"],
);

export const event: Schema = kind(
  "Event is a report of something that happened to an object.",
  {
    eventTime: time("When it first happened."),
    series: { ...eventSeries, nullable: true },
    reportingController: text("The controller that reported the event."),
    reportingInstance: text("Which instance of the controller."),
    action: text("What was done or failed."),
    reason: text("Why the event was made, as one CamelCase word."),
    regarding: reference,
    related: { ...reference, nullable: true },
    note: text("What happened, for people."),
    type: text("Normal or Warning."),
    deprecatedSource: eventSource,
    deprecatedFirstTimestamp: time("When it first happened, in the old form."),
    deprecatedLastTimestamp: time("When it last happened, in the old form."),
    deprecatedCount: count("How often it happened, in the old form."),
  },
  ["eventTime"],
);

export const lease: Schema = kind("Lease says who holds a role, and until when.", {
  spec: object("The terms of the lease.", {
    holderIdentity: text("Who holds the lease."),
    leaseDurationSeconds: count("How long after renewTime others must wait."),
    acquireTime: time("When the holder got the lease."),
    renewTime: time("When the holder last renewed the lease."),
    leaseTransitions: count("How often the lease changed hands."),
    strategy: text("How the holder is chosen when that is coordinated."),
    preferredHolder: text("Who should take the lease over."),
  }),
});

const names = object(
  "What the resource is called.",
  {
    plural: text("The name in URLs."),
    singular: text("The name of one."),
    kind: text("The kind of an object."),
    listKind: text("The kind of a list."),
    shortNames: texts("Abbreviations for the command line."),
    categories: texts("Groups of resources that this one belongs to."),
  },
  ["plural", "kind"],
);

const column = object(
  "A column of kubectl get.",
  {
    name: text("The heading."),
    type: text("The type of the value."),
    format: text("The format of the value."),
    description: text("What the column shows."),
    priority: count("0 is always shown, more only in wide output."),
    jsonPath: text("Where the value is."),
  },
  ["name", "type", "jsonPath"],
);

const version = object(
  "One version of the resource.",
  {
    name: text("The version's name."),
    served: flag("Whether the version is served."),
    storage: flag("Whether objects are stored in this version."),
    deprecated: flag("Whether its use is warned about."),
    deprecationWarning: text("What the warning says."),
    schema: object("The schema.", { openAPIV3Schema: anything("The structural schema of the objects.") }),
    subresources: anything("The subresources: status and scale."),
    additionalPrinterColumns: list("The columns of kubectl get.", column, { "x-kubernetes-list-type": "atomic" }),
    selectableFields: list(
      "The fields to select objects by.",
      object("A field.", { jsonPath: text("Where the field is.") }, ["jsonPath"]),
      { "x-kubernetes-list-type": "atomic" },
    ),
  },
  ["name", "served", "storage"],
);

export const customResourceDefinition: Schema = kind(
  "CustomResourceDefinition declares a resource that the API server then serves.",
  {
    spec: object(
      "What the resource is like.",
      {
        group: text("The API group."),
        names,
        scope: text("Cluster or Namespaced."),
        versions: list("The versions.", version, { "x-kubernetes-list-type": "atomic" }),
        conversion: anything("How objects are converted between versions."),
        preserveUnknownFields: flag("Whether unknown fields are kept; must be false."),
      },
      ["group", "names", "scope", "versions"],
    ),
    status: object("Whether the resource is served.", {
      conditions: list("The state in detail.", condition, keyed("type")),
      acceptedNames: names,
      storedVersions: texts("The versions in which objects may be stored."),
      observedGeneration: { type: "integer", format: "int64", description: "The generation that was judged." },
    }),
  },
  ["spec"],
);

export const accessReview: Schema = kind(
  "SelfSubjectAccessReview asks whether the caller may do something.",
  {
    spec: object("What the caller wants to do.", {
      resourceAttributes: anything("The resource and verb that are asked about."),
      nonResourceAttributes: anything("The path and verb that are asked about."),
    }),
    status: object("The answer.", {
      allowed: flag("Whether the caller may."),
      denied: flag("Whether the caller is explicitly refused."),
      reason: text("Why."),
      evaluationError: text("What went wrong while deciding."),
    }),
  },
  ["spec"],
);

export const accessRulesReview: Schema = kind(
  "SelfSubjectRulesReview asks what the caller may do in a namespace.",
  {
    spec: object("What is asked about.", { namespace: text("The namespace.") }),
    status: anything("The answer."),
  },
  ["spec"],
);

export const selfReview: Schema = kind("SelfSubjectReview asks who the caller is.", {
  status: anything("The answer."),
});
