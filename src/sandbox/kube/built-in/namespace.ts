import type { JsonObject } from "../../../crd/contract.ts";
import { listMember, stringMember } from "../../../crd/json.ts";
import { metaOf, objectAt, withMeta, without } from "../json.ts";
import { ageColumn, nameColumn, plainColumn } from "../tables/table-columns.ts";
import { type Behaviour, plainRules } from "./behaviour.ts";

const immortal = ["default", "kube-system", "kube-public"];

/** Namespaces: born with the `kubernetes` finalizer in their spec, which goes when nothing is left in them. */
export const namespaceBehaviour: Behaviour = {
  verbs: ["create", "delete", "get", "list", "patch", "update", "watch"],
  subresources: ["finalize", "status"],
  rules: {
    ...plainRules,
    nameIsLabel: true,
    returnsDeleted: true,
    defaults: named,
    prepareCreate: (object) =>
      named({
        ...object,
        spec: { ...objectAt(object, "spec"), finalizers: ["kubernetes"] },
        status: { phase: "Active" },
      }),
    prepareUpdate,
    prepareDelete: (object) => ({
      ...object,
      metadata: without(metaOf(object), "deletionGracePeriodSeconds"),
      status: { ...objectAt(object, "status"), phase: "Terminating" },
    }),
    holdsDeletion: (object) => listMember(objectAt(object, "spec"), "finalizers").length > 0,
    deletionRefusal: (name) => (immortal.includes(name) ? "this namespace may not be deleted" : undefined),
  },
  columns: [
    nameColumn,
    plainColumn("Status", (object) => stringMember(objectAt(object, "status"), "phase")),
    ageColumn("string"),
  ],
  fields: { "status.phase": (object) => stringMember(objectAt(object, "status"), "phase") },
};

function prepareUpdate(object: JsonObject, live: JsonObject, subresource: string): JsonObject {
  if (subresource === "finalize") return object;
  const { finalizers } = objectAt(live, "spec");
  const spec = without(objectAt(object, "spec"), "finalizers");
  return { ...object, spec: finalizers === undefined ? spec : { ...spec, finalizers } };
}

/** Every namespace carries its own name as a label, so that selectors can find it. */
function named(object: JsonObject): JsonObject {
  const meta = metaOf(object);
  const name = stringMember(meta, "name");
  if (name === "") return object;
  const labels = { ...objectAt(meta, "labels"), "kubernetes.io/metadata.name": name };
  return withMeta(object, { labels });
}
