import type { InstanceProfile } from "../../api/instance-profile.ts";
import { parseInstanceProfile } from "../../api/parse-instance-profile.ts";
import type { KubeObject } from "../../engine/ports.ts";
import { TerminalError } from "../../errors.ts";
import { hasTrace } from "../../model/ownership.ts";
import type { ClassBinding } from "../classes/class-binding.ts";
import { hasFinalizer } from "../finalizer.ts";
import type { ScanCoverage } from "../scan/scan-coverage.ts";
import { asReceived, type RunFacts } from "./outcomes.ts";

/** The object of one reconcile, as received and with its class applied. */
export interface Subject {
  readonly key: string;
  readonly raw: KubeObject;
  /** With the defaults and bounds of its class applied. */
  readonly object: InstanceProfile;
  readonly binding: ClassBinding;
  /** The revision of the class, and when it was resolved: see {@link preconditionOf}. */
  readonly classRevision: string;
  readonly judgedMs: number;
  readonly run: RunFacts;
  /** The scan coverage of its account. */
  readonly coverage: ScanCoverage;
  /** False: the spec is invalid, and `object` has only its readable parts. */
  readonly isReadable?: boolean | undefined;
  /** Nothing was ever created for the object. */
  readonly isNew?: boolean | undefined;
}

/** True when no acceptance has to be recorded before the first write to AWS. */
export function isAccepted({ binding }: Subject): boolean {
  return binding.kind !== "bound" || binding.isAccepted || binding.violations.length > 0;
}

/** True when the object has a deletion timestamp. */
export function isInDeletion({ metadata }: Pick<InstanceProfile, "metadata">): boolean {
  return metadata.deletionTimestamp !== undefined;
}

/**
 * Marks a subject whose spec is invalid. That counts as a violation of its class, because compliance cannot be shown.
 */
export function unreadable(subject: Subject, { reason, message }: TerminalError): Subject {
  const { binding, object } = subject;
  if (binding.kind !== "bound") return { ...subject, isReadable: false };
  const violations = [{ reason, message, excess: { kind: "name" as const } }, ...binding.violations];
  const isStripped = binding.class.spec.onViolation === "Strip" && hasTrace(object.status);
  return { ...subject, isReadable: false, binding: { ...binding, violations, isStripped } };
}

/** The fields that identify the role, who manages it, the instance profile and the class of an object. */
const IDENTIFYING_FIELDS = [
  "className",
  "roleName",
  "role",
  "instanceProfileName",
  "path",
  "instanceProfilePath",
] as const;

/**
 * An object with an invalid spec, reduced to the fields that identify its role and instance profile: it grants nothing.
 * Undefined when these fields are invalid too.
 */
export function readablePartsOf(raw: KubeObject): InstanceProfile | undefined {
  const spec = (raw["spec"] ?? {}) as Readonly<Record<string, unknown>>;
  const identifying = Object.fromEntries(
    IDENTIFYING_FIELDS.filter((field) => spec[field] !== undefined).map((field) => [field, spec[field]]),
  );
  try {
    return parseInstanceProfile({ ...raw, spec: identifying });
  } catch (error) {
    if (error instanceof TerminalError) return undefined;
    throw error;
  }
}

/** The object, or why its spec is invalid. */
export function parsed(raw: KubeObject): InstanceProfile | TerminalError {
  try {
    return parseInstanceProfile(raw);
  } catch (error) {
    if (error instanceof TerminalError) return error;
    throw error;
  }
}

/** True when no status was ever written for the object. */
export function isUnreported({ status }: Pick<InstanceProfile, "status">): boolean {
  return (status?.observedGeneration ?? -1) < 0;
}

/** When an object was created, in ms since the epoch; undefined once a status was written for it. */
export function unreportedSinceMs(raw: KubeObject | undefined): number | undefined {
  if (raw === undefined) return undefined;
  const { metadata, status } = asReceived(raw);
  const atMs = Date.parse(metadata.creationTimestamp ?? "");
  return isUnreported({ ...(status && { status }) }) && !Number.isNaN(atMs) ? atMs : undefined;
}

/** True when the object is enforced, not in deletion, and was never reported. With `--dry-run`, an earlier process may have enforced it. */
export function isUnreportedCreate(object: InstanceProfile): boolean {
  const { metadata, spec, isDryRun = false } = object;
  return isUnreported(object) && metadata.deletionTimestamp === undefined && (isDryRun || spec.mode === "Enforce");
}

/**
 * True when an object with the finalizer was never reported: an earlier process may have stopped while creating it, so
 * AWS may have nothing, a part or all of it. It only decides what is read first and proves nothing, because authors can
 * write finalizers.
 */
export function isInterruptedCreate(object: InstanceProfile): boolean {
  return isUnreportedCreate(object) && hasFinalizer(object);
}
