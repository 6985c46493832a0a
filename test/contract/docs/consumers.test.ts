import { execFileSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { findCommand } from "../../support/kubectl.ts";
import { documentAt, ROOT } from "./document.ts";

const { fences } = documentAt("docs/how-to/consumers.md");
const shown = fences.filter(({ language }) => ["yaml", "json"].includes(language)).map(({ text }) => text);
const [kustomization, ...manifests] = shown.toSorted(
  (a, b) => Number(b.includes("kustomize")) - Number(a.includes("kustomize")),
);
const EXAMPLES = join(ROOT, "examples");

test("the page shows the consumers of the examples", () => {
  const examples = globSync("*/*.{json,yaml}", { cwd: EXAMPLES }).map((file) =>
    parse(readFileSync(join(EXAMPLES, file), "utf8")),
  );
  expect(manifests).toHaveLength(4);
  for (const manifest of manifests) expect(examples).toContainEqual(parse(manifest));
});

test.skipIf(findCommand("kubectl") === undefined)(
  "its kustomization writes the name of the profile into the consumer",
  () => {
    const folder = mkdtempSync(join(tmpdir(), "consumers-"));
    try {
      writeFileSync(join(folder, "kustomization.yaml"), kustomization ?? "");
      const profile = readFileSync(join(EXAMPLES, "karpenter-node/profile.yaml"), "utf8");
      writeFileSync(
        join(folder, "profile.yaml"),
        profile.replace("roleName: karpenter-node", "roleName: nodes-of-prod"),
      );
      writeFileSync(
        join(folder, "ec2-node-class.yaml"),
        readFileSync(join(EXAMPLES, "karpenter-node/ec2-node-class.yaml"), "utf8"),
      );
      const built = execFileSync("kubectl", ["kustomize", folder], { encoding: "utf8" });
      const [nodeClass] = parseAllDocuments(built)
        .map((one) => one.toJS())
        .filter(({ kind }) => kind === "EC2NodeClass");
      expect(nodeClass).toMatchObject({ spec: { instanceProfile: "nodes-of-prod" } });
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
