import type { IAMClient } from "@aws-sdk/client-iam";

const READ = /^(Get|List|Describe)/;

/**
 * Has each write of the client ask whether it may be sent, at the last moment before it is: credentials that had to be fetched
 * first, from STS or an agent, may have been so long in coming that another process leads by now.
 */
export function guardWrites(client: Pick<IAMClient, "middlewareStack">, assertMayWrite: () => void): void {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      if (!READ.test(context.commandName ?? "")) assertMayWrite();
      return next(args);
    },
    // The last of this step: the request is signed.
    { name: "guardWrites", step: "finalizeRequest", priority: "low" },
  );
}
