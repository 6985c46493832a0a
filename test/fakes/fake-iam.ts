import type {
  IamReader,
  IamWriter,
  ManagedPolicyFacts,
  PolicyReader,
  PolicyUser,
  Precondition,
} from "../../src/engine/ports.ts";
import { BlockedError, ConflictError } from "../../src/errors.ts";
import { nameKey, sameName } from "../../src/model/naming.ts";
import {
  ABSENT,
  type Absent,
  type ObservedInstanceProfile,
  type ObservedManagedPolicy,
  type ObservedRole,
  type RoleFacts,
} from "../../src/model/observed-state.ts";
import type { Tags } from "../../src/model/ownership.ts";
import type { Action, ActionOutcome } from "../../src/plan/action.ts";
import { applyAction } from "../../src/plan/simulate.ts";

interface Account {
  readonly roles: Readonly<Record<string, ObservedRole>>;
  readonly instanceProfiles: Readonly<Record<string, ObservedInstanceProfile>>;
  readonly managedPolicies?: readonly ObservedManagedPolicy[];
}

type Fate = (action: Action) => "do" | "miss" | Error | { readonly doAndThenFail: Error };

/**
 * IAM in memory, behind the engine's ports: roles and profiles by name, whose reads can lag behind the writes. The contract
 * suite of test/contract/aws keeps the sandbox's IAM to the rules; this one is for the engine's own logic.
 */
export class FakeIam implements IamReader, IamWriter, PolicyReader {
  /** The actions carried out, in order. */
  readonly writes: Action[] = [];
  /** What becomes of each write; `miss`: IAM does not see (yet) what is to be removed. */
  fate: Fate = () => "do";
  /** So many of the last changes are not yet visible to reads. */
  lag = 0;
  /** Waited for before every write, as for a turn at a rate limiter: the caller's precondition is checked after it. */
  beforeWrite: (action: Action) => Promise<void> = async () => {};
  /** Waited for before every read. */
  beforeRead: () => Promise<void> = async () => {};
  /** ARNs of managed policies that do not exist; a boundary of them is refused as IAM refuses it. */
  readonly missingPolicies = new Set<string>();
  /** The ARNs of the managed policies that were asked for, in order. */
  readonly policyReads: string[] = [];
  readonly #history: Account[] = [{ roles: {}, instanceProfiles: {} }];
  #ids = 0;

  /** What there really is. */
  get account(): Account {
    return this.#history.at(-1) ?? { roles: {}, instanceProfiles: {} };
  }

  role(name: string): ObservedRole | undefined {
    return this.account.roles[nameKey(name)];
  }

  async perform(action: Action, signal?: AbortSignal, assertCurrent?: Precondition): Promise<ActionOutcome> {
    await this.beforeWrite(action);
    if (signal !== undefined) await assertCurrent?.(signal);
    const fate = this.fate(action);
    if (fate instanceof Error) throw fate;
    if (fate === "miss") return { created: undefined, wasAbsent: true };
    if ("permissionsBoundaryArn" in action && this.missingPolicies.has(action.permissionsBoundaryArn ?? "")) {
      throw new BlockedError(`Scope ARN: ${action.permissionsBoundaryArn} does not exist or is not attachable.`, {
        reason: "PolicyNotFound",
      });
    }
    const outcome = this.#executePlan(action);
    if (fate !== "do") throw fate.doAndThenFail;
    return outcome;
  }

  /** Somebody else's hand: the change is made whatever it does to us. */
  outsider(change: (account: Account) => Account): void {
    this.#history.push(change(this.account));
  }

  /** Somebody else makes a role of that name, in place of the one that may be there. */
  outsiderMakesRole(roleName: string, tags: Tags = {}): void {
    const role: ObservedRole = {
      presence: "present",
      roleName,
      arn: `arn:aws:iam::123456789012:role/${roleName}`,
      roleId: this.#newId("AROA"),
      path: "/",
      description: "",
      maxSessionDurationSeconds: 3600,
      permissionsBoundaryArn: undefined,
      tags,
      trustPolicy: "{}",
      inlinePolicyNames: [],
      inlinePolicyDocuments: {},
      managedPolicyArns: [],
    };
    this.outsider((account) => ({ ...account, roles: { ...account.roles, [nameKey(roleName)]: role } }));
  }

