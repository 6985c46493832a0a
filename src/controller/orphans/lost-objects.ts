import {
  hasExternalRole,
  type InstanceProfile,
  type InstanceProfileStatus,
  type ObjectMeta,
} from "../../api/instance-profile.ts";
import type { AwsAccount } from "../../engine/accounts/aws-account.ts";
import type { IamReader, KubeObject } from "../../engine/ports.ts";
import { ControllerError } from "../../errors.ts";
import { nameInArn, sameName } from "../../model/naming.ts";
import type { Absent } from "../../model/observed-state.ts";
import { type Owner, ownershipOf, TAG_KEYS, type Tags } from "../../model/ownership.ts";
import type { Action } from "../../plan/action.ts";
import { orphanedEvent } from "../../status/orphan-events.ts";
import { keyText, roleNameIn } from "../object-key.ts";
import { failureFields, logWrites } from "../reconcile/telemetry.ts";
import type { Releases } from "./deleted-objects.ts";
import { emitAbout, type OrphanOptions } from "./orphan-options.ts";

/** The dependencies of {@link LostObjects}. */
export interface LostObjectsOptions extends OrphanOptions {
  readonly releases: Releases;
  /** The object in deletion, with its class applied; undefined when it cannot be determined. */
  readonly asJudged: (last: KubeObject) => InstanceProfile | undefined;
  /** The account that the object is in; undefined while it is not accessible. */
  readonly accountOf: (raw: KubeObject) => AwsAccount | undefined;
  /** See the setting of the controller. */
  readonly isDryRun?: boolean | undefined;
}

/**
 * An entity that the object's status names and that still exists in AWS; its tags are undefined if AWS could not be
 * read.
 */
interface Left {
  readonly kind: "role" | "instance profile" | "managed policy";
  readonly arn: string;
  readonly tags: Tags | undefined;
}

/**
 * Reports objects that were deleted without this process having removed their finalizer, as soon as the watch shows the
 * deletion.
 */
export class LostObjects {
  readonly #options: LostObjectsOptions;

  constructor(options: LostObjectsOptions) {
    this.#options = options;
  }

  /**
   * Handles the deletion of an object. `last` is its last known version, `object` the result of `asJudged`.
   *
   * Errors: bugs, and the signal's reason.
   */
  async objectDeleted(last: KubeObject, object: InstanceProfile | undefined, signal: AbortSignal): Promise<void> {
    const status = last["status"] as InstanceProfileStatus | undefined;
    if (status === undefined || namedIn(last, status).length === 0) return;
    // Another cluster has adopted it.
    if (status.handedOverTo !== undefined) return;
    const { uid } = last["metadata"] as ObjectMeta;
    const isRetained = object?.spec.deletionPolicy === "Retain";
    const { releases, isDryRun } = this.#options;
    if ((await releases.has(uid)) && !isRetained) return;
    if (await this.#stillExists(last, signal)) return;
    const left = (await this.#leftIn(last, status, signal)).filter((one) => isOrphaned(one, object));
    if (left.length === 0) return;
    if (isRetained && isDryRun) this.#reportUntagged(last, left);
    else if (isRetained) await this.#markRetained(last, left, signal);
    else this.#report(last, object, status, left);
  }

  /**
   * True when the object exists and only no longer matches the label selector; false also when the API server cannot be
   * read.
   */
  async #stillExists(last: KubeObject, signal: AbortSignal): Promise<boolean> {
    const { namespace, name, uid } = last["metadata"] as ObjectMeta;
    try {
      const current = await this.#options.client.get({ namespace, name }, signal);
      return (current?.["metadata"] as ObjectMeta | undefined)?.uid === uid;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ControllerError) return false;
      throw error;
    }
  }

