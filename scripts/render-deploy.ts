import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";

/** A Kubernetes object of the shipped manifests. */
export interface DeployedObject {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

interface Kustomization {
  readonly resources: readonly string[];
  readonly namespace?: string;
  readonly labels?: readonly { readonly pairs: Readonly<Record<string, string>> }[];
}

/**
 * The objects of a kustomization, in order, as kustomize renders them: files, other folders, and labels of the objects
 * themselves. Every namespace is written in the files.
 *
 * Errors: anything else that would change an object, for this reader would pass over it.
 */
export function renderFolder(folder: string): readonly DeployedObject[] {
  const file = join(folder, "kustomization.yaml");
  const written = parse(readFileSync(file, "utf8"));
  // `configurations` say what a renaming overlay renames; they change nothing here.
  const { apiVersion: _a, kind: _k, configurations: _c, namespace, labels = [], resources, ...others } = written;
  if (Object.keys(others).length > 0) throw new Error(`${file} has ${Object.keys(others)}, which is not rendered here`);
  const { resources: names, labels: pairs }: Kustomization = { resources, namespace, labels };
  const objects = names.flatMap((name) =>
    name.endsWith(".yaml") ? objectsOf(join(folder, name)) : renderFolder(join(folder, name)),
  );
  for (const { metadata } of objects) {
    const foreign = namespace !== undefined && metadata.namespace !== undefined && metadata.namespace !== namespace;
    if (foreign) throw new Error(`${metadata.name} says another namespace than ${file}`);
  }
  const added = Object.assign({}, ...(pairs ?? []).map((entry) => entry.pairs)) as Readonly<Record<string, string>>;
  return Object.keys(added).length === 0 ? objects : objects.map((object) => labelled(object, added));
}

function labelled(object: DeployedObject, added: Readonly<Record<string, string>>): DeployedObject {
  return { ...object, metadata: { ...object.metadata, labels: { ...object.metadata.labels, ...added } } };
}

function objectsOf(file: string): readonly DeployedObject[] {
  return parseAllDocuments(readFileSync(file, "utf8")).map((document) => {
    if (document.errors.length > 0) throw new Error(`${file}: ${document.errors[0]?.message}`);
    return document.toJS() as DeployedObject;
  });
}
