/**
 * Bundles the program with all its packages into dist/main.mjs, the program on the sandbox's instances into dist/guest.mjs, the thread
 * that reads large YAML into dist/yaml-worker.mjs, and what they share or load when it is needed into chunks beside them, with source maps: all that an image needs beside Node and
 * crds/. A package with a native addon cannot be bundled and fails the build.
 *
 *     [REVISION=COMMIT] node scripts/build.ts [OUTPUT FOLDER]
 */
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";

const ROOT = join(import.meta.dirname, "..");

// Some packages are CommonJS and `require` parts of Node, which an ES module has no `require` for.
const REQUIRE = 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';

const CLIENT = "@kubernetes/client-node";
const RESOLVED = "resolved";

const outdir = process.argv[2] ?? join(ROOT, "dist");

// Chunks are named by their content: those of an earlier build would stay.
mkdirSync(outdir, { recursive: true });
for (const name of readdirSync(outdir)) {
  if (/\.mjs(\.map|\.LEGAL\.txt)?$/.test(name)) rmSync(join(outdir, name));
}

/**
 * The Kubernetes client has 790 files of generated API classes, and does not say that to import them has no effect. The program uses its
 * kubeconfig alone: without this, they are almost half of what a start reads.
 */
const withoutUnusedApis: Plugin = {
  name: "without-unused-apis",
  setup({ onResolve, resolve }) {
    onResolve({ filter: /./ }, async ({ path, importer, resolveDir, kind, pluginData }) => {
      if (pluginData === RESOLVED || kind !== "import-statement") return undefined;
      const isOfClient = path === CLIENT || importer.includes(`/node_modules/${CLIENT}/dist/`);
      if (!isOfClient || path.endsWith("/polyfill.js")) return undefined;
      const found = await resolve(path, { importer, resolveDir, kind, pluginData: RESOLVED });
      return found.path.includes(`/node_modules/${CLIENT}/dist/`) ? { ...found, sideEffects: false } : undefined;
    });
  },
};

/**
 * The SDK's clients describe each operation by a list with calculated keys and numbers (`[_xN]: _n`, `64 | 0`). A bundler does not know that
 * this has no effect, and would keep the lists of all 700 operations of EC2. With the values in their place it keeps what is used.
 */
const withoutUnusedOperations: Plugin = {
  name: "without-unused-operations",
  setup({ onLoad }) {
    onLoad({ filter: /\/node_modules\/@aws-sdk\/.*\/schemas_\d+\.js$/ }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      const values = new Map([...text.matchAll(/^const (_\w+) = (".*");$/gm)].map(([, name, value]) => [name, value]));
      const withKeys = text.replaceAll(/\[(_\w+)\]:/g, (key, name) => `${values.get(name) ?? key}:`);
      return { contents: withKeys.replaceAll(/\b(\d+) \| (\d+)\b/g, (_, a, b) => String(Number(a) | Number(b))) };
    });
  },
};

/** The program and the Kubernetes client use two classes of undici. The whole package loads its fetch, caches and WebSockets too. */
const withoutUnusedClients: Plugin = {
  name: "without-unused-clients",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^undici$/ }, ({ resolveDir }) => ({
      path: "undici",
      namespace: "parts",
      pluginData: resolveDir,
    }));
    onLoad({ filter: /^undici$/, namespace: "parts" }, ({ pluginData }) => ({
      resolveDir: pluginData,
      contents: [
        'import api from "undici/lib/api/index.js";',
        'import Dispatcher from "undici/lib/dispatcher/dispatcher.js";',
        "Object.assign(Dispatcher.prototype, api);",
        'export { default as Agent } from "undici/lib/dispatcher/agent.js";',
        'export { default as ProxyAgent } from "undici/lib/dispatcher/proxy-agent.js";',
        // Of parts of the client that are not used.
        "export const fetch = undefined;",
      ].join("\n"),
    }));
  },
};

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
