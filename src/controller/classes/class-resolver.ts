import type { InstanceProfile, InstanceProfileSpec } from "../../api/instance-profile.ts";
import type { InstanceProfileClass } from "../../api/instance-profile-class.ts";
import type { KubeObject } from "../../engine/ports.ts";
import { hasTrace } from "../../model/trace.ts";
import { type Bounds, type Violation, withClassDefaults, withoutExcess } from "../../plan/class/class-bounds.ts";
import { classViolations } from "../../plan/class/class-guards.ts";
import { oversizeBlockers } from "../../plan/oversize-blockers.ts";
import type { Blocker } from "../../plan/plan.ts";
import { OWN_ACCOUNT } from "../accounts/account-key.ts";
import type { ClaimRules } from "../accounts/cached-claims.ts";
import type { CountedOrphans } from "../orphans/counted-orphans.ts";
import { Acceptances, boundAccountId, isAcceptedBy } from "./acceptance.ts";
import { blockersOf, type ClassBinding } from "./class-binding.ts";
import { classRevisionOf, type ResolvedClass, resolveClass } from "./class-resolution.ts";
import { forceDeniedByRecord, underRecordedTerms } from "./deletion-terms.ts";
import { ParsedClasses } from "./parsed-classes.ts";

/** What the directory looks things up in. */
export interface ClassResolverOptions {
  /** The InstanceProfileClasses as last seen. */
  readonly classes: () => readonly KubeObject[];
  /** The InstanceProfiles as last seen. */
  readonly objects: () => readonly KubeObject[];
  readonly clusterId: string;
  /** Objects that no class has accepted yet count too, in the order of `objects`: for manifests that were never in a cluster. */
  readonly countsListed?: boolean;
  /** Whether every object needs a class, also where there is none. Default: false. */
  readonly requiresClass?: boolean;
  /** For acceptances that are under way; unset where nothing is accepted. */
  readonly monotonicMs?: () => number;
  /** What objects that are gone have left in AWS; unset where nobody knows. */
  readonly orphans?: Pick<CountedOrphans, "of">;
}

/** Says of every object which class it is under and whether it fits. Reads caches and nothing else. */
export class ClassResolver {
  readonly classes: ParsedClasses;
  readonly acceptances: Acceptances;
  readonly #options: ClassResolverOptions;

  constructor(options: ClassResolverOptions) {
    this.#options = options;
    this.classes = new ParsedClasses(options.classes);
    this.acceptances = new Acceptances({ monotonicMs: () => 0, ...options });
  }

  /** Judged anew each time: the class, the object or its neighbours may have changed. */
  bindingOf(object: InstanceProfile): ClassBinding {
    const found = this.#resolve(object, this.classes);
    if (found.kind === "none") return free(object);
    if (found.kind === "blocked") {
      return isGoingFree(object) ? free(object) : { kind: "refused", blocker: found.blocker };
    }
    const moved = movedBlocker(object, found.class);
    return moved === undefined ? this.#judge(object, found.class) : { kind: "refused", blocker: moved };
  }

  /**
   * What the object is judged by: compare it right before a write.
   *
   * @param classes as the API server has them now; unset: as last seen
   */
  revisionOf(object: InstanceProfile, classes?: readonly KubeObject[]): string {
    const parsed = classes === undefined ? this.classes : new ParsedClasses(() => classes);
    return classRevisionOf(this.#resolve(object, parsed));
  }

  /** Which objects may claim instances: those that may be written, as far as the class says. */
  get claimRules(): ClaimRules {
    return {
      revision: () => this.classes.revision,
      isAllowed: (object) => {
        const binding = this.bindingOf(object);
        return blockersOf(binding).length === 0 && binding.kind !== "refused" && claimsInstances(binding.object);
      },
    };
  }

  /** The class's name as the object has it, or the default's; undefined when there is none. */
  classNameOf(raw: KubeObject): string | undefined {
    const { className } = (raw["spec"] ?? {}) as { readonly className?: string };
    if (className !== undefined) return className;
    const [name, ...others] = this.classes.defaultNames();
    return others.length === 0 ? name : undefined;
  }

  /** The key of the account that the object is in, as its class says; undefined when it has none and needs one. */
  accountOf(raw: KubeObject): string | undefined {
    const className = this.classNameOf(raw);
    if (className === undefined) return this.#requiresClass || !this.classes.isEmpty ? undefined : OWN_ACCOUNT;
    const parsed = this.classes.named(className);
    return parsed === undefined || "fault" in parsed ? undefined : parsed.class.spec.account.id;
  }

  get #requiresClass(): boolean {
    return this.#options.requiresClass ?? false;
  }

