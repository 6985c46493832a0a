import { Account, type AccountSettings } from "./account/account.ts";
import type { Session } from "./account/session.ts";
import { hash32, seededRandom } from "./random.ts";
import type { Bucket } from "./s3/bucket.ts";
import { Queues } from "./sqs/queues.ts";

/** So that a sandbox left running does not grow: the oldest credentials are forgotten. */
const maxSessions = 20_000;

/** Every account behind one endpoint, and what is of none: the credentials given out, and the names of buckets. */
export class Cloud {
  /** The account of callers that do not say otherwise. */
  readonly home: Account;
  /** Names of buckets are unique over all accounts. */
  readonly buckets: Map<string, Bucket> = new Map();
  /** Of the home account. */
  readonly queues: Queues;
  readonly #accounts = new Map<string, Account>();
  readonly #sessions = new Map<string, Session>();

  constructor(settings: AccountSettings) {
    this.home = new Account(settings);
    this.#accounts.set(settings.accountId, this.home);
    this.queues = new Queues(settings.now);
  }

  /** The account with this id, which is there as soon as it is asked for. */
  account(accountId: string): Account {
    const present = this.#accounts.get(accountId);
    if (present !== undefined) return present;
    const { settings } = this.home;
    const account = new Account({ ...settings, accountId, random: seededRandom(hash32(accountId)) });
    this.#accounts.set(accountId, account);
    return account;
  }

  /** Where an instance is. */
  findInstance(id: string): { readonly account: Account; readonly region: string } | undefined {
    for (const account of this.#accounts.values()) {
      const found = [...account.regions()].find(([, region]) => region.instance(id) !== undefined);
      if (found !== undefined) return { account, region: found[0] };
    }
    return undefined;
  }

  /** The credentials with this access key id, expired ones too. */
  session(accessKeyId: string): Session | undefined {
    return this.#sessions.get(accessKeyId);
  }

  /** Has credentials known from now on. */
  remember(session: Session): Session {
    this.#sessions.set(session.accessKeyId, session);
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > maxSessions && oldest !== undefined) this.#sessions.delete(oldest);
    return session;
  }

  /** Forgets everything, as if all accounts were new. */
  clear(): void {
    for (const account of this.#accounts.values()) account.clear();
    this.#sessions.clear();
    this.buckets.clear();
    this.queues.clear();
  }
}
