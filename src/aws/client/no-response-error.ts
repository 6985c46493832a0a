import type { IAMClient } from "@aws-sdk/client-iam";

/** The network failed before the headers of a reply arrived: the request may have been carried out. */
export class NoResponseError extends Error {
  /** Name of the requested host, never an address, which differs between attempts. */
  readonly host: string;
  /** Node's error code such as `ECONNREFUSED`; undefined for timeouts of the SDK. */
  readonly code: string | undefined;

  constructor(host: string, cause: unknown) {
    super(`No reply from ${host}`, { cause });
    this.name = "NoResponseError";
    this.host = host;
    this.code = cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : undefined;
  }
}

/** Converts every network failure of the client to a {@link NoResponseError}, and no other error. */
export function wrapNetworkErrors(client: Pick<IAMClient, "middlewareStack">): void {
  client.middlewareStack.add(
    (next) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        throw new NoResponseError(hostOf(args.request), error);
      }
    },
    // The innermost middleware, next to the request handler.
    { name: "wrapNetworkErrors", step: "deserialize", priority: "low" },
  );
}

function hostOf(request: unknown): string {
  const { hostname, port } = request as { readonly hostname?: string; readonly port?: number };
  return port === undefined ? (hostname ?? "AWS") : `${hostname}:${port}`;
}
