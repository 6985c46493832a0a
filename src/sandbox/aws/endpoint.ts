import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { refusalOf } from "../local-callers.ts";
import { type Dispatcher, dispatch } from "./dispatch.ts";
import type { MetadataEndpoints } from "./imds/endpoints.ts";
import { instanceEnvironment } from "./imds/environment.ts";
import type { HttpAnswer } from "./protocol/answer.ts";
import { Params } from "./protocol/params.ts";
import { credentialScope, parseRequest } from "./protocol/request.ts";
import { refusal } from "./refusal.ts";
import { dispatchS3 } from "./s3/dispatch.ts";
import { dispatchSqs } from "./sqs/dispatch.ts";

/** What stands behind the endpoint. */
interface Backend {
  readonly dispatcher: Dispatcher;
  readonly metadata: MetadataEndpoints;
}

/** Larger than any policy that IAM would take, percent-encoded. */
const maxBodyBytes = 1_000_000;

/** Answers one request: S3's by its signature, else one of the query protocols'. */
export function respond(backend: Backend, request: IncomingMessage, response: ServerResponse): void {
  answer(backend, request, response).catch((error: unknown) => response.destroy(asError(error)));
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

async function answer(backend: Backend, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { dispatcher } = backend;
  const { method = "GET", url = "/", headers } = request;
  const [, query = ""] = /\?(.*)$/s.exec(url) ?? [];
  const scope = credentialScope(headers, new Params(new URLSearchParams(query)));
  const why = refusalOf(headers);
  if (why !== undefined) {
    send(response, refusal(scope?.service, why, dispatcher));
    return;
  }
  const body = await readBody(request);
  const environmentOf = /^\/instance\/(i-[0-9a-f]+)\/environment$/.exec(url)?.[1];
  if (environmentOf !== undefined && headers.authorization === undefined) {
    await tellEnvironment(backend, environmentOf, headers.host ?? `127.0.0.1:${request.socket.localPort}`, response);
    return;
  }
  if (scope?.service === "s3") {
    send(response, dispatchS3(dispatcher, { method, url, headers, body }, scope));
    return;
  }
  if (scope?.service === "sqs") {
    const closed = new AbortController();
    response.once("close", () => closed.abort());
    const parts = { target: String(headers["x-amz-target"]), body: body.toString("utf8"), signal: closed.signal };
    send(response, await dispatchSqs(dispatcher, parts, scope));
    return;
  }
  const outcome = await dispatch(dispatcher, parseRequest({ method, url, headers, body: body.toString("utf8") }));
  if (outcome.kind === "cut") {
    request.socket.destroy();
    return;
  }
  if (outcome.delayMs > 0) {
    await wait(outcome.delayMs, undefined, { ref: false });
  }
  const headersOfReply = { "content-type": "text/xml;charset=utf-8", "x-amzn-requestid": outcome.requestId };
  send(response, { ...outcome, headers: headersOfReply });
}

function send(response: ServerResponse, { status, headers, body }: HttpAnswer): void {
  response.writeHead(status, headers);
  response.end(body);
}

/** The sandbox's own way onto an instance: `eval "$(curl -s $AWS_ENDPOINT_URL/instance/i-…/environment)"`. */
async function tellEnvironment(
  { dispatcher, metadata }: Backend,
  instanceId: string,
  host: string,
  response: ServerResponse,
): Promise<void> {
  const place = dispatcher.cloud.findInstance(instanceId);
  const text =
    place === undefined
      ? `echo "there is no instance ${instanceId}" >&2; false\n`
      : instanceEnvironment({
          awsUrl: `http://${host}`,
          metadataUrl: await metadata.url(instanceId),
          region: place.region,
        });
  send(response, { status: place === undefined ? 404 : 200, headers: { "content-type": "text/plain" }, body: text });
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > maxBodyBytes) {
      throw new Error(`A request to the sandbox AWS is longer than ${maxBodyBytes} bytes`);
    }
  }
  return Buffer.concat(chunks);
}
