import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import type { AccountIdentity } from "../engine/ports.ts";
import { type AwsCaller, awaitCredentials } from "./call/aws-call.ts";
import { type AwsClientOptions, commonClientConfig } from "./client/client-config.ts";
import { addHooks } from "./client/middleware.ts";
import { requireField } from "./errors/require-field.ts";

/** Creates an STS client for the regional endpoint, or for the configured one. */
export function createStsClient(options: AwsClientOptions): STSClient {
  const client = new STSClient(commonClientConfig(options));
  // No write guard: the STS requests change nothing, so a standby can send them too.
  const { assertMayWrite: _, ...reading } = options;
  addHooks(client, "STS", reading);
  return client;
}

/** Resolves the account id with STS at each call, without a cache. Needs no permission. */
export function createAccountIdentity(
  sts: STSClient,
  call: AwsCaller,
  credentials: Parameters<typeof awaitCredentials>[1],
): AccountIdentity {
  const subject = { service: "STS", operation: "GetCallerIdentity", entity: "the controller's credentials" } as const;
  return {
    accountId: (signal): Promise<string> =>
      call(
        {
          ...subject,
          isRead: true,
          send: async (abortSignal) => {
            const { Account } = await sts.send(new GetCallerIdentityCommand(), { abortSignal });
            return requireField(Account, "Account", subject);
          },
        },
        signal,
      ),
    renew: (signal) => awaitCredentials(subject, credentials, signal),
  };
}
