import type { ControllerError } from "../../errors.ts";
import type { LogFields } from "../../telemetry.ts";

/** The log fields of a failure. Only logs contain the AWS request id: in a status, it would change with every retry. */
export function failureFields({ reason, message, requestId }: ControllerError): LogFields {
  return { reason, error: message, ...(requestId !== undefined && { requestId }) };
}
