import { requestContext } from "../../../model/access/access-request.ts";
import type { Account } from "../account/account.ts";
import type { InstanceProfile, ProfileAssociation, Role } from "../account/entities.ts";
import { nameInArn } from "../account/identifiers.ts";
import { newSession, type Session } from "../account/session.ts";
import type { Cloud } from "../cloud.ts";
import { trustsService } from "../policy/trust.ts";

/** When an instance gets new credentials. */
export interface CredentialTimes {
  /** How long credentials are good. */
  readonly lifetimeMs: number;
  /** How long before their end there are new ones; AWS promises five minutes. */
  readonly renewBeforeMs: number;
  /** How often EC2 looks whether another role sits in the profile; AWS speaks of up to an hour. */
  readonly roleLookMs: number;
}

/** The lifetime of an instance's credentials on AWS. */
export const INSTANCE_CREDENTIALS_MS: number = 6 * 3_600_000;

/** The times for credentials of this lifetime: renewed five minutes before their end, or after half of a short lifetime. */
export function credentialTimes(lifetimeMs: number): CredentialTimes {
  return { lifetimeMs, renewBeforeMs: Math.min(5 * 60_000, lifetimeMs / 2), roleLookMs: 3_600_000 };
}

/** An instance and where it is. */
export interface InstancePlace {
  readonly cloud: Cloud;
  readonly account: Account;
  readonly region: string;
  readonly instanceId: string;
}

/** What the metadata service has to say about an instance's role. */
export type RoleState =
  | { readonly kind: "none" }
  | { readonly kind: "failed"; readonly association: ProfileAssociation; readonly failure: RoleFailure }
  | { readonly kind: "held"; readonly association: ProfileAssociation; readonly session: Session };

/** Why there are no credentials; the role where it is known. */
type RoleFailure =
  | { readonly code: "InstanceProfileNotFound" }
  | { readonly code: "AssumeRoleUnauthorizedAccess"; readonly roleName: string };

/**
 * The credentials of one instance: renewed before they end, and at once when the instance gets another profile. Another role
 * inside the same profile is noticed late, and the credentials of the role before stay good until they end.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2_instance-profiles.html
 */
export class RoleCredentials {
  readonly #place: InstancePlace;
  readonly #times: CredentialTimes;
  #held: { readonly associationId: string; readonly session: Session } | undefined;
  #lookedAtMs = 0;

  constructor(place: InstancePlace, times: CredentialTimes) {
    this.#place = place;
    this.#times = times;
  }

  /** What there is now. */
  current(): RoleState {
    const { account, region, instanceId } = this.#place;
    const association = account.region(region).currentAssociation(instanceId);
    if (association === undefined) {
      this.#held = undefined;
      return { kind: "none" };
    }
    const held = this.#held?.associationId === association.id ? this.#held.session : undefined;
    if (held !== undefined && !this.#isDue(held, association)) return { kind: "held", association, session: held };
    return this.#renew(association);
  }

  #isDue(session: Session, association: ProfileAssociation): boolean {
    const now = this.#place.account.now();
    if (now >= session.expiresAtMs - this.#times.renewBeforeMs) return true;
    if (now - this.#lookedAtMs < this.#times.roleLookMs) return false;
    this.#lookedAtMs = now;
    const role = this.#roleIn(this.#profileOf(association));
    return role !== undefined && role.id !== session.roleId;
  }

  #renew(association: ProfileAssociation): RoleState {
    const { cloud, account, region, instanceId } = this.#place;
    this.#lookedAtMs = account.now();
    const profile = this.#profileOf(association);
    const role = this.#roleIn(profile);
    if (role === undefined) return { kind: "failed", association, failure: { code: "InstanceProfileNotFound" } };
    const { partition, accountId } = account.settings;
    const instanceArn = `arn:${partition}:ec2:${region}:${accountId}:instance/${instanceId}`;
    const context = requestContext({ "aws:SourceAccount": accountId, "aws:SourceArn": instanceArn });
    if (!trustsService(account, role, "ec2", context)) {
      const failure = { code: "AssumeRoleUnauthorizedAccess", roleName: role.name } as const;
      return { kind: "failed", association, failure };
    }
    const { lifetimeMs } = this.#times;
    const session = cloud.remember(newSession(account, role, { name: instanceId, lifetimeMs, instanceArn }));
    this.#held = { associationId: association.id, session };
    return { kind: "held", association, session };
  }

  /** The profile that was associated: a later one of the same name is another. */
  #profileOf({ profileArn, profileId }: ProfileAssociation): InstanceProfile | undefined {
    const profile = this.#place.account.instanceProfileSeenByEc2(nameInArn(profileArn));
    return profile?.id === profileId ? profile : undefined;
  }

  #roleIn(profile: InstanceProfile | undefined): Role | undefined {
    return profile?.roleName === undefined ? undefined : this.#place.account.roles.visible(profile.roleName);
  }
}
