import type { FieldCause, JsonObject } from "../../crd/contract.ts";
import { invalidMessage } from "../../crd/field-cause.ts";

/** One entry of `status.details.causes`. */
export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

/** What an error answer says beyond its message. */
export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  /** The API server puts the plural here for most errors, and the kind for invalid objects. */
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** The group and plural that an error is about; the core group is empty. */
export interface GroupResource {
  readonly group: string;
  readonly plural: string;
}

/** An answer of the API server that is a failure; the message is the one that clients see. */
export class StatusError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: StatusDetails | undefined;
  /** The ListMeta of the answer: an expired list carries the token to go on with. */
  readonly listMeta: JsonObject;

  constructor(code: number, reason: string, message: string, details?: StatusDetails, listMeta: JsonObject = {}) {
    super(message);
    this.name = "StatusError";
    this.code = code;
    this.reason = reason;
    this.details = details;
    this.listMeta = listMeta;
  }

  /** The `v1.Status` object to answer with. */
  toStatus(): JsonObject {
    return {
      kind: "Status",
      apiVersion: "v1",
      metadata: this.listMeta,
      status: "Failure",
      message: this.message,
      ...(this.reason === "" ? {} : { reason: this.reason }),
      ...(this.details === undefined ? {} : { details: withoutBlanks(this.details) }),
      code: this.code,
    };
  }
}

/** `instanceprofiles.iam.instanceprofile.dev`, or the bare plural in the core group. */
export function qualified(resource: GroupResource): string {
  return resource.group === "" ? resource.plural : `${resource.plural}.${resource.group}`;
}

/** 404: no such object. */
export function notFound(resource: GroupResource, name: string): StatusError {
  return new StatusError(404, "NotFound", `${qualified(resource)} "${name}" not found`, detailsOf(resource, name));
}

/** 409: the name is taken. */
export function alreadyExists(resource: GroupResource, name: string): StatusError {
  const message = `${qualified(resource)} "${name}" already exists`;
  return new StatusError(409, "AlreadyExists", message, detailsOf(resource, name));
}

/** 409: the generated name is taken; the client should simply ask again. */
export function generatedNameTaken(resource: GroupResource, name: string): StatusError {
  const message = `${qualified(resource)} "${name}" already exists, the server was not able to generate a unique name for the object`;
  return new StatusError(409, "AlreadyExists", message, { ...detailsOf(resource, name), retryAfterSeconds: 1 });
}

/** 409: the object is not as the request supposes. */
export function conflict(resource: GroupResource, name: string, why: string): StatusError {
  const message = `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`;
  return new StatusError(409, "Conflict", message, detailsOf(resource, name));
}

/** 409: somebody else wrote since the client read. */
export function modifiedMeanwhile(resource: GroupResource, name: string): StatusError {
  return conflict(
    resource,
    name,
    "the object has been modified; please apply your changes to the latest version and try again",
  );
}

/** 403, as from an admission plugin: there is no authorization here. */
export function forbidden(
  resource: GroupResource,
  name: string,
  why: string,
  causes: readonly StatusCause[] = [],
): StatusError {
  const message = `${qualified(resource)} "${name}" is forbidden: ${why}`;
  return new StatusError(403, "Forbidden", message, { ...detailsOf(resource, name), causes });
}

/** 422: the object breaks its schema or a rule; `kind` may be empty where the server has none to name. */
export function invalid(group: string, kind: string, name: string, causes: readonly FieldCause[]): StatusError {
  const message = invalidMessage({ group, kind, name }, causes);
  return new StatusError(422, "Invalid", message, { name, group, kind, causes });
}

/** 422 for the query parameters of a request: `kind` is ListOptions, PatchOptions and so on. */
export function invalidOptions(kind: string, causes: readonly FieldCause[]): StatusError {
  return invalid("meta.k8s.io", kind, "", causes);
}

/** 400. */
export function badRequest(message: string): StatusError {
  return new StatusError(400, "BadRequest", message);
}

/** 405, as for a verb that a resource does not have. */
export function methodNotSupported(resource: GroupResource, verb: string): StatusError {
  const message = `${verb} is not supported on resources of kind "${qualified(resource)}"`;
  return new StatusError(405, "MethodNotAllowed", message, detailsOf(resource, ""));
}

/** 406: none of the client's Accept types can be had. */
export function notAcceptable(acceptedTypes: readonly string[]): StatusError {
  const message = `only the following media types are accepted: ${acceptedTypes.join(", ")}`;
  return new StatusError(406, "NotAcceptable", message);
}

/** 410: the history that the request needs is gone. */
export function expired(message: string, listMeta: JsonObject = {}): StatusError {
  return new StatusError(410, "Expired", message, undefined, listMeta);
}

/** 413. */
export function tooLarge(message: string): StatusError {
  return new StatusError(413, "RequestEntityTooLarge", `Request entity too large: ${message}`);
}

/** 415: the body's media type is not one that this request takes. */
export function unsupportedMediaType(acceptedTypes: readonly string[]): StatusError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${acceptedTypes.join(", ")}`;
  return new StatusError(415, "UnsupportedMediaType", message);
}

/** 422 without an object: what the API server answers when a JSON patch does not apply. */
export function patchDoesNotApply(): StatusError {
  return new StatusError(422, "Invalid", "the server rejected our request due to an error in our request", {});
}

/** 504: the asked resourceVersion has not been reached. */
export function resourceVersionTooLarge(asked: number, current: number): StatusError {
  const message = `Timeout: Too large resource version: ${asked}, current: ${current}`;
  return new StatusError(504, "Timeout", message, {
    causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    retryAfterSeconds: 1,
  });
}

/** 500. */
export function internalError(message: string): StatusError {
  return new StatusError(500, "InternalError", `Internal error occurred: ${message}`, { causes: [{ message }] });
}

function detailsOf(resource: GroupResource, name: string): StatusDetails {
  return { name, group: resource.group, kind: resource.plural };
}

function withoutBlanks(details: StatusDetails): JsonObject {
  const kept: JsonObject = {};
  for (const [key, value] of Object.entries(details)) {
    if (value === "" || (Array.isArray(value) && value.length === 0)) continue;
    kept[key] = value;
  }
  return kept;
}
