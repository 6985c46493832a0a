import { KIND } from "../api/instance-profile.ts";
import type { ObjectKey } from "../engine/ports.ts";
import type { LogFields } from "../telemetry.ts";

/** The key of an object in queue and cache: `namespace/name`. Neither part can contain a slash. */
export function keyText({ namespace = "", name }: Partial<ObjectKey> & Pick<ObjectKey, "name">): string {
  return `${namespace}/${name}`;
}

/** The reverse of {@link keyText}. */
function parseKey(key: string): ObjectKey {
  const slash = key.indexOf("/");
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** The namespace in a key. */
export function namespaceOf(key: string): string {
  return parseKey(key).namespace;
}

/** The log fields that name the object of a key, as in controller-runtime. */
export function logFieldsOf(key: string): LogFields {
  const { namespace, name } = parseKey(key);
  return { [KIND]: { namespace, name }, namespace, name };
}
