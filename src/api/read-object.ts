import { type ErrorDetails, TerminalError } from "../errors.ts";
import { list, map } from "./collection-fields.ts";
import { type Fault, type Field, quote } from "./field.ts";
import { API_VERSION, type ObjectMeta } from "./instance-profile.ts";
import { defaulted, lenientObject, optional, required } from "./object-fields.ts";
import { matches } from "./policy-fields.ts";
import { integer, text } from "./scalar-fields.ts";

/** An object that breaks rules of its kind. The message has the first of them, `faults` all. */
export class InvalidObjectError extends TerminalError {
  readonly faults: readonly Fault[];

  constructor(message: string, details: ErrorDetails & { readonly faults?: readonly Fault[] }) {
    super(message, details);
    this.faults = details.faults ?? [];
  }
}

/** The maximum number of errors in a message, which must fit into a condition; the message counts the rest. */
const MAX_SHOWN_FAULTS = 50;

/** The metadata that the controller reads. The API server validates the rest. */
const metadataField: Field<ObjectMeta> = lenientObject<ObjectMeta>({
  name: required(
    text(
      { minLength: 1, maxLength: 253 },
      matches(
        "^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$",
        "write lower case letters, digits, dots and dashes, as in app-server",
      ),
    ),
  ),
  namespace: defaulted(text({ minLength: 1, maxLength: 63 }), "default"),
  uid: defaulted(text(), ""),
  generation: defaulted(integer({ format: "int64" }), 0),
  resourceVersion: defaulted(text(), ""),
  deletionTimestamp: optional(text()),
  finalizers: optional(list(text(), { listType: "atomic" })),
  annotations: optional(map(text(), {})),
  labels: optional(map(text(), {})),
  creationTimestamp: optional(text()),
});

/** One kind of the API group, with the fields of its objects. */
export interface KindFields<Spec, Status> {
  readonly kind: string;
  readonly spec: Field<Spec>;
  readonly status: Field<Status>;
}

/** An object whose spec is still in the form of the manifest. */
export interface ReadObject<Spec, Status> {
  readonly metadata: ObjectMeta;
  readonly spec: Spec;
  readonly status?: Status;
}

/**
 * Reads a manifest or an object of the API server.
 *
 * Errors: only InvalidObjectError with reason `InvalidSpec`, whose message lists every error as `path: problem`, in the format of the API
 * server. An invalid status is ignored.
 */
export function readObject<Spec, Status>(value: unknown, fields: KindFields<Spec, Status>): ReadObject<Spec, Status> {
  const faults: Fault[] = [];
  const root = readRoot(value, fields, faults);
  if (root === undefined || faults.length > 0) throw invalid(value, fields.kind, faults);
  return root;
}

function readRoot<Spec, Status>(
  value: unknown,
  fields: KindFields<Spec, Status>,
  faults: Fault[],
): ReadObject<Spec, Status> | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    faults.push({
      path: "<document>",
      problem: "Invalid value: write an object with apiVersion, kind, metadata and spec",
    });
    return undefined;
  }
  checkConstant(value, "apiVersion", API_VERSION, faults);
  checkConstant(value, "kind", fields.kind, faults);
  const metadata = readPart(metadataField, value, "metadata", faults);
  const spec = readPart(fields.spec, value, "spec", faults);
  if (metadata === undefined || spec === undefined || faults.length > 0) return undefined;
  const status = readStatus(value, fields.status);
  return { metadata, spec, ...(status === undefined ? {} : { status }) };
}

function checkConstant(root: object, name: string, expected: string, faults: Fault[]): void {
  const found = property(root, name);
  if (found === expected) return;
  const shown = typeof found === "string" ? `Invalid value: ${quote(found)}` : "Required value";
  faults.push({ path: name, problem: `${shown}: write ${expected}` });
}

function readPart<T>(field: Field<T>, root: object, name: string, faults: Fault[]): T | undefined {
  const found = property(root, name);
  if (found !== undefined && found !== null) return field.read(found, name, faults);
  faults.push({ path: name, problem: "Required value" });
  return undefined;
}

function readStatus<T>(root: object, field: Field<T>): T | undefined {
  const found = property(root, "status");
  return found === undefined ? undefined : field.read(found, "status", []);
}

function property(root: object, name: string): unknown {
  return Object.hasOwn(root, name) ? Reflect.get(root, name) : undefined;
}

function invalid(value: unknown, kind: string, faults: readonly Fault[]): InvalidObjectError {
  const shown = faults.slice(0, MAX_SHOWN_FAULTS).map(({ path, problem }) => `${path}: ${problem}`);
  const hidden = faults.length - shown.length;
  if (hidden > 0) shown.push(`and ${hidden} more`);
  const message = `${title(value, kind)} is invalid: ${shown.join("; ")}`;
  return new InvalidObjectError(message, { reason: "InvalidSpec", faults });
}

function title(value: unknown, kind: string): string {
  const metadata = typeof value === "object" && value !== null ? property(value, "metadata") : undefined;
  const name = typeof metadata === "object" && metadata !== null ? property(metadata, "name") : undefined;
  return typeof name === "string" ? `${kind} ${quote(name)}` : kind;
}
