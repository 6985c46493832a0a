import { BlockedError } from "../../errors.ts";
import type { LeaseClient } from "../../kube/lease-client.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { ObservedLease } from "../../runtime/election/leader-election-lock.ts";
import { DEFAULT_ELECTION_TIMINGS } from "../../runtime/election/leader-election-options.ts";
import type { WriteLines } from "../io.ts";

/** The dependencies of {@link LeaseCheck}. */
export interface LeaseCheckOptions {
  readonly lease: Pick<LeaseClient, "name" | "read">;
  readonly clock: Pick<Clock, "sleep">;
  readonly say: WriteLines;
}

/**
 * Checks that no controller holds the Lease. A Lease that does not change for its duration has no holder: that is how another replica would
 * find out, and times of other hosts prove nothing.
 *
 * Errors of all methods: BlockedError when a controller runs; those of the reads; the signal's reason.
 */
export class LeaseCheck {
  readonly #options: LeaseCheckOptions;
  #known: ObservedLease | undefined;

  constructor(options: LeaseCheckOptions) {
    this.#options = options;
  }

  /** Waits until the Lease has not changed for its duration. */
  async start(signal: AbortSignal): Promise<void> {
    const { lease, say } = this.#options;
    this.#known = await lease.read(signal);
    if (this.#known === undefined) {
      say(
        `Warning: Lease ${lease.name} does not exist, so release cannot tell whether a controller runs. If the controller uses another ` +
          "Lease, name it with --leader-elect-namespace and --leader-elect-name. A controller without --leader-elect has no Lease: make sure " +
          "that none runs.",
      );
      return;
    }
    await this.#untilUnchanged(this.#known, signal);
  }

  /** Reads the Lease once more, between two batches of releases, and waits if it has changed and has no holder. */
  async again(signal: AbortSignal): Promise<void> {
    await this.#untilUnchanged(await this.#changed(signal), signal);
  }

  async #untilUnchanged(first: ObservedLease | undefined, signal: AbortSignal): Promise<void> {
    const { lease, clock, say } = this.#options;
    for (let known = first; known !== undefined; known = await this.#changed(signal)) {
      const waitMs = waitMsOf(known);
      const { holderIdentity: holder } = known;
      const [what, event] =
        holder === ""
          ? ["has no holder", "a controller to acquire it"]
          : [`names ${holder} as its holder`, "a renewal"];
      say(`Lease ${lease.name} ${what}: waiting ${waitMs / 1_000} s for ${event}`);
      await clock.sleep(waitMs, signal);
    }
  }

  /** The Lease without a holder when it has changed since the last read; undefined when it has not, or does not exist. */
  async #changed(signal: AbortSignal): Promise<ObservedLease | undefined> {
    const { lease } = this.#options;
    const now = await lease.read(signal);
    if (now === undefined || now.version === this.#known?.version) return undefined;
    this.#known = now;
    if (now.holderIdentity === "") return now;
    throw new BlockedError(
      `a controller runs: ${now.holderIdentity} has acquired or renewed Lease ${lease.name}. Delete the objects and let it delete or ` +
        "retain what they have in AWS, or scale its deployment to zero. --force skips this check.",
      { reason: "ControllerRuns" },
    );
  }
}

/** A controller that stops leaves a duration of 1 s, in which none of the others acquires the Lease. */
function waitMsOf({ holderIdentity, leaseDurationMs }: ObservedLease): number {
  const { leaseDurationMs: defaultMs } = DEFAULT_ELECTION_TIMINGS;
  return holderIdentity === "" ? Math.max(leaseDurationMs ?? 0, defaultMs) : (leaseDurationMs ?? defaultMs);
}
