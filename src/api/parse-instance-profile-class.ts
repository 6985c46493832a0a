import { classSpecField, classStatusField } from "./class-fields.ts";
import { API_VERSION } from "./instance-profile.ts";
import { CLASS_KIND, type InstanceProfileClass } from "./instance-profile-class.ts";
import { toStatement } from "./policy-fields.ts";
import { readObject } from "./read-object.ts";

/**
 * Reads a manifest or an object of the API server and fills in the defaults. It applies the rules of the CRD except those about changes.
 *
 * Errors: those of {@link readObject}.
 */
export function parseInstanceProfileClass(value: unknown): InstanceProfileClass {
  const { spec, ...object } = readObject(value, { kind: CLASS_KIND, spec: classSpecField, status: classStatusField });
  const { maximumAccess, ...bounds } = spec;
  const most = maximumAccess && { statements: maximumAccess.statements.map(toStatement) };
  return {
    apiVersion: API_VERSION,
    kind: CLASS_KIND,
    ...object,
    spec: { ...bounds, ...(most !== undefined && { maximumAccess: most }) },
  };
}
