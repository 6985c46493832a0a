import { hasExternalRole, type InstanceProfile, type InstanceProfileSpec } from "../../api/instance-profile.ts";
import type { InstanceProfileClass } from "../../api/instance-profile-class.ts";
import type { KubeObject } from "../../engine/ports.ts";
import { hasTrace } from "../../model/ownership.ts";
import { fillObject, type ObjectContext, variablesOf } from "../../model/variables/fill-object.ts";
import {
  type Bounds,
  classContext,
  type OwnContext,
  type Violation,
  withClassDefaults,
  withClassNames,
  withClassPath,
  withoutExcess,
} from "../../plan/class/class-bounds.ts";
import type { DefaultDeletionPolicy } from "../../plan/class/class-deletion.ts";
import { classViolations } from "../../plan/class/class-guards.ts";
import type { Blocker } from "../../plan/plan.ts";
import { oversizeBlockers } from "../../plan/quota-blockers.ts";
import type { ClaimRules } from "../accounts/instance-claims.ts";
import type { CountedOrphans } from "../orphans/counted-orphans.ts";
import { Acceptances } from "./acceptance.ts";
import { boundAccountId, forceDeniedByRecord, isAcceptedBy, underRecordedTerms } from "./acceptance-record.ts";
import { blockersOf, type ClassBinding, externalRoleBlocker, OWN_ACCOUNT } from "./class-binding.ts";
import { classRevisionOf, ParsedClasses, type ResolvedClass, resolveClass } from "./class-resolution.ts";
import { acceptedClass, namedClass, type ObjectsByClass } from "./objects-by-class.ts";
import { TaggedRoleNames } from "./tagged-role-names.ts";

/** The dependencies of {@link ClassResolver}. */
export interface ClassResolverOptions {
  /** The InstanceProfileClasses in the cache. */
  readonly classes: () => readonly KubeObject[];
  /** The class of this name in the cache; unset: found in the list. */
  readonly classNamed?: (name: string) => KubeObject | undefined;
  /** The InstanceProfiles in the cache. */
  readonly objects: Pick<ObjectsByClass, "all" | "acceptedIn">;
  readonly clusterId: string;
  /**
   * True: objects that no class has accepted yet count too, in the order of `objects`, for manifests that were never in
   * a cluster.
   */
  readonly countsListed?: boolean;
  /** Whether every object needs a class even if the cluster has none. Default: false. */
  readonly requiresClass?: boolean;
  /** Whether objects without a class may put roles of others into instance profiles. Default: false. */
  readonly allowsExternalRoles?: boolean | undefined;
  /** The operator's default for objects without a deletion policy. Default: Delete. */
  readonly defaultDeletionPolicy?: DefaultDeletionPolicy | undefined;
  /** Where objects without a class are, and their variables, as far as known; unset: nothing is known. */
  readonly own?: () => OwnContext;
  /** See {@link ObjectContext}. */
  readonly unknown?: ObjectContext["unknown"];
  /** For acceptances in progress; unset where nothing is accepted. */
  readonly monotonicMs?: () => number;
  /** What deleted objects have left in AWS; unset: unknown. */
  readonly orphans?: Pick<CountedOrphans, "of">;
  /**
   * True: the controller runs with `--dry-run`, so every object is a dry run. No object is accepted then, so the objects that
   * an enforcing controller would accept first count, as with `countsListed`.
   */
  readonly isDryRun?: boolean | undefined;
}

/** Resolves the class binding of each object, and whether it complies. Reads only caches. */
export class ClassResolver {
  readonly classes: ParsedClasses;
  readonly acceptances: Acceptances;
  readonly roleNames: TaggedRoleNames;
  readonly #options: ClassResolverOptions;

  constructor(options: ClassResolverOptions) {
    this.#options = options;
    this.classes = new ParsedClasses(options.classes, options.classNamed);
    this.roleNames = new TaggedRoleNames(options.clusterId);
    this.acceptances = new Acceptances({ monotonicMs: () => 0, ...options });
  }

  /**
   * The class binding of the object. Computed on every call, because the class, the object or its peers may have
   * changed.
   */
  bindingOf(received: InstanceProfile): ClassBinding {
    const binding = this.#bindingOf(received);
    return binding.kind === "refused" ? binding : { ...binding, object: this.#asRun(binding.object) };
  }

  /** The binding under a controller that enforces. */
  #bindingOf(received: InstanceProfile): ClassBinding {
    const object = this.roleNames.applied(received);
    const found = this.#resolve(object, this.classes);
    if (found.kind === "none") return this.#free(object);
    if (found.kind === "blocked") {
      return isDeletableWithoutClass(object) ? this.#free(object) : { kind: "refused", blocker: found.blocker };
    }
    const moved = movedBlocker(object, found.class);
    return moved === undefined
      ? this.#judge(object, found.class)
      : { kind: "refused", blocker: moved, moved: found.class };
  }

