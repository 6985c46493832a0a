import type { IAMClient } from "@aws-sdk/client-iam";
import { requestIdOf } from "../call/request-id.ts";
import type { AwsReply, AwsServiceName } from "./client-config.ts";

/** Reports every reply that has a request id, success or error. The listener must not throw. */
export function reportResponses(
  client: Pick<IAMClient, "middlewareStack">,
  service: AwsServiceName,
  onReply: (reply: AwsReply) => void,
): void {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const operation = (context.commandName ?? "").replace(/Command$/, "");
      const report = (answer: unknown, isSuccess: boolean): void => {
        const requestId = requestIdOf(answer);
        if (requestId !== undefined) onReply({ service, operation, requestId, isSuccess });
      };
      try {
        const result = await next(args);
        report(result.output, true);
        return result;
      } catch (error) {
        report(error, false);
        throw error;
      }
    },
    // The outermost middleware, after the reply has been parsed.
    { name: "reportResponses", step: "initialize", priority: "high" },
  );
}
