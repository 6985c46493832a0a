import type { IAMClient } from "@aws-sdk/client-iam";
import { requestIdOf } from "../call/request-id.ts";
import type { AwsReply, AwsServiceName } from "./client-config.ts";

/** Tells of every reply that has a request id, of whatever outcome. The listener must not throw. */
export function reportResponses(
  client: Pick<IAMClient, "middlewareStack">,
  service: AwsServiceName,
  onReply: (reply: AwsReply) => void,
): void {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const operation = (context.commandName ?? "").replace(/Command$/, "");
      const tell = (answer: unknown, isSuccess: boolean): void => {
        const requestId = requestIdOf(answer);
        if (requestId !== undefined) onReply({ service, operation, requestId, isSuccess });
      };
      try {
        const result = await next(args);
        tell(result.output, true);
        return result;
      } catch (error) {
        tell(error, false);
        throw error;
      }
    },
    // Outside of everything, where the reply has been read.
    { name: "reportResponses", step: "initialize", priority: "high" },
  );
}
