import fc from "fast-check";
import { lawRuns } from "./law-runs.ts";

/**
 * The seed of the random inputs that laws try. It is fixed, so that a commit passes or fails in every run alike;
 * `npm run laws:explore` sets others to look for inputs that break a law.
 */
const { LAW_SEED = "1" } = process.env;

fc.configureGlobal({ seed: Number(LAW_SEED), numRuns: lawRuns(100) });
