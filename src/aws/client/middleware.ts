import type { IAMClient } from "@aws-sdk/client-iam";
import type { AwsClientOptions, AwsServiceName } from "./client-config.ts";
import { guardWrites } from "./guard-writes.ts";
import { wrapNetworkErrors } from "./no-response-error.ts";
import { reportResponses } from "./report-responses.ts";

/** The part of an SDK client that takes middleware. Each service has its own type, which the hooks do not need. */
interface HookedClient {
  readonly middlewareStack: unknown;
}

/** Adds the middleware of every client: named network errors, the write guard, and the reporting of replies. */
export function addHooks(client: HookedClient, service: AwsServiceName, options: AwsClientOptions): void {
  const hooked = client as Pick<IAMClient, "middlewareStack">;
  wrapNetworkErrors(hooked);
  if (options.assertMayWrite !== undefined) guardWrites(hooked, options.assertMayWrite);
  if (options.onReply !== undefined) reportResponses(hooked, service, options.onReply);
}
