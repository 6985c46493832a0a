/**
 * Writes the archive of the kubectl plugin and its krew manifest. The program is that of a folder as in the image, with `dist` and `crds`; the same
 * folder gives the same bytes. One archive serves all platforms, because Node runs it.
 *
 *     node scripts/krew.ts FOLDER DOWNLOAD_URL [OUTPUT FOLDER]
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, copyFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { stringify } from "yaml";
import manifest from "../package.json" with { type: "json" };

const ROOT = join(import.meta.dirname, "..");
const ARCHIVE = "kubectl-iprof.tar.gz";
const PLATFORMS = ["linux", "darwin"].flatMap((os) => ["amd64", "arm64"].map((arch) => ({ os, arch })));
// Nothing of the machine: neither its time, nor its users, nor the order of its folders.
const SAME_BYTES = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--mode=u+rw,go=rX"];

const [program = "", url = "", output = "."] = process.argv.slice(2);
if (!url.startsWith("https://"))
  throw new Error("usage: node scripts/krew.ts FOLDER https://DOWNLOAD_URL [OUTPUT FOLDER]");

const archive = archiveOf(program);
writeFileSync(join(output, ARCHIVE), archive);
writeFileSync(join(output, "iprof.yaml"), stringify(krewManifest(createHash("sha256").update(archive).digest("hex"))));

function archiveOf(folder: string): Uint8Array {
  const staged = mkdtempSync(join(tmpdir(), "krew-"));
  try {
    for (const name of ["dist", "crds"]) cpSync(join(folder, name), join(staged, name), { recursive: true });
    copyFileSync(join(ROOT, "LICENSE"), join(staged, "LICENSE"));
    copyFileSync(join(ROOT, "deploy/krew/kubectl-iprof"), join(staged, "kubectl-iprof"));
    chmodSync(join(staged, "kubectl-iprof"), 0o755);
    const names = ["LICENSE", "crds", "dist", "kubectl-iprof"];
    const { status, stdout, stderr } = spawnSync("tar", ["-c", ...SAME_BYTES, "-C", staged, ...names], {
      maxBuffer: 2 ** 28,
    });
    if (status !== 0) throw new Error(`tar: ${stderr?.toString()}`);
    return gzipSync(stdout, { level: 9 });
  } finally {
    rmSync(staged, { recursive: true });
  }
}

function krewManifest(sha256: string): object {
  // The repository that the release is of.
  const homepage = url.replace(/\/releases\/.*$/, "");
  return {
    apiVersion: "krew.googlecontainertools.github.com/v1alpha2",
    kind: "Plugin",
    metadata: { name: "iprof" },
    spec: {
      version: `v${manifest.version}`,
      homepage,
      shortDescription: "Plan and validate AWS IAM instance profiles",
      description:
        "Shows what InstanceProfiles would change in AWS and what they grant, checks manifests offline, and writes manifests of what exists:\n" +
        "kubectl iprof plan|validate|export|convert|access. It needs no controller in the cluster.",
      caveats: "Needs Node.js 22.21 or later on PATH.",
      platforms: PLATFORMS.map((matchLabels) => ({
        selector: { matchLabels },
        uri: `${url}/${ARCHIVE}`,
        sha256,
        bin: "kubectl-iprof",
      })),
    },
  };
}
