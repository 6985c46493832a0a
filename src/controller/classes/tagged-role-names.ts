import type { InstanceProfile, ObjectMeta } from "../../api/instance-profile.ts";
import { withGivenName } from "../../api/parse-instance-profile.ts";
import type { SelectedRole } from "../../engine/observe/account-snapshot.ts";
import type { KubeObject } from "../../engine/ports.ts";
import { LruMap } from "../../model/lru-map.ts";
import { hasTrace, TAG_KEYS } from "../../model/ownership.ts";

const MAX_NAMES = 5_000;

/**
 * The names of roles whose owner tags name an object that names no role, and whose status is lost: the name that it would derive now may be
 * another one. The tags prove no more than those of a role that an object names itself.
 */
export class TaggedRoleNames {
  readonly #clusterId: string;
  readonly #byUid = new LruMap<string>(MAX_NAMES);

  constructor(clusterId: string) {
    this.#clusterId = clusterId;
  }

  /** Reads the roles of a scan; undefined when no object needs a name. */
  collector(objects: readonly KubeObject[]): ((role: SelectedRole) => void) | undefined {
    const uids = new Set(objects.filter(isUnnamed).map((raw) => (raw["metadata"] as ObjectMeta).uid));
    if (uids.size === 0) return undefined;
    return ({ roleName, tags }) => {
      const uid = tags[TAG_KEYS.uid] ?? "";
      if (tags[TAG_KEYS.clusterId] === this.#clusterId && uids.has(uid)) this.#byUid.set(uid, roleName);
    };
  }

  /** The object with the name of the role that its owner tags mark, in place of a derived one. */
  applied(object: InstanceProfile): InstanceProfile {
    const roleName = object.derivedNames && this.#byUid.get(object.metadata.uid);
    return roleName === undefined ? object : withGivenName(object, roleName);
  }
}

function isUnnamed(raw: KubeObject): boolean {
  const { spec, status } = raw as unknown as Pick<InstanceProfile, "spec" | "status">;
  return spec?.roleName === undefined && !(hasTrace(status) && status?.role?.name !== undefined);
}
