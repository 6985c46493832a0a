import { Readable } from "node:stream";
import type { AwsClientOptions } from "../../src/aws/client/client-config.ts";

/** One request as it would have gone out, signed. */
interface SignedRequest {
  readonly host: string;
  readonly protocol: string;
  /** Region and service of the signature's scope. */
  readonly signedFor: string;
  readonly userAgent: string;
  readonly securityToken: string | undefined;
  readonly form: URLSearchParams;
}

/** Takes the network's place: notes each request and answers by its Action. */
export interface RecordingHandler {
  readonly requests: readonly SignedRequest[];
  readonly handler: NonNullable<AwsClientOptions["requestHandler"]>;
}

interface HttpRequest {
  readonly hostname: string;
  readonly port?: number;
  readonly protocol: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** `results`: the XML inside the result element, per action; actions without an entry get an empty result. */
export function recordingHandler(results: Readonly<Record<string, string>> = {}): RecordingHandler {
  const requests: SignedRequest[] = [];
  const handle = async (request: HttpRequest): Promise<unknown> => {
    const form = new URLSearchParams(request.body);
    requests.push(signedRequest(request, form));
    const action = form.get("Action") ?? "";
    const xml = `<${action}Response><${action}Result>${results[action] ?? ""}</${action}Result></${action}Response>`;
    return { response: { statusCode: 200, headers: {}, body: Readable.from([Buffer.from(xml)]) } };
  };
  return { requests, handler: { handle } as unknown as RecordingHandler["handler"] };
}

function signedRequest(request: HttpRequest, form: URLSearchParams): SignedRequest {
  const scope = /Credential=[^/]+\/\d+\/([^/]+)\/([^/]+)\//.exec(request.headers["authorization"] ?? "");
  return {
    host: request.port === undefined ? request.hostname : `${request.hostname}:${request.port}`,
    protocol: request.protocol,
    signedFor: scope === null ? "nothing" : `${scope[1]}/${scope[2]}`,
    userAgent: request.headers["user-agent"] ?? "",
    securityToken: request.headers["x-amz-security-token"],
    form,
  };
}
