import type { IncomingHttpHeaders } from "node:http";
import { metadataAt } from "./metadata.ts";
import { type CredentialTimes, type InstancePlace, RoleCredentials } from "./role-credentials.ts";
import { MetadataTokens } from "./tokens.ts";

/** An answer of the metadata service; undefined where nobody answers, for the instance does not run. */
export type MetadataAnswer =
  | { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string }
  | undefined;

const tokenHeader = "x-aws-ec2-metadata-token";
const ttlHeader = "x-aws-ec2-metadata-token-ttl-seconds";

/**
 * The metadata service of one instance, as `HttpTokens: required` has it: every read needs a token of this instance's own.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
 */
export class MetadataService {
  readonly #place: InstancePlace;
  readonly #tokens: MetadataTokens;
  readonly #credentials: RoleCredentials;

  constructor(place: InstancePlace, times: CredentialTimes) {
    this.#place = place;
    const { account } = place;
    this.#tokens = new MetadataTokens(() => account.now(), account.settings.random);
    this.#credentials = new RoleCredentials(place, times);
  }

  /** Answers one request. */
  answer(method: string, url: string, headers: IncomingHttpHeaders): MetadataAnswer {
    const { account, region: regionName, instanceId } = this.#place;
    const region = account.region(regionName);
    const instance = region.instance(instanceId);
    const isUp = instance !== undefined && ["pending", "running"].includes(region.stateOf(instance));
    if (instance === undefined || !isUp) return undefined;
    const [path = ""] = url.split("?");
    if (method === "PUT" && path === "/latest/api/token") return this.#issue(headers);
    if (method !== "GET") return page(405, "Method Not Allowed");
    const secondsLeft = this.#tokens.secondsLeft(single(headers[tokenHeader]));
    if (secondsLeft === undefined) return page(401, "Unauthorized");
    const text = path.startsWith("/latest/")
      ? metadataAt(path.slice("/latest/".length), this.#place, instance, this.#credentials)
      : undefined;
    if (text === undefined) return page(404, "Not Found");
    return { status: 200, headers: { "content-type": "text/plain", [ttlHeader]: String(secondsLeft) }, body: text };
  }

  /** What a proxy forwards gets no token: that is what stops a confused web server from giving the credentials away. */
  #issue(headers: IncomingHttpHeaders): MetadataAnswer {
    if (headers["x-forwarded-for"] !== undefined) return page(403, "Forbidden");
    const issued = this.#tokens.issue(single(headers[ttlHeader]));
    if (issued === undefined) return page(400, "Bad Request");
    const { token, ttlSeconds } = issued;
    return { status: 200, headers: { "content-type": "text/plain", [ttlHeader]: String(ttlSeconds) }, body: token };
  }
}

const single = (value: string | readonly string[] | undefined): string | undefined =>
  typeof value === "string" ? value : value?.[0];

/** The answer to a caller that must not get in. */
export function refused(why: string): MetadataAnswer {
  return page(403, `Forbidden: ${why}`);
}

function page(status: number, title: string): MetadataAnswer {
  const body = `<html><head><title>${status} - ${title}</title></head><body><h1>${status} - ${title}</h1></body></html>`;
  return { status, headers: { "content-type": "text/html" }, body };
}
