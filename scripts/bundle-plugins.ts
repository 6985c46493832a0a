import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Plugin } from "esbuild";

const CLIENT = "@kubernetes/client-node";
const RESOLVED = "resolved";

/**
 * The Kubernetes client has 790 files of generated API classes, and does not say that to import them has no effect. The program uses its
 * kubeconfig alone: without this, they are almost half of what a start reads.
 */
export const withoutUnusedApis: Plugin = {
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
export const withoutUnusedOperations: Plugin = {
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

/**
 * The program and the Kubernetes client use two classes of undici. The whole package loads its fetch, caches and WebSockets too. Each importer
 * gets the version that it would get without this.
 */
export const withoutUnusedClients: Plugin = {
  name: "without-unused-clients",
  setup({ onResolve, onLoad, resolve }) {
    onResolve({ filter: /^undici$/ }, async ({ path, importer, resolveDir, kind, pluginData }) => {
      if (pluginData === RESOLVED) return undefined;
      const found = await resolve(path, { importer, resolveDir, kind, pluginData: RESOLVED });
      return { path: dirname(found.path), namespace: "undici", errors: found.errors };
    });
    onLoad({ filter: /./, namespace: "undici" }, ({ path }) => ({
      resolveDir: path,
      contents: [
        'import api from "./lib/api/index.js";',
        'import Dispatcher from "./lib/dispatcher/dispatcher.js";',
        "Object.assign(Dispatcher.prototype, api);",
        'export { default as Agent } from "./lib/dispatcher/agent.js";',
        'export { default as ProxyAgent } from "./lib/dispatcher/proxy-agent.js";',
        // Parts of the Kubernetes client that the program does not use import it.
        "export function fetch() {",
        '  throw new Error("The bundle leaves out the fetch of undici: add it to withoutUnusedClients in scripts/bundle-plugins.ts");',
        "}",
      ].join("\n"),
    }));
  },
};
