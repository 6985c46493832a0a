import type { JsonObject } from "../../../crd/contract.ts";
import { anything, condition, count, flag, keyed, kind, list, object, text, texts } from "./schema-parts.ts";

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

export const customResourceDefinition: JsonObject = kind(
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
