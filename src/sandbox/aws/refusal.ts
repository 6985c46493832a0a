import { requestId } from "./account/identifiers.ts";
import type { Dispatcher } from "./dispatch.ts";
import { AwsFault } from "./fault.ts";
import { faultBody, type HttpAnswer } from "./protocol/answer.ts";
import { faultAnswer } from "./s3/answer.ts";

/** The answer to a caller that must not get in, as the service that it asked for writes a refusal. It is not logged as a call. */
export function refusal(service: string | undefined, why: string, { requestIds }: Dispatcher): HttpAnswer {
  const id = requestId(requestIds);
  if (service === "s3") return faultAnswer(new AwsFault("AccessDenied", 403, why), id, false);
  const isEc2 = service === "ec2";
  const fault = new AwsFault(isEc2 ? "UnauthorizedOperation" : "AccessDenied", 403, why);
  return {
    status: fault.status,
    headers: { "content-type": "text/xml;charset=utf-8", "x-amzn-requestid": id },
    body: faultBody(isEc2 ? "ec2" : "iam", fault, id),
  };
}
