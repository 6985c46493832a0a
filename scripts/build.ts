/**
 * Bundles the program with all its packages into dist/main.mjs, the program on the sandbox's instances into dist/guest.mjs, the thread
 * that reads large YAML into dist/yaml-worker.mjs, and what they share or load when it is needed into chunks beside them, with source maps: all that an image needs beside Node and
 * crds/. A package with a native addon cannot be bundled and fails the build.
 *
 *     [REVISION=COMMIT] node scripts/build.ts [OUTPUT FOLDER]
 */
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { withoutUnusedApis, withoutUnusedClients, withoutUnusedOperations } from "./bundle-plugins.ts";

const ROOT = join(import.meta.dirname, "..");

// Some packages are CommonJS and `require` parts of Node, which an ES module has no `require` for.
const REQUIRE = 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';

const outdir = process.argv[2] ?? join(ROOT, "dist");

// Chunks are named by their content: those of an earlier build would stay.
mkdirSync(outdir, { recursive: true });
for (const name of readdirSync(outdir)) {
  if (/\.mjs(\.map|\.LEGAL\.txt)?$/.test(name)) rmSync(join(outdir, name));
}

await build({
  entryPoints: {
    main: join(ROOT, "src/main.ts"),
    guest: join(ROOT, "src/guest/s3-program.ts"),
    "yaml-worker": join(ROOT, "src/cli/manifests/yaml-worker.ts"),
  },
  outdir,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  plugins: [withoutUnusedApis, withoutUnusedOperations, withoutUnusedClients],
  // Node reads a file of 9 MB for half a second and keeps it in memory, whatever of it is used.
  splitting: true,
  platform: "node",
  // The SDK's CommonJS form is one file a client, of which nothing can be left out.
  mainFields: ["module", "main"],
  format: "esm",
  target: "node22.21",
  sourcemap: "linked",
  sourcesContent: false,
  banner: { js: REQUIRE },
  define: { BUILD_REVISION: JSON.stringify(process.env["REVISION"] ?? "unknown") },
  // The licences of the packages, beside the bundle.
  legalComments: "linked",
  logLevel: "warning",
});