  async getRole(roleName: string): Promise<RoleFacts | Absent> {
    const role = (await this.#seen()).roles[nameKey(roleName)];
    if (role === undefined) return ABSENT;
    // IAM returns no policies with a role.
    const { inlinePolicyNames: _, inlinePolicyDocuments: __, managedPolicyArns: ___, ...facts } = role;
    return facts;
  }

  async listRolePolicies(roleName: string): Promise<readonly string[]> {
    return (await this.#seen()).roles[nameKey(roleName)]?.inlinePolicyNames ?? [];
  }

  async getRolePolicy(roleName: string, policyName: string): Promise<string | undefined> {
    return (await this.#seen()).roles[nameKey(roleName)]?.inlinePolicyDocuments[policyName];
  }

  async listAttachedRolePolicies(roleName: string): Promise<readonly string[]> {
    return (await this.#seen()).roles[nameKey(roleName)]?.managedPolicyArns ?? [];
  }

  async listInstanceProfilesForRole(roleName: string): Promise<readonly string[]> {
    const profiles = Object.values((await this.#seen()).instanceProfiles);
    const holders = profiles.filter((profile) => sameName(profile.roleName, roleName));
    return holders.map((profile) => profile.instanceProfileName).sort();
  }

  async getInstanceProfile(name: string): Promise<ObservedInstanceProfile | Absent> {
    return (await this.#seen()).instanceProfiles[nameKey(name)] ?? ABSENT;
  }

  async getPolicy(policyArn: string): Promise<ManagedPolicyFacts | Absent> {
    const seen = await this.#seen();
    const policy = policyIn(seen, policyArn);
    if (policy === undefined) return ABSENT;
    const { document: _, versionIds: __, usedBy, ...facts } = policy;
    return { ...facts, attachments: usedBy.length + rolesWith(seen, policyArn).length, boundaries: 0 };
  }

  async getPolicyVersion(policyArn: string): Promise<string | undefined> {
    return policyIn(await this.#seen(), policyArn)?.document;
  }

  async listPolicyVersions(policyArn: string): Promise<readonly string[]> {
    return policyIn(await this.#seen(), policyArn)?.versionIds ?? [];
  }

  async listEntitiesForPolicy(policyArn: string): Promise<readonly PolicyUser[]> {
    const seen = await this.#seen();
    const others = policyIn(seen, policyArn)?.usedBy ?? [];
    return [
      ...rolesWith(seen, policyArn).map((name) => ({ kind: "role" as const, name })),
      ...others.map((user) => {
        const [kind = "role", name = ""] = user.split(" ");
        return { kind: kind as PolicyUser["kind"], name };
      }),
    ];
  }

  async policyExists(policyArn: string): Promise<boolean> {
    await this.beforeRead();
    this.policyReads.push(policyArn);
    return !this.missingPolicies.has(policyArn);
  }

  async #seen(): Promise<Account> {
    await this.beforeRead();
    return this.#history.at(-1 - this.lag) ?? this.#history[0] ?? this.account;
  }

  #executePlan(action: Action): ActionOutcome {
    const { roles, instanceProfiles, managedPolicies } = this.account;
    const roleKey = nameKey("roleName" in action ? action.roleName : "");
    const profileKey = nameKey("instanceProfileName" in action ? action.instanceProfileName : "");
    const before = {
      role: roles[roleKey] ?? ABSENT,
      instanceProfile: instanceProfiles[profileKey] ?? ABSENT,
      ...(managedPolicies && { managedPolicies }),
    };
    const created = this.#createdBy(action, before);
    const after = applyAction(before, action, created);
    this.writes.push(action);
    this.#history.push({
      roles: with_(roles, roleKey, after.role),
      instanceProfiles: with_(instanceProfiles, profileKey, after.instanceProfile),
      ...(after.managedPolicies && { managedPolicies: after.managedPolicies }),
    });
    return { created };
  }

  #createdBy(
    action: Action,
    before: { readonly role: { readonly presence: string }; readonly instanceProfile: { readonly presence: string } },
  ): { arn: string; id: string } | undefined {
    if (action.kind !== "CreateRole" && action.kind !== "CreateInstanceProfile") return undefined;
    const isRole = action.kind === "CreateRole";
    if ((isRole ? before.role : before.instanceProfile).presence === "present") {
      throw new ConflictError(`${action.kind}: it is there already`, { reason: "EntityAlreadyExists" });
    }
    const [type, name] = isRole ? ["role", action.roleName] : ["instance-profile", action.instanceProfileName];
    return { arn: `arn:aws:iam::123456789012:${type}${action.path}${name}`, id: this.#newId(isRole ? "AROA" : "AIPA") };
  }

  #newId(prefix: string): string {
    this.#ids += 1;
    return `${prefix}${this.#ids}`;
  }
}

function policyIn({ managedPolicies = [] }: Account, policyArn: string): ObservedManagedPolicy | undefined {
  return managedPolicies.find(({ arn }) => arn === policyArn);
}

function rolesWith({ roles }: Account, policyArn: string): readonly string[] {
  return Object.values(roles)
    .filter(({ managedPolicyArns }) => managedPolicyArns.includes(policyArn))
    .map(({ roleName }) => roleName);
}

function with_<T extends { readonly presence: "present" }>(
  all: Readonly<Record<string, T>>,
  key: string,
  entity: T | Absent,
): Readonly<Record<string, T>> {
  const { [key]: _, ...others } = all;
  return key === "" || entity.presence === "absent" ? others : { ...others, [key]: entity };
}
