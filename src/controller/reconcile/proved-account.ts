import type { InstanceProfile } from "../../api/instance-profile.ts";
import type { InstanceProfileClass } from "../../api/instance-profile-class.ts";
import { ControllerError } from "../../errors.ts";
import { TAG_KEYS } from "../../model/ownership.ts";
import type { Accounts } from "../accounts/account-access.ts";
import { boundAccountId } from "../classes/acceptance-record.ts";
import type { ParsedClasses } from "../classes/parsed-classes.ts";

/** The sources of {@link inProvedAccount}. */
export interface ProofSources {
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
