import type { InstanceProfileStatus } from "../../api/instance-profile.ts";
import { accountInArn, nameInArn } from "../../model/naming.ts";
import { ofPolicy } from "../../plan/proof.ts";
import { profileKey, roleKey } from "../observe/written-value.ts";

const NONE: ReadonlySet<string> = new Set();

/** Which objects have which role, instance profile and managed policies in AWS, by the ARNs in their status. */
export class EntityIndex {
  readonly #objects = new Map<string, Set<string>>();
  readonly #entities = new Map<string, readonly string[]>();

  /**
   * The keys of the objects that have the entity; usually one.
   *
   * @param entity see {@link Touched}
   */
  objectsOf(accountId: string, entity: string): ReadonlySet<string> {
    return this.#objects.get(inAccount(accountId, entity)) ?? NONE;
  }

  /** Replaces what is known of an object; without a status, removes it. */
  put(key: string, status: InstanceProfileStatus | undefined): void {
    const now = entitiesIn(status);
    const before = this.#entities.get(key) ?? [];
    if (now.length === before.length && now.every((entity, index) => entity === before[index])) return;
    for (const entity of before) this.#remove(entity, key);
    for (const entity of now) this.#objects.set(entity, (this.#objects.get(entity) ?? new Set()).add(key));
    if (now.length === 0) this.#entities.delete(key);
    else this.#entities.set(key, now);
  }

  #remove(entity: string, key: string): void {
    const keys = this.#objects.get(entity);
    keys?.delete(key);
    if (keys?.size === 0) this.#objects.delete(entity);
  }
}

function entitiesIn({ role, instanceProfile, managedPolicies = [] }: InstanceProfileStatus = {}): readonly string[] {
  return [
    ...entityAt(role?.arn, (arn) => roleKey(nameInArn(arn))),
    ...entityAt(instanceProfile?.arn, (arn) => profileKey(nameInArn(arn))),
    ...managedPolicies.flatMap(({ arn }) => entityAt(arn, ofPolicy)),
  ];
}

function entityAt(arn: string | undefined, entityOf: (arn: string) => string): readonly string[] {
  const accountId = arn === undefined ? undefined : accountInArn(arn);
  return arn === undefined || accountId === undefined ? [] : [inAccount(accountId, entityOf(arn))];
}

function inAccount(accountId: string, entity: string): string {
  return `${accountId} ${entity}`;
}
