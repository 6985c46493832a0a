import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import type { AccountIdentity } from "../engine/ports.ts";
import type { AccountPlace } from "../model/naming.ts";
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
  const place = (signal: AbortSignal): Promise<AccountPlace> =>
    call(
      {
        ...subject,
        isRead: true,
        send: async (abortSignal) => {
          const { Account, Arn } = await sts.send(new GetCallerIdentityCommand(), { abortSignal });
          const accountId = requireField(Account, "Account", subject);
          return { accountId, partition: Arn?.split(":")[1] ?? "aws" };
        },
      },
      signal,
    );
  return {
    accountId: async (signal): Promise<string> => (await place(signal)).accountId,
    place,
    renew: (signal) => awaitCredentials(subject, credentials, signal),
  };
}
