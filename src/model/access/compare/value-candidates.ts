import type { Order } from "./condition-matcher.ts";
import { type AddressRange, addressText, lastAddress } from "./condition-values.ts";

/**
 * Points of a line that stand for all others: each bound, one point between each bound and the next, and one beyond either end. Between
 * neighbouring bounds, every point compares alike.
 */
export function lineCandidates(bounds: readonly number[]): readonly number[] {
  const sorted = [...new Set(bounds)].sort((a, b) => a - b);
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (first === undefined || last === undefined) return [0];
  const between = sorted.slice(1).map((bound, index) => middle(sorted[index] ?? bound, bound));
  return [...sorted, ...between, first - 1, last + 1];
}

/** A whole number where there is one. */
function middle(low: number, high: number): number {
  const whole = Math.floor(low) + 1;
  return whole < high ? whole : (low + high) / 2;
}

/** True when the value compares with one of the bounds as wanted. */
export function lineMatches(order: Order, bounds: readonly number[], value: number): boolean {
  return bounds.some((bound) => COMPARE[order](value, bound));
}

const COMPARE: Readonly<Record<Order, (value: number, bound: number) => boolean>> = {
  equals: (value, bound) => value === bound,
  lessthan: (value, bound) => value < bound,
  lessthanequals: (value, bound) => value <= bound,
  greaterthan: (value, bound) => value > bound,
  greaterthanequals: (value, bound) => value >= bound,
};

/** An IP address. */
export interface Address {
  readonly version: 4 | 6;
  readonly value: bigint;
  readonly text: string;
}

/** Addresses that stand for all others: the ends of each range and their neighbours, and one of each version. */
export function addressCandidates(ranges: readonly AddressRange[]): readonly Address[] {
  const ends = ranges.flatMap(({ version, first, last }) =>
    [first, last, first - 1n, last + 1n].map((value) => ({ version, value })),
  );
  const any = [
    { version: 4 as const, value: 0xc000_0201n },
    { version: 6 as const, value: 0x2001_0db8n << 96n },
  ];
  return [...any, ...ends]
    .filter(({ version, value }) => value >= 0n && value <= lastAddress(version))
    .map(({ version, value }) => ({ version, value, text: addressText(version, value) }));
}

/** True when the address is in one of the ranges. */
export function addressMatches(ranges: readonly AddressRange[], { version, value }: Address): boolean {
  return ranges.some((range) => range.version === version && range.first <= value && value <= range.last);
}