  /** The entities in AWS that have the object's owner tags; if AWS cannot be read, those that the status names. */
  async #leftIn(last: KubeObject, status: InstanceProfileStatus, signal: AbortSignal): Promise<readonly Left[]> {
    const named = namedIn(last, status);
    const account = this.#options.accountOf(last);
    if (account === undefined) return named;
    const { reader } = account.iam.routine;
    const owner = this.#ownerOf(last);
    const observed = async ({ kind, arn }: Left): Promise<readonly Left[]> => {
      const entity = await readEntity(kind, arn, reader, signal);
      if (entity.presence === "absent" || entity.arn !== arn) return [];
      return ownershipOf(entity.tags, owner).kind === "owned" ? [{ kind, arn, tags: entity.tags }] : [];
    };
    try {
      return (await Promise.all(named.map(observed))).flat();
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ControllerError) return named;
      throw error;
    }
  }

  #ownerOf(last: KubeObject): Owner {
    const { namespace, name, uid } = last["metadata"] as ObjectMeta;
    return { clusterId: this.#options.scope.clusterId, namespace, name, uid };
  }

  #report(
    last: KubeObject,
    object: InstanceProfile | undefined,
    { accountId = "" }: InstanceProfileStatus,
    left: readonly Left[],
  ): void {
    const owner = this.#ownerOf(last);
    if (this.#isResumed(owner, object)) return;
    const arnsOf = (kind: Left["kind"]): readonly string[] =>
      left.filter((one) => one.kind === kind).map(({ arn }) => arn);
    const [role] = arnsOf("role");
    const instanceProfiles = arnsOf("instance profile");
    const managedPolicies = arnsOf("managed policy");
    const { policy, deleted, logger, events } = this.#options;
    const roleId = (last["status"] as InstanceProfileStatus).role?.id ?? "";
    const isDeletedNext = policy === "Delete" && role !== undefined && deleted.ofRole(roleId) !== undefined;
    const event = orphanedEvent(
      "Lost",
      { role, instanceProfiles, managedPolicies, accountId, uid: owner.uid },
      isDeletedNext,
    );
    logger.warn("an object was deleted without its finalizer and left entities in AWS", {
      namespace: owner.namespace,
      name: owner.name,
      uid: owner.uid,
      awsAccount: accountId,
      role,
      instanceProfiles,
      ...(managedPolicies.length > 0 && { managedPolicies }),
      detail: event.note,
    });
    emitAbout(events, owner, event);
  }

  /** True when an object of the same name was created since, and manages the same role. */
  #isResumed(owner: Owner, object: InstanceProfile | undefined): boolean {
    const current = this.#options.cache.get(keyText(owner));
    return current !== undefined && (object === undefined || sameName(roleNameIn(current), object.spec.roleName));
  }

  #reportUntagged(last: KubeObject, left: readonly Left[]): void {
    const { namespace, name } = last["metadata"] as ObjectMeta;
    const what =
      "what a deleted object retains in AWS is not tagged as retained, because the controller runs with --dry-run";
    this.#options.logger.warn(what, { namespace, name, entities: left.map(({ arn }) => arn) });
  }

  /** Tags the entities as retained, so that no later scan reports them as orphans. */
  async #markRetained(last: KubeObject, left: readonly Left[], signal: AbortSignal): Promise<void> {
    const { uid, namespace, name } = last["metadata"] as ObjectMeta;
    const { logger } = this.#options;
    const writer = this.#options.accountOf(last)?.iam.routine.writer;
    if (writer === undefined) return;
    const written = logWrites(logger, { namespace, name, uid, why: "the object retains it" });
    for (const { kind, arn, tags } of left) {
      if (tags?.[TAG_KEYS.uid] !== uid || tags[TAG_KEYS.retained] === uid) continue;
      const retained = { [TAG_KEYS.retained]: uid };
      const action = tagging(kind, arn, retained);
      try {
        await writer.perform(action, signal);
        written([action]);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof ControllerError)) throw error;
        const what =
          "could not tag an entity that a deleted object retains; the next account scans report it as an orphan";
        logger.warn(what, { namespace, name, entity: arn, ...failureFields(error) });
      }
    }
  }
}

/** What the status names, apart from a role of others. */
function namedIn(last: KubeObject, { role, instanceProfile, managedPolicies = [] }: InstanceProfileStatus): Left[] {
  const isRoleExternal = hasExternalRole((last["spec"] ?? {}) as InstanceProfile["spec"]);
  const left = (kind: Left["kind"], arn: string | undefined): Left[] =>
    arn === undefined ? [] : [{ kind, arn, tags: undefined }];
  return [
    ...left("role", isRoleExternal ? undefined : role?.arn),
    ...left("instance profile", instanceProfile?.arn),
    ...managedPolicies.flatMap(({ arn }) => left("managed policy", arn)),
  ];
}

type Entity = Absent | { readonly presence: "present"; readonly arn: string; readonly tags: Tags };

function readEntity(kind: Left["kind"], arn: string, reader: IamReader, signal: AbortSignal): Promise<Entity> {
  if (kind === "managed policy") return reader.getPolicy(arn, signal);
  const name = nameInArn(arn);
  return kind === "role" ? reader.getRole(name, signal) : reader.getInstanceProfile(name, signal);
}

function tagging(kind: Left["kind"], arn: string, tags: Tags): Action {
  if (kind === "managed policy") return { kind: "TagPolicy", ownPolicyArn: arn, tags };
  const name = nameInArn(arn);
  return kind === "role"
    ? { kind: "TagRole", roleName: name, tags }
    : { kind: "TagInstanceProfile", instanceProfileName: name, tags };
}

/** False for an adopted entity, which stays when its object is deleted, unless the deletion policy is `Delete`. */
function isOrphaned({ tags }: Left, object: InstanceProfile | undefined): boolean {
  return tags?.[TAG_KEYS.adopted] !== "true" || object?.spec.deletionPolicy === "Delete";
}
