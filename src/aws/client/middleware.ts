import type { IAMClient } from "@aws-sdk/client-iam";
import type { AwsClientOptions, AwsServiceName } from "./client-config.ts";
import { guardWrites } from "./guard-writes.ts";
import { wrapNetworkErrors } from "./no-response-error.ts";
import { reportResponses } from "./report-responses.ts";

/** The part of a client that takes hooks: every service's has it, of a type of its own that hooks do not look at. */
interface HookedClient {
  readonly middlewareStack: unknown;
}

/** Adds what every client of the adapter has: failures of the network by name, the write guard, and an ear for replies. */
export function addHooks(client: HookedClient, service: AwsServiceName, options: AwsClientOptions): void {
  const hooked = client as Pick<IAMClient, "middlewareStack">;
  wrapNetworkErrors(hooked);
  if (options.assertMayWrite !== undefined) guardWrites(hooked, options.assertMayWrite);
  if (options.onReply !== undefined) reportResponses(hooked, service, options.onReply);
}
