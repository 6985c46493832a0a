import type { IAMClient } from "@aws-sdk/client-iam";
import type { AwsServiceName } from "./client-config.ts";
import { requestIdOf } from "./request-id.ts";

/** One reply of AWS, for the log: what AWS's support needs to find the request. */
export interface AwsReply {
  readonly service: AwsServiceName;
  /** The API action, such as `PutRolePolicy`. */
  readonly operation: string;
  /** AWS's name of the request. */
  readonly requestId: string;
  /** The HTTP status was one of success. */
  readonly isSuccess: boolean;
}

/** Tells of every reply that has a request id, of whatever outcome. The listener must not throw. */
export function tellReplies(
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
    { name: "tellReplies", step: "initialize", priority: "high" },
  );
}
