import type { InstanceProfile } from "../../api/instance-profile.ts";
import type { InstanceProfileClass } from "../../api/instance-profile-class.ts";
import type { AccountRegistry } from "../../engine/accounts/account-registry.ts";
import type { AwsAccount } from "../../engine/accounts/aws-account.ts";
import { policyVerifier } from "../../engine/observe/policy-existence.ts";
import type { IamWriter, Precondition } from "../../engine/ports.ts";
import { type ConvergeDependencies, type Convergence, converge } from "../../engine/reconcile/converge.ts";
import { type RequiredBoundary, requiredBoundary } from "../../engine/reconcile/required-boundary.ts";
import { ControllerError } from "../../errors.ts";
import type { DesiredState } from "../../model/desired-state.ts";
import type { AccountPlace } from "../../model/naming.ts";
import { TAG_KEYS } from "../../model/ownership.ts";
import { boundAccountId } from "../classes/acceptance-record.ts";
import { accountKeyOf, type ClassBinding } from "../classes/class-binding.ts";
import type { ParsedClasses } from "../classes/class-resolution.ts";
import { isUserWaiting, requestUrgencyOf, type Urgency } from "../urgency.ts";
import type { AccountClaims } from "./instance-claims.ts";

/** The part of an AccountRegistry that reconciles need. */
export type Accounts = Pick<
  AccountRegistry,
  "own" | "ownId" | "open" | "opened" | "assertOwn" | "learnOwnId" | "ownPlace"
>;

/** The dependencies of a reconcile that call AWS. */
export type AwsAccess = Omit<ConvergeDependencies, "precondition" | "isAnnounced"> & Pick<AwsAccount, "drift">;

/** The access to an account, not bound to an object yet. */
type AccountAccess = Omit<AwsAccess, "attempts" | "start"> & Pick<AwsAccount, "breaker" | "index">;

/** The sources of {@link accessFor}. */
export interface AccessSources {
  readonly accounts: Accounts;
  /** The claims on instances, by account. */
  readonly claims: { of(account: string): Pick<AccountClaims, "index"> };
}

/** The class binding of the object, and why it is reconciled. */
interface AccessQuery {
  readonly binding: ClassBinding;
  readonly urgency: Urgency;
}

/** Opens the account of the object's class, or the controller's own. Errors: those of {@link AccountRegistry.open}. */
export async function accessFor(
  { accounts, claims }: AccessSources,
  { binding, urgency }: AccessQuery,
  signal: AbortSignal,
): Promise<AccountAccess> {
  const aws = binding.kind === "bound" ? await accounts.open(binding.class, signal) : accounts.own;
  const { iam, recentWrites, adoptions, breaker, quotas, index, drift, policies } = aws;
  const { index: claimIndex } = claims.of(accountKeyOf(binding));
  const instances = { ...aws.instances, claims: claimIndex, isUserWaiting: isUserWaiting(urgency) };
  const { reader, writer } = iam[requestUrgencyOf(urgency)];
  const boundary = binding.kind === "bound" ? requiredBoundary(binding.class, { policies, reader }) : undefined;
  const verifier = policyVerifier(policies, reader);
  return {
    reader,
    writer,
    recentWrites,
    adoptions,
    breaker,
    quotas,
    index,
    drift,
    instances,
    boundary,
    policies: verifier,
  };
}

/** The account of the object's class, or the controller's own. Errors: those of {@link AccountRegistry.ownPlace}. */
export async function placeOf(
  accounts: Pick<Accounts, "ownPlace">,
  binding: ClassBinding,
  signal: AbortSignal,
): Promise<AccountPlace> {
  if (binding.kind !== "bound") return accounts.ownPlace(signal);
  const { id, partition } = binding.class.spec.account;
  return { accountId: id, partition };
}

