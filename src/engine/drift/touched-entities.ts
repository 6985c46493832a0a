import { ofPolicy } from "../../plan/proof.ts";
import type { Part, PartsToReread } from "../observe/stale-observation.ts";
import { profileKey, roleKey } from "../observe/written-value.ts";
import { replacedValues } from "./replaced-values.ts";

/** An IAM entity that a change concerns, and the parts of an object that the change may have made differ. */
export interface Touched {
  /** The entity in its account: see {@link roleKey}, {@link profileKey} and {@link ofPolicy}. */
  readonly entity: string;
  readonly parts: PartsToReread;
  /** The values that it has replaced, as {@link writtenValue} names them; empty for what replaces none. */
  readonly values: readonly string[];
}

/** A call to IAM, as CloudTrail has it. */
export interface IamCall {
  readonly action: string;
  readonly request: Readonly<Record<string, unknown>>;
}

const NAME = /^[\w+=,.@-]{1,128}$/;
const POLICY_ARN = /^arn:[\w-]+:iam::\d{12}:policy\/[\x21-\x7e]{1,1024}$/;

const ROLE: ReadonlySet<Part> = new Set(["role"]);
const ATTACHMENTS: ReadonlySet<Part> = new Set(["role", "managed policies"]);
const PROFILE: ReadonlySet<Part> = new Set(["instance profile"]);
/** A role is put into an instance profile, so both must be proved. */
const MEMBERSHIP: ReadonlySet<Part> = new Set(["role", "instance profile"]);

/** What the change of a role may make differ; of an action that is not listed, everything. */
const ROLE_PARTS: Readonly<Record<string, ReadonlySet<Part>>> = {
  CreateRole: ROLE,
  DeleteRole: ROLE,
  UpdateRole: ROLE,
  UpdateRoleDescription: ROLE,
  UpdateAssumeRolePolicy: ROLE,
  PutRolePermissionsBoundary: ROLE,
  DeleteRolePermissionsBoundary: ROLE,
  TagRole: ROLE,
  UntagRole: ROLE,
  AttachRolePolicy: ATTACHMENTS,
  DetachRolePolicy: ATTACHMENTS,
};

const PROFILE_PARTS: Readonly<Record<string, ReadonlySet<Part>>> = {
  TagInstanceProfile: PROFILE,
  UntagInstanceProfile: PROFILE,
};

/** Actions that name a role without changing it. */
const ROLE_ONLY_NAMED = new Set(["AddRoleToInstanceProfile", "RemoveRoleFromInstanceProfile"]);

/**
 * The entities that a call has changed. A call that the controller does not know touches everything of the entities that it names, so
 * that a new action of IAM is noticed too.
 */
export function touchedBy({ action, request }: IamCall): readonly Touched[] {
  const roleName = matching(request["roleName"], NAME);
  const profileName = matching(request["instanceProfileName"], NAME);
  if (profileName !== undefined) {
    const values = replacedValues(action, request);
    return [{ entity: profileKey(profileName), parts: own(PROFILE_PARTS, action) ?? MEMBERSHIP, values }];
  }
  if (roleName !== undefined && !ROLE_ONLY_NAMED.has(action)) {
    const values = replacedValues(action, request);
    return [{ entity: roleKey(roleName), parts: rolePartsOf(action, request), values }];
  }
  const arn = matching(request["policyArn"], POLICY_ARN);
  // Attachments to users and groups name the policy too, and change nothing of it.
  if (arn === undefined || request["userName"] !== undefined || request["groupName"] !== undefined) return [];
  return [{ entity: ofPolicy(arn), parts: new Set([ofPolicy(arn)]), values: [] }];
}

function rolePartsOf(action: string, request: IamCall["request"]): PartsToReread {
  if (action !== "PutRolePolicy" && action !== "DeleteRolePolicy") return own(ROLE_PARTS, action) ?? "everything";
  const policyName = matching(request["policyName"], NAME);
  return policyName === undefined ? "everything" : new Set<Part>(["role", `inline policy ${policyName}`]);
}

function own<Value>(table: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

function matching(value: unknown, pattern: RegExp): string | undefined {
  return typeof value === "string" && pattern.test(value) ? value : undefined;
}

/** Both, for several changes of one object. */
export function mergedParts(one: PartsToReread, other: PartsToReread): PartsToReread {
  return one === "everything" || other === "everything" ? "everything" : new Set([...one, ...other]);
}
