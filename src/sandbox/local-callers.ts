import type { IncomingHttpHeaders } from "node:http";

/** The names of this machine that a client of the sandbox uses, each with a port or without. */
const LOCAL_HOST = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?$/i;

const REFUSAL = "the sandbox serves command-line clients on 127.0.0.1 only, not web pages";

/**
 * Says why a request is refused; undefined when it is not. Every listener of the sandbox asks, because none of them has a login: a web
 * page that the developer happens to open must not get in. Browsers send an Origin, or mark the request as not typed by the user
 * (Sec-Fetch-Site), or come by a host name that was made to point at 127.0.0.1 (DNS rebinding).
 */
export function refusalOf(headers: IncomingHttpHeaders): string | undefined {
  const { host = "localhost", origin, "sec-fetch-site": site = "none" } = headers;
  return origin === undefined && site === "none" && LOCAL_HOST.test(host) ? undefined : REFUSAL;
}
