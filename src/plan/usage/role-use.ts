import type { LastUse } from "../../api/instance-profile.ts";

/** For how long IAM keeps a use of a role. */
export const TRACKED_DAYS = 400;
/** One day. */
export const DAY_MS = 86_400_000;

/** A period as words, in the largest unit that divides it: `90 days`, `36 hours`. */
export function periodText(ms: number): string {
  const units: readonly (readonly [string, number])[] = [
    ["day", DAY_MS],
    ["hour", 3_600_000],
    ["minute", 60_000],
    ["second", 1_000],
  ];
  const [noun, unitMs] = units.find(([, each]) => ms % each === 0) ?? ["millisecond", 1];
  const count = ms / unitMs;
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** Whether a role was used. Only what IAM has watched for the whole period counts as unused. */
export type RoleUse =
  | { readonly state: "used"; readonly lastUsed: LastUse }
  /** Without `lastUsed`: IAM knows no use at all. With `createdTime`: because it does not track longer than the role exists. */
  | { readonly state: "unused"; readonly lastUsed?: LastUse; readonly createdTime?: string }
  | { readonly state: "unknown"; readonly why: string };

/** A role as AWS shows it. */
export interface RoleFactsOfUse {
  readonly lastUsed: LastUse | undefined;
  /** RFC 3339; undefined: unknown. */
  readonly createdTime: string | undefined;
}

/** Judges a role that was read from AWS. */
export function useOfRole(
  { lastUsed, createdTime }: RoleFactsOfUse,
  { nowMs, unusedForMs }: { readonly nowMs: number; readonly unusedForMs: number },
): RoleUse {
  const sinceMs = nowMs - unusedForMs;
  if (lastUsed !== undefined) {
    const isUsed = !(Date.parse(lastUsed.time) < sinceMs);
    return { state: isUsed ? "used" : "unused", lastUsed };
  }
  if (createdTime === undefined)
    return { state: "unknown", why: "IAM knows no use, and does not say when it was created" };
  if (Date.parse(createdTime) < sinceMs)
    return { state: "unused", ...(Date.parse(createdTime) > nowMs - TRACKED_DAYS * DAY_MS && { createdTime }) };
  return { state: "unknown", why: `IAM knows no use, and it was created on ${createdTime.slice(0, 10)}` };
}

/** Judges a role by the status of its object: without a use there, nothing is known. */
export function useByStatus(
  lastUsed: LastUse | undefined,
  period: { readonly nowMs: number; readonly unusedForMs: number },
): RoleUse {
  if (lastUsed === undefined) return { state: "unknown", why: "status has no last use, and the role was not read" };
  return useOfRole({ lastUsed, createdTime: undefined }, period);
}
