import type { ClassAccount, InstanceProfileClass } from "../../api/instance-profile-class.ts";
import { TerminalError } from "../../errors.ts";
import type { AccountPlace } from "../../model/naming.ts";
import { SharedRequest } from "../concurrency.ts";
import type { AccountIdentity } from "../ports.ts";
import type { AwsAccount } from "./aws-account.ts";

/** An account, and the client that verifies which account its credentials belong to. */
export interface OpenAccount {
  readonly account: AwsAccount;
  readonly identity: AccountIdentity;
}

/** An account that the controller accesses by assuming a role. */
export interface RoleAccount extends ClassAccount {
  readonly roleArn: string;
  /** True for the account of the controller's own credentials: both ways share its rate limits. */
  readonly isOwn: boolean;
}

/** The dependencies of an {@link AccountRegistry}. */
export interface AccountRegistryOptions {
  /** The account of the controller's own credentials. */
  readonly own: OpenAccount;
  /** Opens an account with the credentials of a role to assume; sends no request. */
  readonly open: (account: RoleAccount, className: string) => OpenAccount;
  readonly monotonicMs: () => number;
}

/** How long a failure is cached, so that an account that does not respond does not block one worker after another. */
const FAILURE_CACHE_MS = 30_000;
/** How long the account of the controller's own credentials is known: an operator can replace them. */
const OWN_ID_MAX_AGE_MS = 3_600_000;

/** The connection of one class to its account. */
interface Connection {
  /** The fields of the class that the connection was opened with. */
  readonly key: string;
  /** Undefined until the first attempt to open it. */
  opened: OpenAccount | undefined;
  proof: "none" | "verified" | { readonly error: unknown; readonly atMs: number };
  readonly verification: SharedRequest<void>;
}

/**
 * The AWS accounts of the process: the controller's own, and one for each class that names a role to assume.
 *
 * Guarantees: a class's account is returned only after STS has confirmed that the credentials belong to the account
 * that the class names. Classes of one account share its caches. A failure is cached for 30 seconds.
 */
export class AccountRegistry {
  readonly #options: AccountRegistryOptions;
  readonly #connections = new Map<string, Connection>();
  #ownPlace: { readonly place: AccountPlace; readonly atMs: number } | undefined;
  readonly #ownPlaceRequest = new SharedRequest<AccountPlace>();
  readonly #byId = new Map<string, AwsAccount>();

  constructor(options: AccountRegistryOptions) {
    this.#options = options;
  }

  /** The account of the controller's own credentials, whose id is not verified. */
  get own(): AwsAccount {
    return this.#options.own.account;
  }

  /** The id of the account of the controller's own credentials; undefined before anything has asked for it. */
  get ownId(): string | undefined {
    return this.#ownPlace?.place.accountId;
  }

  /** As {@link ownId}, after one request to STS in the lifetime of the process. Errors: those of GetCallerIdentity. */
  learnOwnId(signal: AbortSignal): Promise<string> {
    return this.#ownAccountId(Number.POSITIVE_INFINITY, signal);
  }

