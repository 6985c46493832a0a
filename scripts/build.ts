/**
 * Bundles the program with all its packages into one file, dist/main.mjs, and the program on the sandbox's instances into
 * another, dist/guest.mjs, with source maps: all that an image needs beside Node and crds/. A package with a native addon cannot be bundled and fails the build.
 *
 *     [REVISION=COMMIT] node scripts/build.ts [OUTPUT FOLDER]
 */
import { join } from "node:path";
import { build } from "esbuild";

const ROOT = join(import.meta.dirname, "..");

// Some packages are CommonJS and `require` parts of Node, which an ES module has no `require` for.
const REQUIRE = 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';

await build({
  entryPoints: { main: join(ROOT, "src/main.ts"), guest: join(ROOT, "src/guest/s3-program.ts") },
  outdir: process.argv[2] ?? join(ROOT, "dist"),
  outExtension: { ".js": ".mjs" },
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node22.19",
  sourcemap: "linked",
  sourcesContent: false,
  banner: { js: REQUIRE },
  define: { BUILD_REVISION: JSON.stringify(process.env["REVISION"] ?? "unknown") },
  // The licences of the packages, beside the bundle.
  legalComments: "linked",
  logLevel: "warning",
});
