import { type InstanceProfileStatus, KIND, type ObjectMeta } from "../api/instance-profile.ts";
import type { KubeObject, ObjectKey } from "../engine/ports.ts";
import { derivedRoleName } from "../model/naming.ts";
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

/** The role name of an object as received, which may be invalid: that of the spec, or else of the status, or else the derived one. */
export function roleNameIn(raw: KubeObject): string {
  const { roleName } = (raw["spec"] ?? {}) as { readonly roleName?: string };
  const { role } = (raw["status"] ?? {}) as InstanceProfileStatus;
  return roleName ?? role?.name ?? derivedRoleName(raw["metadata"] as ObjectMeta);
}
