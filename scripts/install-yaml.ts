/**
 * Writes deploy/install.yaml: the whole deployment in one file, for `kubectl apply -f`. A release names its own image.
 *
 *     node scripts/install-yaml.ts [IMAGE] [OUTPUT FILE]
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { renderFolder } from "./render-deploy.ts";

const DEPLOY = join(import.meta.dirname, "../deploy");
const [image, output = join(DEPLOY, "install.yaml")] = process.argv.slice(2);

writeFileSync(output, installYaml(image));

function installYaml(released: string | undefined): string {
  const head = "# Rendered from deploy/base by scripts/install-yaml.ts: change that, and render again.\n";
  const documents = renderFolder(DEPLOY).map((object) =>
    stringify(object, { lineWidth: 0, aliasDuplicateObjects: false }),
  );
  const text = head + documents.join("---\n");
  return released === undefined ? text : text.replaceAll(/(?<=image: )instance-profile-controller:\S+/g, released);
}