  /**
   * The revision of the class that the object is checked against; compare it right before a write.
   *
   * @param classes as read from the API server; unset: from the cache
   */
  revisionOf(object: InstanceProfile, classes?: readonly KubeObject[]): string {
    const parsed = classes === undefined ? this.classes : new ParsedClasses(() => classes);
    return classRevisionOf(this.#resolve(object, parsed));
  }

  #asRun(object: InstanceProfile): InstanceProfile {
    if (this.#options.isDryRun !== true) return object;
    return { ...object, isDryRun: true, spec: { ...object.spec, mode: "DryRun" } };
  }

  /** Allows claims on instances to objects that their class does not block, with its path. */
  get claimRules(): ClaimRules {
    return {
      revision: () => this.classes.revision,
      judged: (object) => {
        const binding = this.bindingOf(object);
        const isAllowed =
          blockersOf(binding).length === 0 && binding.kind !== "refused" && claimsInstances(binding.object);
        return isAllowed ? binding.object : undefined;
      },
    };
  }

  /** The name of the class in the spec of the object, or of the default class; undefined when there is neither. */
  classNameOf(raw: KubeObject): string | undefined {
    return namedClass(raw) ?? this.defaultClassName;
  }

  /** The name of the default class; undefined when there is none, or more than one. */
  get defaultClassName(): string | undefined {
    const [name, ...others] = this.classes.defaultNames();
    return others.length === 0 ? name : undefined;
  }

  /** True for an object without a class whose texts need the id of the controller's own account, which is not known yet. */
  needsOwnAccount(raw: KubeObject): boolean {
    if (this.#own.place.accountId !== undefined || this.classNameOf(raw) !== undefined) return false;
    return JSON.stringify(raw["spec"] ?? {}).includes("{account}");
  }

  /** The key of the account that the object is in; undefined when it needs a class and has none. */
  accountOf(raw: KubeObject): string | undefined {
    const className = this.classNameOf(raw);
    if (className === undefined) return this.#requiresClass || !this.classes.isEmpty ? undefined : OWN_ACCOUNT;
    const parsed = this.classes.named(className);
    return parsed === undefined || "fault" in parsed ? undefined : parsed.class.spec.account.id;
  }

  get #requiresClass(): boolean {
    return this.#options.requiresClass ?? false;
  }

  /**
   * The object with the deletion terms that are recorded in its status, or the operator's default, and with its variables filled in as for
   * an object without a class.
   */
  underRecordedTerms(object: InstanceProfile): InstanceProfile {
    return this.#asRun(this.#underRecordedTerms(object));
  }

  #underRecordedTerms(object: InstanceProfile): InstanceProfile {
    const named = this.roleNames.applied(object);
    return underRecordedTerms(fillObject(named, this.#freeContext), this.#options.defaultDeletionPolicy);
  }

  /** The object with its variables filled in and with the names and the path of its class. */
  filled(received: InstanceProfile): InstanceProfile {
    const object = this.roleNames.applied(received);
    const found = this.#resolve(object, this.classes);
    return found.kind === "class" ? this.#named(object, found.class).object : fillObject(object, this.#freeContext);
  }

  #free(object: InstanceProfile): ClassBinding {
    const { allowsExternalRoles = false } = this.#options;
    // A deletion grants nothing.
    if (hasExternalRole(object.spec) && !allowsExternalRoles && object.metadata.deletionTimestamp === undefined)
      return { kind: "refused", blocker: externalRoleBlocker(object) };
    return { kind: "free", object: this.#underRecordedTerms(object), forceDeniedBy: forceDeniedByRecord(object) };
  }

  get #own(): Required<OwnContext> {
    return { variables: {}, ...(this.#options.own?.() ?? { place: {} }) };
  }

  get #freeContext(): ObjectContext {
    const { clusterId, unknown } = this.#options;
    return { ...this.#own, clusterId, unknown };
  }

  #contextOf(of: InstanceProfileClass): ObjectContext {
    const { clusterId, unknown } = this.#options;
    return { ...classContext(of, clusterId, this.#own.place), unknown };
  }

  #resolve(object: InstanceProfile, classes: ParsedClasses): ResolvedClass {
    return resolveClass(object, classes, this.#requiresClass);
  }

  #judge(received: InstanceProfile, of: InstanceProfileClass): ClassBinding {
    const { bounds, object } = this.#bounded(received, of);
    const defaulted = withClassDefaults(object, of, this.#options.defaultDeletionPolicy);
    const isAccepted = isAcceptedBy(object.status, of);
    const common = { kind: "bound", class: of, bounds, isAccepted } as const;
    // An object in deletion is not checked: deleting grants nothing.
    const isInDeletion = object.metadata.deletionTimestamp !== undefined;
    const violations = isInDeletion ? [] : [...oversizeViolations(object), ...classViolations(object.spec, bounds)];
    const isStripped = violations.length > 0 && of.spec.onViolation === "Strip" && hasTrace(object.status);
    if (!isStripped) return { ...common, object: defaulted, violations, isStripped };
    // `suspend` and DryRun must not delay a strip: the author who exceeded the class could set them.
    const stripped: InstanceProfileSpec = {
      ...withoutExcess(defaulted.spec, violations, of),
      suspend: false,
      mode: "Enforce",
    };
    return { ...common, object: { ...defaulted, spec: stripped }, violations, isStripped };
  }

  /** The object with its variables, and the names and the path that the class gives it; and its bounds, which depend on the names. */
  #bounded(written: InstanceProfile, of: InstanceProfileClass): { bounds: Bounds; object: InstanceProfile } {
    const { object, known } = this.#named(written, of);
    return { object, bounds: this.#boundsOf(object, known) };
  }

  #named(written: InstanceProfile, of: InstanceProfileClass): { known: Bounds; object: InstanceProfile } {
    const { namespace } = written.metadata;
    const context = this.#contextOf(of);
    const variables = variablesOf(written, context);
    const known = { class: of, namespace, clusterId: this.#options.clusterId, variables, olderPeers: 0 };
    return { known, object: withClassPath(withClassNames(fillObject(written, context), known), known) };
  }

  #boundsOf(object: InstanceProfile, bounds: Bounds): Bounds {
    const { metadata, status } = object;
    const { class: of } = bounds;
    if (of.spec.maxPerNamespace === undefined) return bounds;
    const { objects, orphans } = this.acceptances.before(object, of);
    const { countsListed, isDryRun } = this.#options;
    const isListed = (countsListed === true || isDryRun === true) && !isAcceptedBy(status, of);
    const olderPeers = objects + orphans.length + (isListed ? this.#listedBefore(metadata, of) : 0);
    const orphanedRoles = orphans.map(({ roleName }) => roleName).sort();
    return { ...bounds, olderPeers, ...(orphanedRoles.length > 0 && { orphanedRoles }) };
  }

  #listedBefore({ namespace, name }: InstanceProfile["metadata"], of: InstanceProfileClass): number {
    const peers = this.#options.objects.all().filter((raw) => {
      const metadata = raw["metadata"] as InstanceProfile["metadata"];
      const isListed = metadata.namespace === namespace && acceptedClass(raw) === undefined;
      return isListed && this.classNameOf(raw) === of.metadata.name;
    });
    const index = peers.findIndex((raw) => (raw["metadata"] as InstanceProfile["metadata"]).name === name);
    return index === -1 ? peers.length : index;
  }
}

/**
 * True for an object in deletion without a class name: the controller's own credentials, or a deleted class, created
 * it.
 */
function isDeletableWithoutClass({ metadata, spec }: InstanceProfile): boolean {
  return metadata.deletionTimestamp !== undefined && spec.className === undefined;
}

/**
 * Blocks an object that is bound to another account: a second role would be created there, and the first one left
 * behind.
 */
function movedBlocker({ status }: InstanceProfile, of: InstanceProfileClass): Blocker | undefined {
  const accountId = boundAccountId(status);
  if (accountId === undefined || accountId === of.spec.account.id) return undefined;
  return {
    reason: "ClassAccountChanged",
    message:
      `the object is bound to AWS account ${accountId}, but class ${of.metadata.name} is for account ${of.spec.account.id}. The controller ` +
      "does not move roles between accounts. Make a class of the former account the default again, or delete the role and the instance " +
      "profile in AWS and create the object again.",
  };
}

/** Policies that are too large to check count as violations, because compliance cannot be shown. */
function oversizeViolations({ oversize = [] }: InstanceProfile): readonly Violation[] {
  return oversizeBlockers(oversize).map((blocker) => ({ ...blocker, excess: { kind: "name" } }));
}

function claimsInstances({ spec }: InstanceProfile): boolean {
  return spec.instances !== undefined;
}
