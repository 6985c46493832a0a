import type { OnWritten } from "../../engine/execute/execute.ts";
import { planLines } from "../../plan/render.ts";
import type { LogFields, Logger } from "../../telemetry.ts";

/**
 * Logs the writes that AWS has carried out: names only, never policy documents. Every write to AWS has such a line, also of a reconcile that
 * fails or is aborted afterwards.
 */
export function logWrites(logger: Logger, fields: LogFields = {}): OnWritten {
  return (actions, notes) => {
    const lines = planLines({ actions, blockers: [], unmanagedPolicies: [] });
    logger.info("wrote AWS", {
      ...fields,
      actions: lines,
      ...(notes !== undefined && { notes: notes.map(({ message }) => message) }),
    });
  };
}
