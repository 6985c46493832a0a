/**
 * Writes install.yaml, the whole deployment, and crds.yaml, the API, each in one file for `kubectl apply -f`. A release names its own
 * image.
 *
 *     node scripts/install-yaml.ts [IMAGE] [OUTPUT FOLDER]
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { renderFolder } from "./render-deploy.ts";

const ROOT = join(import.meta.dirname, "..");
const [image, output = join(ROOT, "deploy")] = process.argv.slice(2);

writeFileSync(join(output, "install.yaml"), withImage(rendered("deploy", "deploy/base"), image));
writeFileSync(join(output, "crds.yaml"), rendered("crds", "crds"));

function rendered(folder: string, source: string): string {
  const head = `# Rendered from ${source} by scripts/install-yaml.ts: change that, and render again.\n`;
  const documents = renderFolder(join(ROOT, folder)).map((object) =>
    stringify(object, { lineWidth: 0, aliasDuplicateObjects: false }),
  );
  return head + documents.join("---\n");
}

function withImage(text: string, released: string | undefined): string {
  return released === undefined ? text : text.replaceAll(/(?<=image: )instance-profile-controller:\S+/g, released);
}
