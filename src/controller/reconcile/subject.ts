import type { InstanceProfile } from "../../api/instance-profile.ts";
import type { KubeObject } from "../../engine/ports.ts";
import type { TerminalError } from "../../errors.ts";
import { hasTrace } from "../../model/trace.ts";
import type { ClassBinding } from "../classes/class-binding.ts";
import type { ScanCoverage } from "../scan/scan-coverage.ts";
import type { RunFacts } from "./outcomes.ts";

/** An object as it came and as it was understood. */
export interface Subject {
  readonly key: string;
  readonly raw: KubeObject;
  /** As its class has it. */
  readonly object: InstanceProfile;
  readonly binding: ClassBinding;
  /** By what it was judged, and when: see {@link preconditionOf}. */
  readonly classRevision: string;
  readonly judgedMs: number;
  readonly run: RunFacts;
  /** Those of its account. */
  readonly coverage: ScanCoverage;
  /** False: `object` has only the parts of a spec that could be read. */
  readonly isReadable?: boolean | undefined;
  /** Nothing was ever created for the object. */
  readonly isNew?: boolean | undefined;
}

/** True when nothing of an acceptance is to be written before AWS is. */
export function isAccepted({ binding }: Subject): boolean {
  return binding.kind !== "bound" || binding.isAccepted || binding.violations.length > 0;
}

/** True when somebody has deleted the object, and its finalizer holds it. */
export function isInDeletion({ metadata }: Pick<InstanceProfile, "metadata">): boolean {
  return metadata.deletionTimestamp !== undefined;
}

/** An object whose spec cannot be read violates its class, for nothing shows that it does not. */
export function unreadable(subject: Subject, { reason, message }: TerminalError): Subject {
  const { binding, object } = subject;
  if (binding.kind !== "bound") return { ...subject, isReadable: false };
  const violations = [{ reason, message, excess: { kind: "name" as const } }, ...binding.violations];
  const isStripped = binding.class.spec.onViolation === "Strip" && hasTrace(object.status);
  return { ...subject, isReadable: false, binding: { ...binding, violations, isStripped } };
}
