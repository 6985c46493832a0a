import type { IAMClient } from "@aws-sdk/client-iam";

/** The network failed before a reply's headers came: the request may or may not have been carried out. */
export class NoResponseError extends Error {
  /** Name of the host that was asked, never an address: addresses differ from one attempt to the next. */
  readonly host: string;
  /** Node's error code such as `ECONNREFUSED`; undefined for time-outs of the SDK's own. */
  readonly code: string | undefined;

  constructor(host: string, cause: unknown) {
    super(`No reply from ${host}`, { cause });
    this.name = "NoResponseError";
    this.host = host;
    this.code = cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : undefined;
  }
}

/** Makes every failure of the client's network a {@link NoResponseError}, so that no other error is taken for one. */
export function wrapNetworkErrors(client: Pick<IAMClient, "middlewareStack">): void {
  client.middlewareStack.add(
    (next) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        throw new NoResponseError(hostOf(args.request), error);
      }
    },
    // The innermost middleware: inside it is nothing but the request handler.
    { name: "wrapNetworkErrors", step: "deserialize", priority: "low" },
  );
}

function hostOf(request: unknown): string {
  const { hostname, port } = request as { readonly hostname?: string; readonly port?: number };
  return port === undefined ? (hostname ?? "AWS") : `${hostname}:${port}`;
}
