import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");

/** Manifests of this repository, as text: the golden cases, the samples and the YAML of the documents. */
export function corpus(): readonly string[] {
  const files = globSync(["test/cases/*/{object,before}.yaml", "crds/samples/**/*.yaml"], { cwd: ROOT }).sort();
  const documents = globSync(["docs/**/*.md", "README.md"], { cwd: ROOT }).sort();
  const blocks = documents.flatMap((file) =>
    [...read(file).matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, block = ""]) => block),
  );
  return [...files.map(read), ...blocks];
}

function read(file: string): string {
  return readFileSync(join(ROOT, file), "utf8");
}
