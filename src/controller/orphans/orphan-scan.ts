import type { AwsAccount } from "../../engine/accounts/aws-account.ts";
import type { SelectedRole } from "../../engine/observe/account-snapshot.ts";
import { type Orphan, objectKeyOf, orphanOf, orphanOwner } from "../../engine/orphans/orphans.ts";
import { ControllerError } from "../../errors.ts";
import { orphanedEvent } from "../../status/orphan-events.ts";
import type { Logger } from "../../telemetry.ts";
import { keyText } from "../object-key.ts";
import { failureFields } from "../reconcile/failure-fields.ts";
import { emitAbout, type OrphanObserver, type OrphanOptions } from "./orphan-options.ts";
import { OrphanRemoval } from "./orphan-removal.ts";

/** What a scan of one account hands on. */
export interface OrphanScan {
  /** True for a role that may be an orphan, as far as the cache tells. */
  isCandidate(role: SelectedRole): boolean;
  /** Confirms, reports and, where the policy says so, deletes the orphans among these candidates. Never raises. */
  scanned(account: AwsAccount, candidates: readonly SelectedRole[], signal: AbortSignal): Promise<void>;
}

/** What is known of one candidate. */
interface Candidate {
  /** In so many scans in a row. */
  readonly scans: number;
  /** The scan that last asked the API server about it; 0: none yet. */
  readonly askedInScan: number;
  readonly orphan: Orphan | undefined;
  readonly isReported: boolean;
}

/** Scans in a row that must show a role without an object: one may lag behind, or be overtaken by a deletion under way. */
const SCANS_IN_A_ROW = 2;
/** Requests to the API server per scan; with more candidates, those asked about longest ago come first. */
const MAX_ASKED = 100;
/** Reports per scan; the rest follows with the next scans, and the metric counts all. */
const MAX_REPORTED = 20;

const NEW: Candidate = { scans: 0, askedInScan: 0, orphan: undefined, isReported: false };

/** The orphans of one account, from scan to scan. */
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
      this.#logger[level]("orphans could not be confirmed", fields);
    }
  }

  /** The account is scanned no longer. */
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

  /** Asks the API server itself: a label selector hides objects from the cache, and the cache may lag. */
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
      .sort((a, b) => a.candidate.askedInScan - b.candidate.askedInScan || (a.role.roleName < b.role.roleName ? -1 : 1))
      .slice(0, MAX_ASKED);
    const orphans: Orphan[] = [];
    for (const { role, candidate } of due) {
      const owner = orphanOwner(role.tags, scope);
      if (owner === undefined) continue;
      const orphan = orphanOf(role, await client.get(objectKeyOf(owner), signal), scope);
      known.set(role.roleId, { ...candidate, askedInScan: this.#scan, orphan });
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
      this.#logger.warn("further orphans in AWS are reported after the next scans", {
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