/** The permissions boundary that the class sets on its roles. Errors: those of {@link AccountRegistry.open}. */
export async function boundaryOf(
  accounts: Pick<Accounts, "open">,
  of: InstanceProfileClass,
  signal: AbortSignal,
): Promise<RequiredBoundary | undefined> {
  const { policies, iam } = await accounts.open(of, signal);
  return requiredBoundary(of, { policies, reader: iam.change.reader });
}

/**
 * The precondition for an object without a class whose status names an account, because a deleted class may have been
 * for another account: raises unless the controller's own credentials belong to that account. Undefined for all other
 * objects.
 */
export function ownAccountOf(
  accounts: Accounts,
  { binding, object }: { readonly binding: ClassBinding; readonly object: InstanceProfile },
): Precondition | undefined {
  const accountId = boundAccountId(object.status);
  if (binding.kind !== "free" || accountId === undefined) return undefined;
  return (signal) => accounts.assertOwn(accountId, signal);
}

/**
 * {@link converge}, but does not create entities, or treat them as deleted, when they may exist in another account.
 * `assertOwnAccount` is called only then, so that the usual case costs no request.
 *
 * Errors: those of `converge`, and of `assertOwnAccount`.
 */
export async function convergeInOwnAccount(
  desired: DesiredState,
  deps: ConvergeDependencies,
  assertOwnAccount: Precondition | undefined,
  signal: AbortSignal,
): Promise<Convergence> {
  if (assertOwnAccount === undefined) return converge(desired, deps, signal);
  const result = await converge(desired, { ...deps, writer: withCreateGuard(deps.writer, assertOwnAccount) }, signal);
  if (desired.presence === "absent" && result.plan.actions.length === 0) await assertOwnAccount(signal);
  return result;
}

function withCreateGuard(writer: IamWriter, assertOwnAccount: Precondition): IamWriter {
  return {
    async perform(action, signal, precondition) {
      if (action.kind === "CreateRole" || action.kind === "CreateInstanceProfile") await assertOwnAccount(signal);
      return writer.perform(action, signal, precondition);
    },
  };
}

/** The sources of {@link inProvedAccount}. */
interface ProofSources {
  readonly accounts: Pick<Accounts, "open">;
  readonly classes: { readonly classes: Pick<ParsedClasses, "ofAccount"> };
  readonly clusterId: string;
}

/**
 * The object with the account of its class in status, if the tags of its role prove that it is there and not in the
 * account that status names: another client may have written that status. Undefined without such a proof, also when the
 * other account has such a role, or cannot be read.
 */
export async function inProvedAccount(
  sources: ProofSources,
  object: InstanceProfile,
  of: InstanceProfileClass,
  signal: AbortSignal,
): Promise<InstanceProfile | undefined> {
  const [named] = sources.classes.classes.ofAccount(boundAccountId(object.status) ?? "");
  try {
    if (!(await hasRole(sources, object, of, signal))) return undefined;
    if (named !== undefined && (await hasRole(sources, object, named, signal))) return undefined;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ControllerError) return undefined;
    throw error;
  }
  const { accountId: _, class: accepted, ...status } = object.status ?? {};
  const { id } = of.spec.account;
  return { ...object, status: { ...status, accountId: id, ...(accepted?.accountId === id && { class: accepted }) } };
}

/** True when the account of the class has a role with the owner tags, including the uid, of this very object. */
async function hasRole(
  { accounts, clusterId }: ProofSources,
  { metadata, spec }: InstanceProfile,
  of: InstanceProfileClass,
  signal: AbortSignal,
): Promise<boolean> {
  const { iam } = await accounts.open(of, signal);
  const role = await iam.routine.reader.getRole(spec.roleName, signal);
  const { namespace, name, uid } = metadata;
  const expected = { clusterId, namespace, name, uid };
  if (role.presence === "absent") return false;
  return Object.entries(expected).every(([key, value]) => role.tags[TAG_KEYS[key as keyof typeof expected]] === value);
}
