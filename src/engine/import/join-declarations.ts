import type { ObservedRole } from "../../model/observed-state.ts";
import type { ExportNote } from "../../plan/exported-manifest.ts";
import type { WholeProfile } from "../offline/read-profile.ts";
import {
  type Declarations,
  type DeclaredManagedPolicy,
  type DeclaredProfile,
  type DeclaredRole,
  type Keys,
  type Readable,
  type Remark,
  roleOf,
} from "./declared.ts";
import { observedPolicy, ownPoliciesByRole } from "./own-policies.ts";

/** An instance profile with its role and all policies, from however many declarations. */
export interface JoinedProfile extends WholeProfile {
  readonly declared: DeclaredProfile;
  /** Another manifest, or something outside of the input, manages the role. */
  readonly isRoleExternal: boolean;
  /** The input does not have the name of the role, so that a manifest can only create one. */
  readonly isRoleNew: boolean;
  /** The declarations that a manifest of it replaces, its own first. */
  readonly addresses: readonly string[];
  /** What of it no manifest can have. */
  readonly notes: readonly ExportNote[];
}

/** What of the declarations becomes manifests, and what does not. */
export interface JoinedDeclarations {
  readonly profiles: readonly JoinedProfile[];
  /** What cannot be read, or not be joined without a guess. */
  readonly problems: readonly Remark[];
  /** What is left with the tool. */
  readonly left: readonly Remark[];
}

/** Joins instance profiles with their roles and policies. Each declaration is used once, or remarked. Pure. */
export function joinDeclarations(declarations: Declarations): JoinedDeclarations {
  return new Join(declarations).result();
}

const AMBIGUOUS = "ambiguous";
const NO_ROLE = "no role";

type Found = DeclaredRole | typeof AMBIGUOUS | undefined;

class Join {
  readonly #declared: Declarations;
  readonly #roles = new Map<string, DeclaredRole | typeof AMBIGUOUS>();
  /** The parts of each role. */
  readonly #parts = new Map<DeclaredRole, RoleParts>();
  readonly #problems: Remark[];
  readonly #left: Remark[];

  constructor(declared: Declarations) {
    this.#declared = declared;
    this.#problems = [...declared.problems];
    this.#left = [...declared.notes];
    for (const role of declared.roles) {
      for (const key of role.keys) this.#roles.set(key, this.#roles.has(key) ? AMBIGUOUS : role);
    }
    const own = ownPoliciesByRole(declared, (keys) => {
      const found = this.#find(keys);
      return typeof found === "object" ? found : undefined;
    });
    for (const role of declared.roles) this.#parts.set(role, new RoleParts(own.get(role)));
    this.#collectParts();
  }

