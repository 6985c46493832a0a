import { requestId } from "../account/identifiers.ts";
import type { Dispatcher } from "../dispatch.ts";
import { asFault } from "../fault.ts";
import { identify } from "../identity.ts";
import type { HttpAnswer } from "../protocol/answer.ts";
import type { CredentialScope } from "../protocol/request.ts";
import { faultAnswer } from "./answer.ts";
import { performS3 } from "./operations.ts";
import { permissionFor } from "./permissions.ts";
import { parseS3Request, type S3HttpParts, type S3Request } from "./request.ts";

/** Carries out one request to S3. It is logged and can be denied like any other; hooks and throttling are not for it. */
export function dispatchS3(dispatcher: Dispatcher, http: S3HttpParts, scope: CredentialScope): HttpAnswer {
  const id = requestId(dispatcher.requestIds);
  let end: (result: string) => void = () => undefined;
  try {
    const request = parseS3Request(http);
    end = begin(dispatcher, request, scope);
    const caller = identify(dispatcher.cloud, "s3", scope, permissionFor(request.action));
    const attempt = { caller, region: scope.region, request, denied: dispatcher.denyActions };
    const answer = performS3(dispatcher.cloud, attempt);
    end("OK");
    return { ...answer, headers: { ...answer.headers, "x-amz-request-id": id } };
  } catch (error) {
    const fault = asFault(error);
    end(fault.code);
    const answer = faultAnswer(fault, id, http.method === "HEAD");
    return { ...answer, headers: { ...answer.headers, "x-amz-request-id": id } };
  }
}

function begin(
  { calls, cloud }: Dispatcher,
  { action, bucket, key }: S3Request,
  { accessKeyId, region }: CredentialScope,
): (result: string) => void {
  return calls.begin({
    atMs: cloud.home.now(),
    service: "s3",
    region,
    action,
    isWrite: /^(Create|Put|Delete)/.test(action),
    accessKeyId,
    params: { ...(bucket === "" ? {} : { Bucket: bucket }), ...(key === "" ? {} : { Key: key }) },
  });
}
