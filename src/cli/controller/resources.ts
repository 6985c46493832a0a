import { API_GROUP, KIND, PLURAL } from "../../api/instance-profile.ts";
import { CLASS_KIND, CLASS_PLURAL } from "../../api/instance-profile-class.ts";
import type { KubeResource } from "../../kube/resource.ts";

/** The API resource of InstanceProfiles. */
export const INSTANCE_PROFILES: KubeResource = { group: API_GROUP, version: "v1beta1", plural: PLURAL, kind: KIND };

/** The API resource of InstanceProfileClasses. */
export const INSTANCE_PROFILE_CLASSES: KubeResource = {
  group: API_GROUP,
  version: "v1beta1",
  plural: CLASS_PLURAL,
  kind: CLASS_KIND,
};
