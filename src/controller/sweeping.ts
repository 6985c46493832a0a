import type { Patience } from "../status/requeue.ts";
import type { ProfileRoundsOptions } from "./profile-rounds.ts";
import { Sweeper, type SweepObserver } from "./sweeper.ts";

/** The sweeper of an account; undefined where the account cannot be read as a whole. */
export function sweeperFor(
  shared: ProfileRoundsOptions,
  options: {
    readonly random: () => number;
    readonly settings: { readonly sweepIntervalMs: number; readonly patience: Patience };
    readonly observer: SweepObserver | undefined;
  },
): Sweeper | undefined {
  const { reader } = shared.account;
  if (reader === undefined) return undefined;
  const { random, settings, observer } = options;
  return new Sweeper({
    ...shared,
    reader,
    random,
    intervalMs: settings.sweepIntervalMs,
    patience: settings.patience,
    observer,
  });
}

/** A field that is left out rather than undefined, as exact optional properties ask. */
export function optional<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]: V });
}
