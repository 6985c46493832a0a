import type { InstanceProfileStatus, LastUse } from "../api/instance-profile.ts";
import { blockedStateIn, ownStateIn, type Result } from "./result.ts";

/** True when writing the status `next` over `current` would change nothing. The order of keys does not matter. */
export function sameStatus<Status extends object>(current: Partial<Status> | undefined, next: Status): boolean {
  return JSON.stringify(sortKeys(current ?? {})) === JSON.stringify(sortKeys(next));
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, part]) => [key, sortKeys(part)]),
  );
}

/** From this difference on, the last use alone is worth a write of the status. */
const DUE_AFTER_MS = 86_400_000;

/**
 * The status with the last use of its role, as far as the result contains the role. If nothing else differs from the known status, a use
 * that is less than a day from the known one waits, so that roles in use cause one status write a day at most.
 *
 * @param known the status that was reported last
 */
export function withLastUse(
  known: InstanceProfileStatus | undefined,
  next: InstanceProfileStatus,
  result: Result,
): InstanceProfileStatus {
  const used = withUse(next, lastUseOf(next, result));
  const { lastUsed: before } = known ?? {};
  if (before?.time === used.lastUsed?.time && before?.region === used.lastUsed?.region) return used;
  return isDue(before, used.lastUsed) || !sameButLastUse(known, used) ? used : withUse(used, before);
}

/** True when nothing but the last use differs. A scan ignores that: the hourly verification brings it along. */
export function sameButLastUse(known: InstanceProfileStatus | undefined, next: InstanceProfileStatus): boolean {
  return known !== undefined && sameStatus(withUse(known, next.lastUsed), next);
}

function withUse({ lastUsed: _, ...status }: InstanceProfileStatus, use: LastUse | undefined): InstanceProfileStatus {
  return use === undefined ? status : { ...status, lastUsed: use };
}

/** The last use of the role that the status names, never of a role of others that blocks the object. */
function lastUseOf({ role, lastUsed }: InstanceProfileStatus, result: Result): LastUse | undefined {
  if (role?.id === undefined) return undefined;
  const observed = (ownStateIn(result) ?? blockedStateIn(result))?.role;
  if (observed === undefined || observed.presence === "absent" || observed.roleId !== role.id) return lastUsed;
  if (observed.lastUsed === undefined) return undefined;
  const { at, region } = observed.lastUsed;
  return { time: at, ...(region !== undefined && { region }) };
}

/**
 * In both directions: what IAM says replaces what another client has written. A use that IAM no longer shows can wait, because a read that
 * lags may not show it either.
 */
function isDue(known: LastUse | undefined, observed: LastUse | undefined): boolean {
  if (known === undefined || observed === undefined) return observed !== undefined;
  return !(Math.abs(Date.parse(observed.time) - Date.parse(known.time)) < DUE_AFTER_MS);
}
