import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { withoutUnusedClients } from "../../scripts/bundle-plugins.ts";

describe("undici in the bundle", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "bundle-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function write(file: string, text: string): void {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }

  /** Installs a package that has the files of undici, whose agents say their version. */
  function installUndici(under: string, version: string): void {
    const at = join(under, "node_modules/undici");
    write(join(at, "package.json"), JSON.stringify({ name: "undici", version, main: "index.js" }));
    write(join(at, "index.js"), "");
    write(join(at, "lib/api/index.js"), "module.exports = {};");
    write(join(at, "lib/dispatcher/dispatcher.js"), "module.exports = class {};");
    for (const name of ["agent", "proxy-agent"]) {
      write(join(at, `lib/dispatcher/${name}.js`), `module.exports = "${version}";`);
    }
  }

  /** What the bundle of `main.js` exports. */
  async function bundled(): Promise<Record<string, unknown>> {
    const outfile = join(folder, "bundle.mjs");
    const entryPoints = [join(folder, "main.js")];
    await build({
      entryPoints,
      outfile,
      bundle: true,
      format: "esm",
      platform: "node",
      plugins: [withoutUnusedClients],
      logLevel: "silent",
    });
    return await import(outfile);
  }

  test("is for each importer the version that its folder has", async () => {
    installUndici(".", "8.0.0");
    installUndici("node_modules/client", "7.0.0");
    write("node_modules/client/index.js", 'export { Agent as OfClient } from "undici";');
    write("main.js", 'export { Agent } from "undici"; export { OfClient } from "client";');
    expect(await bundled()).toMatchObject({ Agent: "8.0.0", OfClient: "7.0.0" });
  });

  test("that is not installed fails the build", async () => {
    write("main.js", 'export { Agent } from "undici";');
    await expect(bundled()).rejects.toThrow('Could not resolve "undici"');
  });

  test("says that it has no fetch when something calls it", async () => {
    installUndici(".", "8.0.0");
    write("main.js", 'import { fetch } from "undici"; export const call = () => fetch("https://example.com");');
    const { call } = await bundled();
    expect(call).toThrow("The bundle leaves out the fetch of undici");
  });
});
