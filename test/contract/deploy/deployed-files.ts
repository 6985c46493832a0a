import { join } from "node:path";
import { type DeployedObject, renderFolder } from "../../../scripts/render-deploy.ts";

export type { DeployedObject };

/** The folder that is applied. */
export const DEPLOY_FOLDER: string = join(import.meta.dirname, "../../../deploy");
/** The folder that is applied before it. */
export const CRDS_FOLDER: string = join(DEPLOY_FOLDER, "../crds");

/** The controller's own among the objects of a kind. */
const NAME = "instance-profile-controller";

/** The objects that applying the folder brings. */
export function deployedObjects(): readonly DeployedObject[] {
  return renderFolder(DEPLOY_FOLDER);
}

/** The CRDs that are applied before. */
export function deployedCrds(): readonly DeployedObject[] {
  return renderFolder(CRDS_FOLDER);
}

/** The one object of a kind; of several, the one with the controller's name. */
export function theObject(kind: string): DeployedObject {
  const all = deployedObjects().filter((candidate) => candidate.kind === kind);
  const [object, ...others] = all.length > 1 ? all.filter(({ metadata }) => metadata.name === NAME) : all;
  if (object === undefined || others.length > 0) throw new Error(`${DEPLOY_FOLDER}: not one ${kind} but more or none`);
  return object;
}
