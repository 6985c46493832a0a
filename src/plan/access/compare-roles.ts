import type {
  Access,
  AccessComparison,
  AccessLayer,
  StatementPlace,
  UndecidedPart,
} from "../../model/access/access.ts";
import type { JsonValue } from "../../model/policy/policy-json.ts";
import type { RoleAccess, RolePolicy } from "./role-access.ts";

/** The decision procedure, `compareAccess`. */
export type CompareAccess = (from: Access, to: Access, options?: { readonly maxSteps?: number }) => AccessComparison;

/** A comparison, and the policies of `to` that its places count, by layer and document. */
export interface ComparedPolicies {
  readonly comparison: AccessComparison;
  readonly layers: readonly (readonly RolePolicy[])[];
}

/** What a change of a role newly grants. */
export interface RoleComparison {
  /** What the role may do. */
  readonly permissions: ComparedPolicies;
  /** Who may assume it. */
  readonly trust: ComparedPolicies;
  /** The names of policies that were not read and are on the role before and after. */
  readonly notRead: readonly string[];
}

/**
 * Compares what a role grants before and after a change. Policies that were not read are judged by the most that they could change: an
 * answer of no new access holds for every text that they can have.
 */
export function compareRoles(from: RoleAccess, to: RoleAccess, compare: CompareAccess): RoleComparison {
  const unread = unreadPolicies(from, to);
  return {
    permissions: comparePermissions(from, to, unread, compare),
    trust: compareTrust(from.trust, to.trust, compare),
    notRead: unread.kept,
  };
}

const NOTHING: AccessLayer = [];
const ANYTHING: JsonValue = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] };

/** Policies without a known text, by name. A boundary on both sides bounds both alike and is not in any list but `kept`. */
interface UnreadPolicies {
  readonly kept: readonly string[];
  readonly added: readonly string[];
  /** Removed, or replaced by another text. */
  readonly removed: readonly string[];
  readonly isBoundaryRemoved: boolean;
}

function unreadPolicies(from: RoleAccess, to: RoleAccess): UnreadPolicies {
  const [before, after] = [unreadNames(from.permissions), unreadNames(to.permissions)];
  const boundary = from.boundary?.document === undefined ? from.boundary?.name : undefined;
  const isBoundaryKept = boundary !== undefined && boundary === to.boundary?.name;
  return {
    kept: [...before.filter((name) => after.includes(name)), ...(isBoundaryKept ? [boundary] : [])],
    added: after.filter((name) => !before.includes(name)),
    removed: before.filter((name) => !after.includes(name)),
    isBoundaryRemoved: boundary !== undefined && !isBoundaryKept,
  };
}

function unreadNames(policies: readonly RolePolicy[]): readonly string[] {
  return policies.filter(({ document }) => document === undefined).map(({ name }) => name);
}

function comparePermissions(
  from: RoleAccess,
  to: RoleAccess,
  unread: UnreadPolicies,
  compare: CompareAccess,
): ComparedPolicies {
  const layers = [readable(to.permissions), ...(to.boundary?.document === undefined ? [] : [[to.boundary]])];
  const after = accessOf(layers);
  const before = accessOf([
    readable(from.permissions),
    ...(from.boundary?.document === undefined ? [] : [[from.boundary]]),
  ]);
  const comparison = compare(before, after);
  const doubts = doubtsOf(from, unread, before, after, compare);
  return { comparison: withDoubts(comparison, doubts), layers };
}

/**
 * What the unread policies leave open. A removed policy or boundary can have denied everything, so that only a role without any access
 * has no new one. An added policy can allow anything. A kept one can allow anything that a removed Deny statement denied before.
 */
function doubtsOf(
  { boundary }: RoleAccess,
  { kept, added, removed, isBoundaryRemoved }: UnreadPolicies,
  before: Access,
  after: Access,
  compare: CompareAccess,
): readonly string[] {
  const provesNone = (a: Access, b: Access): boolean => compare(a, b).verdict === "no-new-access";
  const keptPolicies = kept.filter((name) => name !== boundary?.name);
  const denials = [...removed, ...(isBoundaryRemoved && boundary ? [boundary.name] : [])];
  const most = added.length + keptPolicies.length > 0 ? allowingAll(after) : after;
  const doubts: string[] = [];
  if (denials.length > 0 && !provesNone({ ...before, layers: [NOTHING] }, most)) {
    doubts.push(`the change removes or replaces ${denials.join(", ")} (not read), which can have denied requests`);
  }
  if (added.length > 0 && !provesNone(before, most)) {
    doubts.push(`the change attaches ${added.join(", ")} (not read), which can allow any request`);
  }
  if (keptPolicies.length > 0 && added.length === 0 && !provesNone(allowingAll(before), most)) {
    doubts.push(`the change denies less, and ${keptPolicies.join(", ")} (not read) can allow the rest`);
  }
  return doubts;
}

function compareTrust(from: RolePolicy, to: RolePolicy, compare: CompareAccess): ComparedPolicies {
  const layers = [readable([to])];
  const [before, after] = [readable([from]), readable([to])].map(
    (policies): Access => ({ use: "trust", layers: [documentsOf(policies)] }),
  ) as [Access, Access];
  const doubts = [from, to].some(({ document }) => document === undefined) ? [`the ${to.name} is not readable`] : [];
  return { comparison: withDoubts(compare(before, after), doubts), layers };
}

function withDoubts(comparison: AccessComparison, doubts: readonly string[]): AccessComparison {
  if (doubts.length === 0) return comparison;
  const parts = doubts.map((reason): UndecidedPart => ({ place: undefined, reason }));
  if (comparison.verdict === "no-new-access") return { verdict: "undecided", undecided: parts };
  return { ...comparison, undecided: [...comparison.undecided, ...parts] };
}

function accessOf(layers: readonly (readonly RolePolicy[])[]): Access {
  return { use: "permissions", layers: layers.map(documentsOf) };
}

/** The access with everything allowed that its statements and its boundary do not deny. */
function allowingAll({ use, layers: [identity = [], ...others] }: Access): Access {
  return { use, layers: [[...identity, ANYTHING], ...others] };
}

function readable(policies: readonly RolePolicy[]): readonly RolePolicy[] {
  return policies.filter(({ document }) => document !== undefined);
}

function documentsOf(policies: readonly RolePolicy[]): AccessLayer {
  return policies.flatMap(({ document }) => (document === undefined ? [] : [document]));
}

/** The policy that a place counts. */
export function policyAt({ layers }: Pick<ComparedPolicies, "layers">, place: StatementPlace): RolePolicy | undefined {
  return layers[place.layer]?.[place.document];
}
