import { OwnStatus, type OwnStatusOptions } from "../../src/controller/reconcile/own-status.ts";
import { silentLogger } from "../../src/telemetry.ts";

/** The memory of own status writes, of a controller whose queue is not there. */
export function ownStatusOf(monotonicMs: () => number, options: Partial<OwnStatusOptions> = {}): OwnStatus {
  return new OwnStatus({ monotonicMs, random: () => 0, logger: silentLogger, restoreAfter: () => {}, ...options });
}
