import type { InstanceProfileClass } from "../api/instance-profile-class.ts";
import type { AccountDirectory } from "../engine/account-directory.ts";
import type { AwsAccount } from "../engine/aws-account.ts";
import type { ConvergeDependencies } from "../engine/converge.ts";
import type { Urgency } from "../engine/ports.ts";
import { type RequiredBoundary, requiredBoundary } from "../engine/required-boundary.ts";
import { ControllerError } from "../errors.ts";
import type { Outcome } from "../status/outcome.ts";
import type { AccountClaims } from "./claims-by-account.ts";
import { accountKeyOf, type Standing } from "./standing.ts";

/** The part of an AccountDirectory that passes need. */
export type Accounts = Pick<AccountDirectory, "own" | "reach" | "reached" | "assertOwn">;

/** What a pass over an object of this standing calls AWS with. */
export type AwsAccess = Omit<ConvergeDependencies, "confirmCurrent" | "isAnnounced">;

/** The same before it is known what object the pass is about. */
type AccountAccess = Omit<AwsAccess, "attempts" | "sighting"> & Pick<AwsAccount, "breaker">;

/** Where access comes from. */
export interface AccessSources {
  readonly accounts: Accounts;
  /** Who asks for which instances. */
  readonly claims: { of(account: string): Pick<AccountClaims, "index"> };
}

/** Whose access is asked for. */
interface AccessQuery {
  readonly standing: Standing;
  readonly urgency: Urgency;
  /** Nothing was ever made for it: whether its names are free may be presumed. */
  readonly isNew?: boolean | undefined;
}

/** The account of the object's class, or the controller's own. Errors: those of {@link AccountDirectory.reach}. */
export async function accessFor(
  { accounts, claims }: AccessSources,
  { standing, urgency, isNew = false }: AccessQuery,
  signal: AbortSignal,
): Promise<AccountAccess> {
  const aws = standing.kind === "bound" ? await accounts.reach(standing.class, signal) : accounts.own;
  const { iam, settling, adoptions, breaker, quotas, lastKnownRoles, freeNames, boundaries: policies } = aws;
  const { reader } = iam[urgency];
  const boundary = standing.kind === "bound" ? requiredBoundary(standing.class, { policies, reader }) : undefined;
  const { index } = claims.of(accountKeyOf(standing));
  const presumed = isNew ? { freeNames } : {};
  const instances = { ...aws.instances, claims: index, isAwaited: urgency === "change" };
  return { ...iam[urgency], settling, adoptions, breaker, quotas, lastKnownRoles, ...presumed, instances, boundary };
}

/** The permissions boundary that the class puts on its roles. Errors: those of {@link AccountDirectory.reach}. */
export async function boundaryOf(
  accounts: Pick<Accounts, "reach">,
  of: InstanceProfileClass,
  signal: AbortSignal,
): Promise<RequiredBoundary | undefined> {
  const { boundaries: policies, iam } = await accounts.reach(of, signal);
  return requiredBoundary(of, { policies, reader: iam.change.reader });
}

/** What a pass came to that could not get at its account; undefined when it can. */
export async function outOfReach(access: () => Promise<unknown>, signal: AbortSignal): Promise<Outcome | undefined> {
  try {
    await access();
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ControllerError)) throw error;
    return { kind: "failed", error };
  }
}
