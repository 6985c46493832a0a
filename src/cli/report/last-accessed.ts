import type { AwsConnection } from "../../aws/aws-connection.ts";
import type { ServiceAccess } from "../../model/access/service-access.ts";
import type { Clock } from "../../runtime/clock.ts";

/** IAM makes a report within seconds. */
const POLL_MS = 1_000;
const MAX_POLLS = 120;

/** Has IAM make its report on what a role has accessed, and waits for it; undefined if IAM does not finish in time. */
export async function readServices(
  roleArn: string,
  { lastAccessed }: AwsConnection,
  clock: Clock,
  signal: AbortSignal,
): Promise<readonly ServiceAccess[] | undefined> {
  const jobId = await lastAccessed.start(roleArn, signal);
  for (let poll = 0; poll < MAX_POLLS; poll += 1) {
    const services = await lastAccessed.result(jobId, roleArn, signal);
    if (services !== undefined) return services;
    await clock.sleep(POLL_MS, signal);
  }
  return undefined;
}
