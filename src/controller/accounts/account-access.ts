import type { InstanceProfileClass } from "../../api/instance-profile-class.ts";
import type { AccountRegistry } from "../../engine/accounts/account-registry.ts";
import type { AwsAccount } from "../../engine/accounts/aws-account.ts";
import { policyVerifier } from "../../engine/observe/policy-existence.ts";
import type { ConvergeDependencies } from "../../engine/reconcile/converge.ts";
import { type RequiredBoundary, requiredBoundary } from "../../engine/reconcile/required-boundary.ts";
import type { AccountPlace } from "../../model/own-policies.ts";
import { accountKeyOf, type ClassBinding } from "../classes/class-binding.ts";
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
