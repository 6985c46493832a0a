import manifest from "../../package.json" with { type: "json" };

/** The product's version, as in package.json and in every User-Agent. */
export const VERSION: string = manifest.version;

/** Set by scripts/build.ts in a bundle. */
declare const BUILD_REVISION: string | undefined;

/** The commit that a bundle was built from; `unknown` outside of a bundle. */
export const REVISION: string = typeof BUILD_REVISION === "undefined" ? "unknown" : BUILD_REVISION;
