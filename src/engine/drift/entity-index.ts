import type { InstanceProfileStatus } from "../../api/instance-profile.ts";
import { nameInArn } from "../../model/naming.ts";
import { policyEntity, profileEntity, roleEntity } from "./touched-entities.ts";

const NONE: ReadonlySet<string> = new Set();

/** Which objects have which role, instance profile and managed policies in AWS, by the ARNs in their status. */
export class EntityIndex {
  readonly #objects = new Map<string, Set<string>>();
  readonly #entities = new Map<string, readonly string[]>();

  /** The keys of the objects that have the entity; usually one. */
  objectsOf(entity: string): ReadonlySet<string> {
    return this.#objects.get(entity) ?? NONE;
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
  const arns = [
    ...(role?.arn === undefined ? [] : [{ arn: role.arn, entity: roleEntity }]),
    ...(instanceProfile?.arn === undefined ? [] : [{ arn: instanceProfile.arn, entity: profileEntity }]),
  ];
  return [
    ...arns.map(({ arn, entity }) => entity(accountIn(arn), nameInArn(arn))),
    ...managedPolicies.map(({ arn }) => policyEntity(accountIn(arn), arn)),
  ];
}

function accountIn(arn: string): string {
  return arn.split(":")[4] ?? "";
}
