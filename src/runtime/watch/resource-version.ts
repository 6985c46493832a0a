/**
 * True when the API server has gone back in time from one resource version to another: etcd was restored from a backup.
 * Versions of one kind are decimal numbers that only grow: https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions.
 * False for versions in any other form.
 */
export function isRewound(from: string | undefined, to: string | undefined): boolean {
  if (from === undefined || to === undefined || !DECIMAL.test(from) || !DECIMAL.test(to)) return false;
  return from.length === to.length ? to < from : to.length < from.length;
}

const DECIMAL = /^[1-9][0-9]*$/;

/** The API server shows an earlier resource version than before. */
export class RewoundError extends Error {
  constructor(from: string, to: string) {
    super(`The resource version went back from ${from} to ${to}`);
    this.name = "RewoundError";
  }
}
