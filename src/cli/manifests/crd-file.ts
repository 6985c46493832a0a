import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { API_GROUP, PLURAL } from "../../api/instance-profile.ts";
import { CLASS_PLURAL } from "../../api/instance-profile-class.ts";
import type { JsonObject } from "../../crd/contract.ts";

/** The folder `crds` beside the bundle, or beside the sources. */
function crdsFolder(): string {
  const folder = ["../crds", "../../../crds"]
    .map((path) => join(import.meta.dirname, path))
    .find((path) => existsSync(path));
  if (folder === undefined)
    throw new Error(`the folder crds is missing beside ${import.meta.dirname}: reinstall the program`);
  return folder;
}

/** The CustomResourceDefinition of InstanceProfiles that this version ships. */
export function readShippedCrd(plural: string = PLURAL): JsonObject {
  return parse(readFileSync(join(crdsFolder(), `${API_GROUP}_${plural}.yaml`), "utf8")) as JsonObject;
}

/** Every CustomResourceDefinition that this version ships. */
export function readShippedCrds(): readonly JsonObject[] {
  return [PLURAL, CLASS_PLURAL].map((plural) => readShippedCrd(plural));
}

/** Path of a sample manifest that this version ships. */
export function samplePath(name: string): string {
  return join(crdsFolder(), "samples", name);
}
