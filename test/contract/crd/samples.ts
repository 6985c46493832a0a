import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";

const CRDS = join(import.meta.dirname, "../../../crds");

/** The shipped CRD of InstanceProfiles. */
export const CRD_FILE: string = join(CRDS, "iam.instanceprofile.dev_instanceprofiles.yaml");

/** The shipped CRD of InstanceProfileClasses. */
export const CLASS_CRD_FILE: string = join(CRDS, "iam.instanceprofile.dev_instanceprofileclasses.yaml");

/** Where samples of InstanceProfiles are, and those of InstanceProfileClasses. */
export const SAMPLES_FOLDER = join(CRDS, "samples");
export const CLASS_SAMPLES_FOLDER: string = join(SAMPLES_FOLDER, "classes");

/** A manifest as JSON. */
export type Manifest = { readonly [key: string]: unknown };

/**
 * A file of crds/samples and what any API server must answer to it. In `refused` a create fails; in `change-refused`
 * `before` is stored and its update to `after` fails. Either way the answer contains `message`.
 */
export type Sample =
  | { readonly file: string; readonly outcome: "accepted"; readonly manifest: Manifest }
  | { readonly file: string; readonly outcome: "refused"; readonly manifest: Manifest; readonly message: string }
  | {
      readonly file: string;
      readonly outcome: "change-refused";
      readonly before: Manifest;
      readonly after: Manifest;
      readonly message: string;
    };

/** Every sample, accepted ones first, by file name. Throws when a file breaks the rules of its folder. */
export function listSamples(folder: string = SAMPLES_FOLDER): readonly Sample[] {
  const accepted = yamlFiles(folder).map((file): Sample => {
    const [manifest, ...others] = documents(file);
    if (manifest === undefined || others.length > 0) throw new Error(`${file} must hold one document`);
    return { file, outcome: "accepted", manifest };
  });
  return [...accepted, ...yamlFiles(join(folder, "refused")).map(refusedSample)];
}

/** The documents of a YAML file of this repository as JSON. */
export function documents(file: string): readonly Manifest[] {
  return parseAllDocuments(readFileSync(file, "utf8")).map((document) => {
    if (document.errors.length > 0) throw new Error(`${file}: ${document.errors[0]?.message}`);
    return document.toJS() as Manifest;
  });
}

function refusedSample(file: string): Sample {
  const message = /^# refused: (.+)$/m.exec(readFileSync(file, "utf8"))?.[1];
  const [first, second, ...others] = documents(file);
  if (message === undefined || first === undefined || others.length > 0) {
    throw new Error(`${file} must begin with "# refused: <message>" and hold one document, or two for a change`);
  }
  if (second === undefined) return { file, outcome: "refused", manifest: first, message };
  return { file, outcome: "change-refused", before: first, after: second, message };
}

export function yamlFiles(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".yaml"))
    .sort()
    .map((name) => join(folder, name));
}