  /** Every account that was opened so far, without duplicates. */
  get opened(): readonly AwsAccount[] {
    return [...new Set([this.own, ...this.#byId.values()])];
  }

  /**
   * The account of the class.
   *
   * Errors: TerminalError `AccountMismatch` when the credentials belong to another account; those of AssumeRole and
   * GetCallerIdentity.
   */
  async open(of: InstanceProfileClass, signal: AbortSignal): Promise<AwsAccount> {
    const { account } = of.spec;
    const connection = this.#connectionOf(of.metadata.name, account);
    if (connection.proof !== "verified") await this.#prove(connection, of, signal);
    const opened = connection.opened as OpenAccount;
    const shared = this.#byId.get(account.id);
    if (shared === undefined) {
      this.#byId.set(account.id, opened.account);
      return opened.account;
    }
    // The class's own credentials, with the caches and locks that all writers of the account share.
    const { iam, reader, instances, eventQueue } = opened.account;
    return { ...shared, iam, reader, instances, eventQueue };
  }

  /**
   * Verifies that the class can still open its account, because trust may have been withdrawn since: renews credentials
   * that expire soon. A role stays in its account, so STS is asked again only for the controller's own credentials, at
   * most once an hour. Only a mismatch invalidates the connection: a failed request is raised, and the earlier
   * verification stays valid.
   *
   * Errors: as {@link open}.
   */
  async verify(of: InstanceProfileClass, signal: AbortSignal): Promise<void> {
    const connection = this.#connectionOf(of.metadata.name, of.spec.account);
    if (connection.proof !== "verified") return this.#prove(connection, of, signal);
    await (connection.opened as OpenAccount).identity.renew(signal);
    if (of.spec.account.roleArn !== undefined) return;
    const actual = await this.#ownAccountId(OWN_ID_MAX_AGE_MS, signal);
    if (actual === of.spec.account.id) return;
    const error = mismatch(of, actual);
    connection.proof = { error, atMs: this.#options.monotonicMs() };
    throw error;
  }

  /**
   * Raises unless the controller's own credentials belong to this account. Sends one request to STS in the lifetime of
   * the process.
   *
   * Errors: TerminalError `ClassAccountChanged`; those of GetCallerIdentity.
   */
  async assertOwn(accountId: string, signal: AbortSignal): Promise<void> {
    const ownId = await this.#ownAccountId(Number.POSITIVE_INFINITY, signal);
    if (ownId === accountId) return;
    throw new TerminalError(
      `the role is in AWS account ${accountId}, the object no longer has a class, and the controller's own credentials belong to account ` +
        `${ownId}. The controller writes nothing in either account. Make a class of account ${accountId} the default again, or delete ` +
        "the role and the instance profile in AWS, and then delete this object and remove its finalizer.",
      { reason: "ClassAccountChanged" },
    );
  }

  /**
   * The account of the controller's own credentials. Sends one request to STS in the lifetime of the process.
   *
   * Errors: those of GetCallerIdentity.
   */
  ownPlace(signal: AbortSignal): Promise<AccountPlace> {
    return this.#placeOfOwn(Number.POSITIVE_INFINITY, signal);
  }

  #connectionOf(className: string, account: ClassAccount): Connection {
    const { roleArn } = account;
    const key = JSON.stringify([account.id, roleArn, account.externalId]);
    const known = this.#connections.get(className);
    if (known?.key === key) return known;
    // The previous connection is not closed: a reconcile may still use it, and its idle sockets time out.
    const opened = roleArn === undefined ? this.#options.own : undefined;
    const connection: Connection = { key, opened, proof: "none", verification: new SharedRequest() };
    this.#connections.set(className, connection);
    return connection;
  }

  async #prove(connection: Connection, of: InstanceProfileClass, signal: AbortSignal): Promise<void> {
    const { proof } = connection;
    if (typeof proof === "object") {
      const isCached = this.#options.monotonicMs() - proof.atMs < FAILURE_CACHE_MS;
      if (isCached || connection.verification.isRunning) throw proof.error;
    }
    await connection.verification.join((shared) => this.#verifyIdentity(connection, of, shared), signal);
  }

  async #open({ metadata, spec: { account } }: InstanceProfileClass, signal: AbortSignal): Promise<OpenAccount> {
    const { own, open } = this.#options;
    const { roleArn } = account;
    if (roleArn === undefined) return own;
    const ownId = await this.#ownAccountId(Number.POSITIVE_INFINITY, signal);
    return open({ ...account, roleArn, isOwn: ownId === account.id }, metadata.name);
  }

  async #ownAccountId(maxAgeMs: number, signal: AbortSignal): Promise<string> {
    return (await this.#placeOfOwn(maxAgeMs, signal)).accountId;
  }

  async #placeOfOwn(maxAgeMs: number, signal: AbortSignal): Promise<AccountPlace> {
    const { own, monotonicMs } = this.#options;
    const nowMs = monotonicMs();
    if (this.#ownPlace !== undefined && nowMs - this.#ownPlace.atMs < maxAgeMs) return this.#ownPlace.place;
    const place = await this.#ownPlaceRequest.join((shared) => own.identity.place(shared), signal);
    this.#ownPlace = { place, atMs: nowMs };
    return place;
  }

  async #verifyIdentity(connection: Connection, of: InstanceProfileClass, signal: AbortSignal): Promise<void> {
    try {
      connection.opened ??= await this.#open(of, signal);
      const isOwn = of.spec.account.roleArn === undefined;
      const actual = await (isOwn
        ? this.#ownAccountId(OWN_ID_MAX_AGE_MS, signal)
        : connection.opened.identity.accountId(signal));
      if (actual !== of.spec.account.id) throw mismatch(of, actual);
      connection.proof = "verified";
    } catch (error) {
      // An aborted request says nothing about the account.
      if (!signal.aborted) connection.proof = { error, atMs: this.#options.monotonicMs() };
      throw error;
    }
  }
}

function mismatch({ metadata, spec }: InstanceProfileClass, actual: string): TerminalError {
  const credentials =
    spec.account.roleArn === undefined
      ? "the controller's own credentials"
      : `the credentials of ${spec.account.roleArn}`;
  return new TerminalError(
    `${credentials} belong to account ${actual}, but class ${metadata.name} requires account ${spec.account.id}. Nothing was written. Set ` +
      `spec.account.roleArn of the class to a role in account ${spec.account.id}.`,
    { reason: "AccountMismatch" },
  );
}
