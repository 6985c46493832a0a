import type { ObjectKey } from "../../src/engine/ports.ts";
import type { Manifest } from "./cluster-user.ts";

type Fields = Readonly<Record<string, unknown>>;

/** The s3-read-only story under this key, the role named as the object, with more or other fields. */
export function s3ReadOnly(key: ObjectKey, spec: Fields = {}, metadata: Fields = {}): Manifest {
  return {
    apiVersion: "iam.instanceprofile.dev/v1beta1",
    kind: "InstanceProfile",
    metadata: { ...key, ...metadata },
    spec: {
      roleName: key.name,
      statements: [{ sid: "Read", effect: "Allow", actions: ["s3:Get*", "s3:List*"], resources: ["*"] }],
      ...spec,
    },
  };
}
