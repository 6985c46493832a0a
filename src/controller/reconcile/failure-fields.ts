import type { ControllerError } from "../../errors.ts";
import type { LogFields } from "../../telemetry.ts";

/** The log fields of a failure, without its causes. Only logs contain the AWS request id: in a status, it would change with every retry. */
export function failureFields({ name, reason, message, requestId }: ControllerError): LogFields {
  return { reason, err: { type: name, message }, ...(requestId !== undefined && { requestId }) };
}
