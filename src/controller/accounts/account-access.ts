import type { InstanceProfileClass } from "../../api/instance-profile-class.ts";
import type { AccountDirectory } from "../../engine/accounts/account-registry.ts";
import type { AwsAccount } from "../../engine/accounts/aws-account.ts";
import type { ConvergeDependencies } from "../../engine/reconcile/converge.ts";
import { type RequiredBoundary, requiredBoundary } from "../../engine/reconcile/required-boundary.ts";
import { accountKeyOf, type Standing } from "../classes/class-binding.ts";
import type { AccountClaims } from "./claims-by-account.ts";

/** The part of an AccountDirectory that passes need. */
export type Accounts = Pick<AccountDirectory, "own" | "reach" | "reached" | "assertOwn">;

/** What a pass over an object of this standing calls AWS with. */
export type AwsAccess = Omit<ConvergeDependencies, "confirmCurrent" | "isAnnounced">;

/** The same before it is known what object the pass is about. */
type AccountAccess = Omit<AwsAccess, "attempts" | "start"> & Pick<AwsAccount, "breaker" | "index">;

/** Where access comes from. */
export interface AccessSources {
  readonly accounts: Accounts;
  /** Who asks for which instances. */
  readonly claims: { of(account: string): Pick<AccountClaims, "index"> };
}

/** Whose access is asked for. */
interface AccessQuery {
  readonly standing: Standing;
  /** Requests for it go before those that no user waits for. */
  readonly isUserWaiting: boolean;
}

/** The account of the object's class, or the controller's own. Errors: those of {@link AccountDirectory.reach}. */
export async function accessFor(
  { accounts, claims }: AccessSources,
  { standing, isUserWaiting }: AccessQuery,
  signal: AbortSignal,
): Promise<AccountAccess> {
  const aws = standing.kind === "bound" ? await accounts.reach(standing.class, signal) : accounts.own;
  const { iam, settling, adoptions, breaker, quotas, index, boundaries: policies } = aws;
  const { index: claimIndex } = claims.of(accountKeyOf(standing));
  const instances = { ...aws.instances, claims: claimIndex, isAwaited: isUserWaiting };
  const { reader, writer } = iam[isUserWaiting ? "change" : "routine"];
  const boundary = standing.kind === "bound" ? requiredBoundary(standing.class, { policies, reader }) : undefined;
  return { reader, writer, settling, adoptions, breaker, quotas, index, instances, boundary };
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
