import manifest from "../../package.json" with { type: "json" };

/** The product's version, as in package.json and in every User-Agent. */
export const VERSION: string = manifest.version;
