import { AwsFault } from "../fault.ts";
import type { Call } from "../handler.ts";

/**
 * Ends a call that only asks whether it would be carried out, once everything has been looked at.
 * @throws AwsFault DryRunOperation
 */
export function refuseDryRun({ params }: Call): void {
  if (params.get("DryRun") === "true") {
    throw new AwsFault("DryRunOperation", 412, "Request would have succeeded, but DryRun flag is set.");
  }
}
