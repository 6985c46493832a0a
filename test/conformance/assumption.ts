import type { Check } from "./check.ts";

/** A check of an assumption, with all that the report says of it. */
export type Assumption = Omit<Check, "section">;

/** Assumptions as checks. */
export const assumptions = (all: readonly Assumption[]): readonly Check[] =>
  all.map((one) => ({ ...one, section: "assumption" }));

/** A time in words; the steps between two requests of a run are part of it. */
export const inSeconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
