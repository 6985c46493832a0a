import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse, parseAllDocuments } from "yaml";

/** A Kubernetes object of the shipped manifests. */
export interface DeployedObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [field: string]: unknown;
}

/** The folder that is applied. */
export const DEPLOY_FOLDER: string = join(import.meta.dirname, "../../../deploy");

/**
 * The objects that a kustomization brings, read from its files in order without kustomize, so without its labels. It may
 * name files and other folders; anything else that would change an object is refused.
 */
export function deployedObjects(folder: string = DEPLOY_FOLDER): readonly DeployedObject[] {
  const file = join(folder, "kustomization.yaml");
  const {
    apiVersion: _a,
    kind: _k,
    namespace: _n,
    labels: _l,
    resources,
    ...others
  } = parse(readFileSync(file, "utf8"));
  if (Object.keys(others).length > 0) throw new Error(`${file} has fields that this reader would pass over`);
  return (resources as readonly string[]).flatMap((resource) =>
    resource.endsWith(".yaml") ? objectsOf(join(folder, resource)) : deployedObjects(join(folder, resource)),
  );
}

/** The one object of a kind. */
export function theObject(kind: string): DeployedObject {
  const [object, ...others] = deployedObjects().filter((candidate) => candidate.kind === kind);
  if (object === undefined || others.length > 0)
    throw new Error(`${dirname(DEPLOY_FOLDER)}: not one ${kind} but more or none`);
  return object;
}

function objectsOf(file: string): readonly DeployedObject[] {
  return parseAllDocuments(readFileSync(file, "utf8")).map((document) => {
    if (document.errors.length > 0) throw new Error(`${file}: ${document.errors[0]?.message}`);
    return document.toJS() as DeployedObject;
  });
}
