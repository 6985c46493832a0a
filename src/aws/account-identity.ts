import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import type { AccountIdentity } from "../engine/ports.ts";
import type { AwsCaller } from "./call/aws-call.ts";
import { type AwsClientOptions, commonClientConfig } from "./client/client-config.ts";
import { addHooks } from "./client/middleware.ts";
import { expected } from "./errors/require-field.ts";

/** An STS client on the region's own endpoint, or the configured one. */
export function createStsClient(options: AwsClientOptions): STSClient {
  const client = new STSClient(commonClientConfig(options));
  // Nothing that STS is asked here changes anything: who waits to lead may ask it too.
  const { assertMayWrite: _, ...reading } = options;
  addHooks(client, "STS", reading);
  return client;
}

/** Asks STS each time: whoever wants the answer often keeps it. Needs no permission. */
export function createAccountIdentity(sts: STSClient, call: AwsCaller): AccountIdentity {
  const subject = { service: "STS", operation: "GetCallerIdentity", entity: "the controller's credentials" } as const;
  return {
    accountId: (signal): Promise<string> =>
      call(
        {
          ...subject,
          isRead: true,
          send: async (abortSignal) => {
            const { Account } = await sts.send(new GetCallerIdentityCommand(), { abortSignal });
            return expected(Account, "Account", subject);
          },
        },
        signal,
      ),
  };
}