  #resolve(object: InstanceProfile, classes: ParsedClasses): ResolvedClass {
    return resolveClass(object, classes, this.#requiresClass);
  }

  #judge(object: InstanceProfile, of: InstanceProfileClass): ClassBinding {
    const whole = withClassDefaults(object, of);
    const bounds = this.#boundsOf(object, of);
    const isAccepted = isAcceptedBy(object.status, of);
    const common = { kind: "bound", class: of, bounds, isAccepted } as const;
    // What goes is not judged: taking it down grants nothing.
    const isGoing = object.metadata.deletionTimestamp !== undefined;
    const violations = isGoing ? [] : [...oversizeViolations(object), ...classViolations(object.spec, bounds)];
    const isStripped = violations.length > 0 && of.spec.onViolation === "Strip" && hasTrace(object.status);
    if (!isStripped) return { ...common, object: whole, violations, isStripped };
    // What is taken away is taken away now: to wait, or only to observe, is the choice of who wrote too much.
    const cut: InstanceProfileSpec = {
      ...withoutExcess(whole.spec, violations, of),
      suspend: false,
      mode: "Enforce",
    };
    return { ...common, object: { ...whole, spec: cut }, violations, isStripped };
  }

  #boundsOf(object: InstanceProfile, of: InstanceProfileClass): Bounds {
    const { metadata, status } = object;
    const bounds = { class: of, namespace: metadata.namespace, clusterId: this.#options.clusterId };
    if (of.spec.maxPerNamespace === undefined) return { ...bounds, olderPeers: 0 };
    const { objects, orphans } = this.acceptances.before(object, of);
    const isListed = this.#options.countsListed === true && !isAcceptedBy(status, of);
    const olderPeers = objects + orphans.length + (isListed ? this.#listedBefore(metadata, of) : 0);
    const orphanedRoles = orphans.map(({ roleName }) => roleName).sort();
    return { ...bounds, olderPeers, ...(orphanedRoles.length > 0 && { orphanedRoles }) };
  }

  #listedBefore({ namespace, name }: InstanceProfile["metadata"], of: InstanceProfileClass): number {
    const peers = this.#options.objects().filter((raw) => {
      const metadata = raw["metadata"] as InstanceProfile["metadata"];
      const { class: accepted } = (raw["status"] ?? {}) as NonNullable<InstanceProfile["status"]>;
      return metadata.namespace === namespace && accepted === undefined && this.classNameOf(raw) === of.metadata.name;
    });
    const index = peers.findIndex((raw) => (raw["metadata"] as InstanceProfile["metadata"]).name === name);
    return index === -1 ? peers.length : index;
  }
}

function free(object: InstanceProfile): ClassBinding {
  return { kind: "free", object: underRecordedTerms(object), forceDeniedBy: forceDeniedByRecord(object) };
}

/** It was created with the controller's own credentials, or by a class that is gone, and can still be deleted. */
function isGoingFree({ metadata, spec }: InstanceProfile): boolean {
  return metadata.deletionTimestamp !== undefined && spec.className === undefined;
}

/** A role does not move: in another account it would be created again, and the old one forgotten. */
function movedBlocker({ status }: InstanceProfile, of: InstanceProfileClass): Blocker | undefined {
  const accountId = boundAccountId(status);
  if (accountId === undefined || accountId === of.spec.account.id) return undefined;
  return {
    reason: "ClassAccountChanged",
    message:
      `the object is bound to AWS account ${accountId}, and class ${of.metadata.name} is of account ${of.spec.account.id}. The controller ` +
      "moves no role: make a class of the old account the default again, or delete that role and instance profile by hand and create the " +
      "object again.",
  };
}

/** A policy that is too large to be looked at violates the class, for nothing shows that it does not. */
function oversizeViolations({ oversize = [] }: InstanceProfile): readonly Violation[] {
  return oversizeBlockers(oversize).map((blocker) => ({ ...blocker, excess: { kind: "name" } }));
}

function claimsInstances({ spec }: InstanceProfile): boolean {
  return spec.instances !== undefined;
}
