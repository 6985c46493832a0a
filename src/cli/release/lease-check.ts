import { BlockedError } from "../../errors.ts";
import type { LeaseClient } from "../../kube/lease-client.ts";
import type { Clock } from "../../runtime/clock.ts";
import { DEFAULT_ELECTION_TIMINGS } from "../../runtime/election/leader-election-timings.ts";
import type { WriteLines } from "../io.ts";

/**
 * Raises while a controller holds the Lease. A holder that does not renew it for its duration is gone: that is how another replica would
 * find out, and times of other hosts prove nothing.
 *
 * Errors: BlockedError; those of the reads; the signal's reason.
 */
export async function assertNoController(
  lease: Pick<LeaseClient, "name" | "read">,
  clock: Pick<Clock, "sleep">,
  say: WriteLines,
  signal: AbortSignal,
): Promise<void> {
  const known = await lease.read(signal);
  if (known === undefined || known.holderIdentity === "") return;
  const waitMs = known.leaseDurationMs ?? DEFAULT_ELECTION_TIMINGS.leaseDurationMs;
  say(`Lease ${lease.name} names ${known.holderIdentity} as its holder: waiting ${waitMs / 1_000} s for a renewal`);
  await clock.sleep(waitMs, signal);
  const now = await lease.read(signal);
  if (now === undefined || now.holderIdentity === "" || now.version === known.version) return;
  throw new BlockedError(
    `a controller runs: ${now.holderIdentity} has renewed Lease ${lease.name}. Nothing was released. Delete the objects and let it delete or ` +
      "retain what they have in AWS, or scale its deployment to zero. --force skips this check.",
    { reason: "ControllerRuns" },
  );
}
