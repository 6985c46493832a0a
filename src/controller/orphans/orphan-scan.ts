import type { AwsAccount } from "../../engine/accounts/aws-account.ts";
import type { SelectedRole } from "../../engine/observe/account-snapshot.ts";
import { type Orphan, objectKeyOf, orphanOf, orphanOwner } from "../../engine/orphans/orphans.ts";
import { ControllerError } from "../../errors.ts";
import { orphanedEvent } from "../../status/orphan-events.ts";
import type { Logger } from "../../telemetry.ts";
import { keyText } from "../object-key.ts";
import { failureFields } from "../reconcile/telemetry.ts";
import { emitAbout, type OrphanObserver, type OrphanOptions } from "./orphan-options.ts";
import { OrphanRemoval } from "./orphan-removal.ts";

/** Receives the results of the scans of one account. */
export interface OrphanScan {
  /** True for a role that may be an orphan, by the cache. */
  isCandidate(role: SelectedRole): boolean;
  /** Confirms and reports the orphans among the candidates, and deletes them if the policy says so. Never raises. */
  scanned(account: AwsAccount, candidates: readonly SelectedRole[], signal: AbortSignal): Promise<void>;
}

/** The state of one candidate. */
interface Candidate {
  /** The number of consecutive scans that found it. */
  readonly scans: number;
  /** The last scan in which its object was requested from the API server; 0: none yet. */
  readonly requestedInScan: number;
  readonly orphan: Orphan | undefined;
  readonly isReported: boolean;
}

/**
 * The number of consecutive scans that must find a role without an object: one scan may lag, or race with a deletion.
 */
const SCANS_IN_A_ROW = 2;
/** Requests to the API server per scan; the candidates that were requested longest ago come first. */
const MAX_REQUESTS = 100;
/** Reports per scan; the rest follows after the next scans, and the metric counts all. */
const MAX_REPORTED = 20;

const NEW: Candidate = { scans: 0, requestedInScan: 0, orphan: undefined, isReported: false };

/** Tracks the orphans of one account across scans. */
export class AccountOrphans implements OrphanScan {
  readonly #accountKey: string;
  readonly #options: OrphanOptions;
  readonly #logger: Logger;
  readonly #observer: OrphanObserver | undefined;
  readonly #removal: OrphanRemoval;
  /** By unique id of the role: another role of the same name is another candidate. */
  #known: ReadonlyMap<string, Candidate> = new Map();
  #scan = 0;

  constructor(accountKey: string, options: OrphanOptions) {
    this.#accountKey = accountKey;
    this.#options = options;
    this.#logger = options.logger;
    this.#observer = options.observerOf?.(accountKey);
    this.#observer?.counted(0);
    this.#removal = new OrphanRemoval(accountKey, options, this.#observer);
  }

  isCandidate(role: SelectedRole): boolean {
    return this.#inCache(role) !== undefined;
  }

  async scanned(account: AwsAccount, candidates: readonly SelectedRole[], signal: AbortSignal): Promise<void> {
    this.#scan += 1;
    const roles = candidates.filter((role) => this.isCandidate(role));
    const known = new Map(
      roles.map(({ roleId }) => {
        const before = this.#known.get(roleId) ?? NEW;
        return [roleId, { ...before, scans: before.scans + 1 }] as const;
      }),
    );
    this.#known = known;
    try {
      const orphans = await this.#confirm(roles, known, signal);
      await this.#report(account, orphans, known, signal);
      const confirmed = [...known.values()].flatMap(({ orphan }) => orphan ?? []);
      this.#observer?.counted(confirmed.length);
      this.#options.counted.scanned(this.#accountKey, this.#uidsOf(roles), confirmed);
      await this.#removal.remove(account, orphans, signal);
    } catch (error) {
      if (signal.aborted) return;
      const level = error instanceof ControllerError ? "warn" : "error";
      const fields = error instanceof ControllerError ? failureFields(error) : { err: error };
      this.#logger[level]("could not confirm orphans; the next account scan retries", fields);
    }
  }

  /** Call it when the account is no longer scanned. */
  left(): void {
    this.#observer?.left();
  }

  #uidsOf(roles: readonly SelectedRole[]): ReadonlySet<string> {
    return new Set(roles.flatMap(({ tags }) => orphanOwner(tags, this.#options.scope)?.uid ?? []));
  }

  #inCache(role: SelectedRole): Orphan | undefined {
    const { scope, cache } = this.#options;
    const owner = orphanOwner(role.tags, scope);
    return owner && orphanOf(role, cache.get(keyText(objectKeyOf(owner))), scope);
  }

  /** Confirms orphans by reading from the API server: the cache may lag, and a label selector hides objects from it. */
  async #confirm(
    roles: readonly SelectedRole[],
    known: Map<string, Candidate>,
    signal: AbortSignal,
  ): Promise<readonly Orphan[]> {
    const { client, scope } = this.#options;
    const due = roles
      .flatMap((role) => {
        const candidate = known.get(role.roleId) ?? NEW;
        return candidate.scans < SCANS_IN_A_ROW ? [] : [{ role, candidate }];
      })
      .sort(
        (a, b) =>
          a.candidate.requestedInScan - b.candidate.requestedInScan || (a.role.roleName < b.role.roleName ? -1 : 1),
      )
      .slice(0, MAX_REQUESTS);
    const orphans: Orphan[] = [];
    for (const { role, candidate } of due) {
      const owner = orphanOwner(role.tags, scope);
      if (owner === undefined) continue;
      const orphan = orphanOf(role, await client.get(objectKeyOf(owner), signal), scope);
      known.set(role.roleId, { ...candidate, requestedInScan: this.#scan, orphan });
      if (orphan !== undefined) orphans.push(orphan);
    }
    return orphans;
  }

  async #report(
    { iam }: AwsAccount,
    orphans: readonly Orphan[],
    known: Map<string, Candidate>,
    signal: AbortSignal,
  ): Promise<void> {
    const fresh = orphans.filter(({ role }) => known.get(role.roleId)?.isReported === false);
    for (const orphan of fresh.slice(0, MAX_REPORTED)) {
      const { roleName, roleId } = orphan.role;
      const instanceProfiles = await iam.routine.reader.listInstanceProfilesForRole(roleName, signal);
      const candidate = known.get(roleId);
      if (candidate !== undefined) known.set(roleId, { ...candidate, isReported: true });
      this.#reportOne(orphan, instanceProfiles);
    }
    if (fresh.length > MAX_REPORTED) {
      this.#logger.warn("more orphans in AWS are reported after the next scans", {
        orphans: fresh.length - MAX_REPORTED,
      });
    }
  }

  #reportOne(orphan: Orphan, instanceProfiles: readonly string[]): void {
    const { kind, owner, role, accountId } = orphan;
    const left = { role: role.arn, instanceProfiles, accountId, uid: owner.uid };
    const event = orphanedEvent(kind, left, this.#removal.mayRemove(orphan));
    this.#logger.warn("a role in AWS is an orphan", {
      namespace: owner.namespace,
      name: owner.name,
      uid: owner.uid,
      kind,
      role: role.arn,
      instanceProfiles,
      detail: event.note,
    });
    emitAbout(this.#options.events, owner, event);
  }
}
