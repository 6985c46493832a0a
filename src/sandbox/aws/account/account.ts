import type { AwkwardnessSwitches, PassingWriteFault } from "../awkwardness.ts";
import type { Quotas } from "../iam/quotas.ts";
import type { Random } from "../random.ts";
import type { AccessReport } from "./access-report.ts";
import type { InstanceProfile, ManagedPolicy, Role } from "./entities.ts";
import { EntityStore, type Propagation } from "./entity-store.ts";
import { iamArn } from "./identifiers.ts";
import { Region } from "./region.ts";
import { RoleUses } from "./role-uses.ts";

/** What an account is made with. */
export interface AccountSettings {
  readonly accountId: string;
  /** `aws`, `aws-cn` or `aws-us-gov`. */
  readonly partition: string;
  /** ms since the epoch; all time in the sandbox comes from here. */
  now(): number;
  readonly quotas: Quotas;
  readonly random: Random;
  readonly switches: AwkwardnessSwitches;
}

/** The whole state of one AWS account. Handlers read and change it synchronously, so every call is atomic. */
export class Account {
  readonly settings: AccountSettings;
  readonly roles: EntityStore<Role>;
  readonly instanceProfiles: EntityStore<InstanceProfile>;
  /** Customer managed policies by ARN. */
  readonly policies: EntityStore<ManagedPolicy>;
  readonly uses: RoleUses = new RoleUses();
  /** By job id. */
  readonly accessReports: Map<string, AccessReport> = new Map();
  readonly #regions = new Map<string, Region>();
  #iamWrites = 0;

  constructor(settings: AccountSettings) {
    this.settings = settings;
    const propagation = propagationOf(settings);
    this.roles = new EntityStore(propagation);
    this.instanceProfiles = new EntityStore(propagation);
    this.policies = new EntityStore(propagation);
  }

  now(): number {
    return this.settings.now();
  }

  region(name: string): Region {
    const region = this.#regions.get(name) ?? new Region(this.settings);
    this.#regions.set(name, region);
    return region;
  }

  regions(): ReadonlyMap<string, Region> {
    return this.#regions;
  }

  /** An instance profile as far as EC2 has heard of it. */
  instanceProfileSeenByEc2(name: string): InstanceProfile | undefined {
    return this.instanceProfiles.seenBehind(name, this.settings.switches.current.ec2ProfileDelayMs ?? 0);
  }

  /** Counts an IAM write, and says with which fault it fails if it is one that does. */
  takePassingFault(): PassingWriteFault | undefined {
    const failing = this.settings.switches.current.failEveryNthWrite;
    this.#iamWrites += 1;
    return failing !== undefined && this.#iamWrites % failing.n === 0 ? failing.code : undefined;
  }

  /** A list inside an answer, in the order that this read shows it in. */
  shown<T>(list: readonly T[]): readonly T[] {
    return this.settings.switches.current.shuffleLists === true ? this.settings.random.shuffled(list) : list;
  }

  /** Forgets everything, as if the account were new. */
  clear(): void {
    this.#iamWrites = 0;
    for (const store of [this.roles, this.instanceProfiles, this.policies]) {
      store.clear();
    }
    this.#regions.clear();
    this.uses.clear();
    this.accessReports.clear();
  }

  roleArn(role: Pick<Role, "path" | "name">): string {
    return iamArn(this.settings, "role", role.path, role.name);
  }

  instanceProfileArn(profile: Pick<InstanceProfile, "path" | "name">): string {
    return iamArn(this.settings, "instance-profile", profile.path, profile.name);
  }

  /** Who calls with keys that are not temporary: the account's only user. */
  get developerArn(): string {
    return iamArn(this.settings, "user", "/", "sandbox");
  }
}

function propagationOf(settings: AccountSettings): Propagation {
  return {
    now: settings.now,
    delayMs() {
      const delay = settings.switches.current.visibilityDelayMs ?? 0;
      return typeof delay === "number" ? delay : settings.random.integer(delay.min, delay.max);
    },
    staleWrites: () => settings.switches.current.staleWrites === true,
    hindsightMs: () => settings.switches.current.ec2ProfileDelayMs ?? 0,
  };
}
