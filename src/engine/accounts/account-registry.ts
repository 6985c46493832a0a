import type { ClassAccount, InstanceProfileClass } from "../../api/instance-profile-class.ts";
import { TerminalError } from "../../errors.ts";
import type { AccountIdentity } from "../ports.ts";
import type { AwsAccount } from "./aws-account.ts";

/** An account with a way to ask whose its credentials are. */
export interface OpenAccount {
  readonly account: AwsAccount;
  readonly identity: AccountIdentity;
}

/** An account that is reached by a role. */
export interface RoleAccount extends ClassAccount {
  readonly roleArn: string;
  /** It is the account of the controller's own credentials as well: what is asked of it is asked of one account. */
  readonly isOwn: boolean;
}

/** What a directory is made of. */
export interface AccountDirectoryOptions {
  /** With the controller's own credentials. */
  readonly own: OpenAccount;
  /** With those of a role to assume; calls nothing. */
  readonly open: (account: RoleAccount, className: string) => OpenAccount;
  readonly monotonicMs: () => number;
}

/** A failure is believed for so long: an account that does not answer must not hold a worker again and again. */
const FAILURE_BELIEVED_MS = 30_000;

/** The way into one account that a class has. */
interface Way {
  /** What of the class it was opened by. */
  readonly by: string;
  /** Undefined until it was first tried. */
  opened: OpenAccount | undefined;
  proof: "none" | "given" | { readonly error: unknown; readonly atMs: number };
  asking: Promise<void> | undefined;
}

/**
 * The AWS accounts of the process: the controller's own, and one for each class that names a role to assume.
 *
 * Guarantees: nobody gets a class's account before STS has said that its credentials are of the account that the class names. Classes of one
 * account share what is remembered of it. An account that cannot be reached fails at once for whoever asks again soon.
 */
export class AccountRegistry {
  readonly #options: AccountDirectoryOptions;
  readonly #ways = new Map<string, Way>();
  #ownId: string | undefined;
  readonly #byId = new Map<string, AwsAccount>();

  constructor(options: AccountDirectoryOptions) {
    this.#options = options;
  }

  /** With the controller's own credentials, whosever they are. */
  get own(): AwsAccount {
    return this.#options.own.account;
  }

  /** Every account that was reached so far, once. */
  get opened(): readonly AwsAccount[] {
    return [...new Set([this.own, ...this.#byId.values()])];
  }

  /**
   * The account of the class.
   *
   * Errors: TerminalError `AccountMismatch` when the credentials are of another account; those of assuming the role and of asking STS.
   */
  async open(of: InstanceProfileClass, signal: AbortSignal): Promise<AwsAccount> {
    const { account } = of.spec;
    const way = this.#wayOf(of.metadata.name, account);
    if (way.proof !== "given") await this.#prove(way, of, signal);
    const opened = way.opened as OpenAccount;
    const shared = this.#byId.get(account.id);
    if (shared === undefined) {
      this.#byId.set(account.id, opened.account);
      return opened.account;
    }
    // Its own credentials, and what all who write this account have to know of each other.
    const { iam, reader, instances } = opened.account;
    return { ...shared, iam, reader, instances };
  }

  /**
   * Asks again whose the credentials of the class are, whatever was said before: what was let in may be shut out since. Only another
   * account takes the class's account from those who have it; calls that fail tell for themselves.
   *
   * Errors: as {@link reach}.
   */
  async verify(of: InstanceProfileClass, signal: AbortSignal): Promise<void> {
    const way = this.#wayOf(of.metadata.name, of.spec.account);
    if (way.proof !== "given") return this.#prove(way, of, signal);
    const actual = await (way.opened as OpenAccount).identity.accountId(signal);
    if (actual === of.spec.account.id) return;
    const error = mismatch(of, actual);
    way.proof = { error, atMs: this.#options.monotonicMs() };
    throw error;
  }

  /**
   * Raises unless the controller's own credentials are of this account. STS is asked once.
   *
   * Errors: TerminalError `ClassAccountChanged`; those of asking STS.
   */
  async assertOwn(accountId: string, signal: AbortSignal): Promise<void> {
    this.#ownId ??= await this.#options.own.identity.accountId(signal);
    if (this.#ownId === accountId) return;
    throw new TerminalError(
      `the role is in AWS account ${accountId}, the object has no class any more, and the controller's own credentials are of account ` +
        `${this.#ownId}. Nothing is moved, made anew or forgotten: make a class of account ${accountId} the default again, or delete that role ` +
        "and profile by hand and then this object with its finalizer.",
      { reason: "ClassAccountChanged" },
    );
  }

  #wayOf(className: string, account: ClassAccount): Way {
    const { roleArn } = account;
    const by = JSON.stringify([account.id, roleArn, account.externalId]);
    const known = this.#ways.get(className);
    if (known?.by === by) return known;
    // A way that is given up is not closed: passes may still be on it, and its idle connections end by themselves.
    const opened = roleArn === undefined ? this.#options.own : undefined;
    const way: Way = { by, opened, proof: "none", asking: undefined };
    this.#ways.set(className, way);
    return way;
  }

  async #prove(way: Way, of: InstanceProfileClass, signal: AbortSignal): Promise<void> {
    const { proof } = way;
    if (typeof proof === "object") {
      const isBelieved = this.#options.monotonicMs() - proof.atMs < FAILURE_BELIEVED_MS;
      if (isBelieved || way.asking !== undefined) throw proof.error;
    }
    way.asking ??= this.#ask(way, of, signal).finally(() => {
      way.asking = undefined;
    });
    await way.asking;
  }

  async #open({ metadata, spec: { account } }: InstanceProfileClass, signal: AbortSignal): Promise<OpenAccount> {
    const { own, open } = this.#options;
    const { roleArn } = account;
    if (roleArn === undefined) return own;
    this.#ownId ??= await own.identity.accountId(signal);
    return open({ ...account, roleArn, isOwn: this.#ownId === account.id }, metadata.name);
  }

  async #ask(way: Way, of: InstanceProfileClass, signal: AbortSignal): Promise<void> {
    try {
      way.opened ??= await this.#open(of, signal);
      const actual = await way.opened.identity.accountId(signal);
      if (actual !== of.spec.account.id) throw mismatch(of, actual);
      way.proof = "given";
    } catch (error) {
      // Whoever gave up says nothing about the account.
      if (!signal.aborted) way.proof = { error, atMs: this.#options.monotonicMs() };
      throw error;
    }
  }
}

function mismatch({ metadata, spec }: InstanceProfileClass, actual: string): TerminalError {
  const whose =
    spec.account.roleArn === undefined
      ? "the controller's own credentials"
      : `the credentials of ${spec.account.roleArn}`;
  return new TerminalError(
    `${whose} are of account ${actual}, and class ${metadata.name} is of account ${spec.account.id}. Nothing was written. Give the class a role ` +
      "of its account in spec.account.roleArn.",
    { reason: "AccountMismatch" },
  );
}
