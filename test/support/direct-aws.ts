import { setTimeout as delay } from "node:timers/promises";
import { type AwsConnection, connectAws } from "../../src/aws/aws-connection.ts";
import type { AwsClientOptions } from "../../src/aws/client/client-config.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import type { AwsSandbox } from "../../src/sandbox/aws/server.ts";
import type { AwsCredentials } from "./shipped-role.ts";

interface HttpRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The access key of a controller in the sandbox. */
export const CONTROLLER = "controller";

/** Connects a controller to the sandbox in this process, without sockets. */
export function connectDirectly(
  aws: AwsSandbox,
  credentials: AwsCredentials = { accessKeyId: CONTROLLER, secretAccessKey: "test" },
): AwsConnection {
  return connectAws({
    clock: systemClock,
    version: "test",
    region: "us-east-1",
    requestHandler: directAws(aws),
    credentials,
  });
}

/**
 * Carries the calls of an AWS client to the sandbox in this process, without sockets, which are half of the time that a call
 * takes. A connection that the sandbox cuts ends as Node's HTTP client says it.
 */
export function directAws(aws: AwsSandbox): NonNullable<AwsClientOptions["requestHandler"]> {
  const handle = async ({ method, headers, body }: HttpRequest): Promise<unknown> => {
    const outcome = await aws.call({ method, url: "/", headers, body });
    if (outcome.kind === "cut") throw Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
    if (outcome.delayMs > 0) await delay(outcome.delayMs);
    return {
      response: {
        statusCode: outcome.status,
        headers: { "x-amzn-requestid": outcome.requestId },
        body: Buffer.from(outcome.body),
      },
    };
  };
  return { handle } as never;
}
