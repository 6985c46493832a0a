import { matchesWildcards } from "../../model/access/pattern-check.ts";
import type { ActionAccess, ServiceAccess } from "../../model/access/service-access.ts";

/** What IAM knows of an action of a statement. */
export interface ActionUse {
  /** As the statement writes it: `s3:CreateBucket`, or a pattern. */
  readonly action: string;
  /** `unused`: IAM tracks it and knows no request. `kept`: nothing is known for certain, for the reason `why`. */
  readonly verdict: "used" | "unused" | "kept";
  /** RFC 3339; of a used action. */
  readonly lastAccessed?: string;
  /** Of a kept action, and of one that is unused together with its whole service. */
  readonly why?: string;
}

/** What a role has accessed, and how it is read. */
export interface AccessEvidence {
  readonly services: readonly ServiceAccess[];
  /** Actions of services without any request count as unused, also those that IAM does not track one by one. */
  readonly dropsUnusedServices: boolean;
}

/** Actions that AWS checks without a request of that name, so that no record of requests shows their use. */
const CHECKED_WITHOUT_REQUEST: Readonly<Record<string, string>> = {
  "iam:passrole": "IAM does not track iam:PassRole, which other requests need",
  "iam:createservicelinkedrole": "other services use it when they are first used",
};
/** Other services make its requests with the role's permissions: to read an encrypted object, for example. */
const USED_BY_OTHERS: ReadonlySet<string> = new Set(["kms"]);
/** An action that requests which create something with tags need too. */
const ON_TAGS = /Tag(?:s|ging)?(?:[A-Z]|$)/;

const NOT_TRACKED = "IAM does not track it";
const PATTERN = "a pattern: it also matches actions that IAM does not track";
const SEVERAL_SERVICES = "a pattern of several services";
const UNUSED_SERVICE = "no request to the service";

/** Judges an action or pattern of an Allow statement. Whatever is not known to be unused is used or kept. */
export function actionUse(action: string, { services, dropsUnusedServices }: AccessEvidence): ActionUse {
  const [prefix = "", name = "", ...rest] = action.toLowerCase().split(":");
  const kept = (why: string): ActionUse => ({ action, verdict: "kept", why });
  if (!/^[\w-]+$/.test(prefix) || name === "" || rest.length > 0) return kept(SEVERAL_SERVICES);
  const access = services.find(({ service }) => service === prefix);
  if (access === undefined) return kept(`the report of IAM does not have the service ${prefix}`);
  const special = specialReason(prefix, name);
  if (special !== undefined) return kept(special);
  const isAccessed = isServiceAccessed(access);
  const whole: ActionUse | undefined =
    dropsUnusedServices && !isAccessed ? { action, verdict: "unused", why: UNUSED_SERVICE } : undefined;
  if (/[*?]/.test(name)) return whole ?? kept(PATTERN);
  const tracked = access.trackedActions.find((one) => one.action.toLowerCase() === name);
  if (tracked === undefined)
    return whole ?? kept(isAccessed ? NOT_TRACKED : `${NOT_TRACKED}; it knows ${UNUSED_SERVICE}`);
  return trackedUse(action, tracked, isAccessed);
}

function trackedUse(action: string, tracked: ActionAccess, isServiceUsed: boolean): ActionUse {
  const { lastAccessed } = tracked;
  if (lastAccessed !== undefined) return { action, verdict: "used", lastAccessed };
  if (isServiceUsed && ON_TAGS.test(tracked.action))
    return { action, verdict: "kept", why: "requests that create something with tags need it too" };
  return { action, verdict: "unused" };
}

function isServiceAccessed({ lastAccessed, trackedActions }: ServiceAccess): boolean {
  return lastAccessed !== undefined || trackedActions.some((action) => action.lastAccessed !== undefined);
}

/** Why the record of requests says nothing about the action, or about one that the pattern matches; undefined if it does. */
function specialReason(service: string, name: string): string | undefined {
  if (USED_BY_OTHERS.has(service)) return `other services use ${service} with the permissions of the role`;
  const matches = patternTest(`${service}:${name}`);
  return Object.entries(CHECKED_WITHOUT_REQUEST).find(([action]) => matches(action))?.[1];
}

function patternTest(pattern: string): (action: string) => boolean {
  return (action) => matchesWildcards(pattern, action, { foldsCase: true });
}
