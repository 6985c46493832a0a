import type { IAMClient } from "@aws-sdk/client-iam";

/** With the request for a report, which changes nothing. */
const READ = /^(Get|List|Describe|GenerateServiceLastAccessedDetails)/;

/**
 * Calls `assertMayWrite` right before each write is sent. Fetching credentials from STS or an agent can take so long that
 * another process has become the leader.
 */
export function guardWrites(client: Pick<IAMClient, "middlewareStack">, assertMayWrite: () => void): void {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      if (!READ.test(context.commandName ?? "")) assertMayWrite();
      return next(args);
    },
    // Last in this step, after signing.
    { name: "guardWrites", step: "finalizeRequest", priority: "low" },
  );
}
