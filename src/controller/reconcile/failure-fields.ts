import type { ControllerError } from "../../errors.ts";
import type { LogFields } from "../../telemetry.ts";

/** A failure as fields of a log line. AWS's name of the request is here and nowhere else: a status has to stay the same. */
export function failureFields({ reason, message, requestId }: ControllerError): LogFields {
  return { reason, error: message, ...(requestId !== undefined && { requestId }) };
}
