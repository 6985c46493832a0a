import type { InstanceProfile } from "../../api/instance-profile.ts";
import type { KubeObject } from "../../engine/ports.ts";
import type { TerminalError } from "../../errors.ts";
import { hasTrace } from "../../model/trace.ts";
import type { ClassBinding } from "../classes/class-binding.ts";
import type { ScanCoverage } from "../scan/scan-coverage.ts";
import type { RunFacts } from "./outcomes.ts";

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
