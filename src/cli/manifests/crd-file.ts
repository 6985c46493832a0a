import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { API_GROUP, PLURAL } from "../../api/instance-profile.ts";
import { CLASS_PLURAL } from "../../api/instance-profile-class.ts";
import type { JsonObject } from "../../crd/contract.ts";

/** Finds the folder `crds` next to the bundle or the sources. */
function crdsFolder(): string {
  const folder = ["../crds", "../../../crds"]
    .map((path) => join(import.meta.dirname, path))
    .find((path) => existsSync(path));
  if (folder === undefined)
    throw new Error(`folder crds not found near ${import.meta.dirname}. Reinstall the program.`);
  return folder;
}

/** Reads a CustomResourceDefinition that this version ships. */
export function readShippedCrd(plural: string = PLURAL): JsonObject {
  return parse(readFileSync(join(crdsFolder(), `${API_GROUP}_${plural}.yaml`), "utf8")) as JsonObject;
}

/** Reads every CustomResourceDefinition that this version ships. */
export function readShippedCrds(): readonly JsonObject[] {
  return [PLURAL, CLASS_PLURAL].map((plural) => readShippedCrd(plural));
}

/** Returns the path of a sample manifest that this version ships. */
export function samplePath(name: string): string {
  return join(crdsFolder(), "samples", name);
}
