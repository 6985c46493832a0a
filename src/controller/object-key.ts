import { KIND } from "../api/instance-profile.ts";
import type { ObjectKey } from "../engine/ports.ts";
import type { LogFields } from "../telemetry.ts";

/** A key as queue and cache use it: `namespace/name`. Neither part can contain a slash. */
export function keyText({ namespace = "", name }: Partial<ObjectKey> & Pick<ObjectKey, "name">): string {
  return `${namespace}/${name}`;
}

/** The reverse of {@link keyText}. */
function parseKey(key: string): ObjectKey {
  const slash = key.indexOf("/");
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** The object of a key as lines of the log name it: by controller-runtime's fields. */
export function logFieldsOf(key: string): LogFields {
  const { namespace, name } = parseKey(key);
  return { [KIND]: { namespace, name }, namespace, name };
}