  result(): JoinedDeclarations {
    const used = new Set<DeclaredRole>();
    const profiles = this.#declared.profiles.flatMap((profile) => this.#joined(profile, used));
    for (const { address, role } of this.#declared.roles.filter((one) => !used.has(one))) {
      if ("why" in role) this.#problems.push({ address, text: role.why });
      else this.#left.push({ address, text: "is in no instance profile of the input" });
    }
    const owned = new Set([...this.#parts].flatMap(([role, { own }]) => (used.has(role) ? own : [])));
    for (const policy of this.#declared.managedPolicies.filter((one) => !owned.has(one))) {
      this.#left.push({ address: policy.address, text: "stays as it is; manifests attach it by its ARN" });
    }
    return { profiles, problems: this.#problems, left: this.#left };
  }

  #collectParts(): void {
    const { policies, attachments, companions } = this.#declared;
    for (const policy of policies) this.#partsOf(policy)?.addPolicy(policy.policyName, policy.document, policy.address);
    for (const attachment of attachments)
      this.#partsOf(attachment)?.addAttachment(attachment.policy, attachment.address);
    for (const companion of companions) this.#partsOf(companion)?.addresses.push(companion.address);
    for (const { unreadable } of this.#parts.values()) this.#problems.push(...unreadable);
  }

  #partsOf({ address, roleKeys }: { readonly address: string; readonly roleKeys: Keys }): RoleParts | undefined {
    const role = this.#find(roleKeys);
    if (role === AMBIGUOUS) this.#problems.push({ address, text: "belongs to one of several roles of that name" });
    else if (role === undefined) this.#left.push({ address, text: "belongs to a role that is not in the input" });
    else return this.#parts.get(role);
    return undefined;
  }

  #find(keys: Keys): Found {
    return keys.map((key) => this.#roles.get(key)).find((role) => role !== undefined);
  }

  #joined(declared: DeclaredProfile, used: Set<DeclaredRole>): readonly JoinedProfile[] {
    const { address, profile, roleKeys } = declared;
    const found = roleKeys.length === 0 ? NO_ROLE : this.#find(roleKeys);
    if (found === undefined && profile.roleName !== undefined) return [external(declared, elsewhere(profile.roleName))];
    const text = whyNot(found, used);
    if (typeof found !== "object" || "why" in found.role || text !== undefined) {
      (found === AMBIGUOUS ? this.#problems : this.#left).push({ address, text: text ?? "" });
      return [];
    }
    if (used.has(found)) return [external(declared, found.role)];
    used.add(found);
    const parts = this.#parts.get(found) ?? new RoleParts();
    return [
      {
        declared,
        instanceProfile: { ...profile, roleName: found.role.roleName },
        ...parts.joinedWith(found.role),
        isRoleExternal: false,
        isRoleNew: found.isNameGenerated === true,
        addresses: [...new Set([address, found.address, ...parts.addresses])],
        notes: parts.unreadable.map((part) => ({
          text: `${part.address} ${part.text}; it stays on the role, unmanaged`,
        })),
      },
    ];
  }
}

/** Why an instance profile cannot be joined with what its keys find. */
function whyNot(found: Found | typeof NO_ROLE, used: ReadonlySet<DeclaredRole>): string | undefined {
  if (found === NO_ROLE) return "holds no role, but a manifest requires one";
  if (found === undefined) return "holds a role that is not in the input";
  if (found === AMBIGUOUS) return "holds one of several roles of that name";
  if ("why" in found.role) return `holds ${found.address}, which ${found.role.why}`;
  return used.has(found) && found.isNameGenerated
    ? `holds ${found.address} too, whose name is not in the input`
    : undefined;
}

/** An instance profile around a role that another manifest, or nothing in the input, manages. */
function external(declared: DeclaredProfile, role: ObservedRole): JoinedProfile {
  return {
    declared,
    instanceProfile: { ...declared.profile, roleName: role.roleName },
    role,
    isRoleExternal: true,
    isRoleNew: false,
    addresses: [declared.address],
    notes: [],
  };
}

/** A role of which the input has the name alone. */
function elsewhere(roleName: string): ObservedRole {
  return roleOf({ roleName, trustPolicy: "" });
}

/** What separate declarations add to a role. */
class RoleParts {
  readonly addresses: string[];
  readonly unreadable: Remark[] = [];
  /** The managed policies of this role alone. */
  readonly own: readonly DeclaredManagedPolicy[];
  readonly #policies = new Map<string, Readable>();
  readonly #arns = new Set<string>();

  constructor(own: readonly DeclaredManagedPolicy[] = []) {
    this.own = own;
    this.addresses = own.map(({ address }) => address);
  }

  addPolicy(name: string, document: Readable, address: string): void {
    this.#policies.set(name, document);
    if (typeof document === "string") this.addresses.push(address);
    else this.unreadable.push({ address, text: document.why });
  }

  addAttachment(policy: Readable, address: string): void {
    if (typeof policy !== "string") this.unreadable.push({ address, text: policy.why });
    else if (!policy.startsWith("arn:") && !this.#isOwn(policy))
      this.unreadable.push({ address, text: `attaches ${policy}, whose ARN is not in the input` });
    else {
      this.#arns.add(policy);
      this.addresses.push(address);
    }
  }

  /**
   * The role with all parts. A role of a Terraform state repeats what separate resources declare: those are newer, and hide what is marked
   * as sensitive.
   */
  joinedWith(role: ObservedRole): Required<Pick<WholeProfile, "role" | "managedPolicies">> {
    const documents = new Map<string, Readable>([...Object.entries(role.inlinePolicyDocuments), ...this.#policies]);
    const readable = [...documents].filter((entry): entry is [string, string] => typeof entry[1] === "string");
    const managedPolicies = this.own.map((policy) => observedPolicy(policy, role));
    const others = [...role.managedPolicyArns, ...this.#arns].filter((arn) => !this.#isOwn(arn));
    const attached = new Set([...others, ...managedPolicies.map(({ arn }) => arn)]);
    return {
      role: {
        ...role,
        inlinePolicyNames: readable.map(([name]) => name).sort(),
        inlinePolicyDocuments: Object.fromEntries(readable),
        managedPolicyArns: [...attached].sort(),
      },
      managedPolicies,
    };
  }

  #isOwn(policy: string): boolean {
    return this.own.some(({ key }) => key === policy);
  }
}
