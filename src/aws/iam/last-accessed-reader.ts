import {
  GenerateServiceLastAccessedDetailsCommand,
  GetServiceLastAccessedDetailsCommand,
  type GetServiceLastAccessedDetailsCommandOutput,
  type IAMClient,
  type ServiceLastAccessed,
} from "@aws-sdk/client-iam";
import type { LastAccessedReader } from "../../engine/ports.ts";
import { BlockedError } from "../../errors.ts";
import type { ServiceAccess } from "../../model/access/service-access.ts";
import type { AwsCaller } from "../call/aws-call.ts";
import type { AwsCallSubject } from "../errors/aws-errors.ts";
import { requireField } from "../errors/require-field.ts";
import { allPages } from "./pages.ts";

/** The IAM actions for reports on what a role has accessed. Only the command `report` uses them. */
export const IAM_LAST_ACCESSED_READS = ["GenerateServiceLastAccessedDetails", "GetServiceLastAccessedDetails"] as const;

const PAGE_SIZE = 1_000;

/** Creates the reader of reports on what roles have accessed. */
export function createLastAccessedReader(iam: IAMClient, call: AwsCaller): LastAccessedReader {
  const reading = (operation: (typeof IAM_LAST_ACCESSED_READS)[number], roleArn: string) =>
    ({ service: "IAM", operation, entity: `role ${roleArn}`, isRead: true }) as const;
  return {
    start(roleArn, signal): Promise<string> {
      const read = reading("GenerateServiceLastAccessedDetails", roleArn);
      const command = new GenerateServiceLastAccessedDetailsCommand({ Arn: roleArn, Granularity: "ACTION_LEVEL" });
      const send = async (abortSignal: AbortSignal): Promise<string> =>
        requireField((await iam.send(command, { abortSignal })).JobId, "JobId", read);
      return call({ ...read, send }, signal);
    },

    async result(jobId, roleArn, signal): Promise<readonly ServiceAccess[] | undefined> {
      const read = reading("GetServiceLastAccessedDetails", roleArn);
      const pageAt = (Marker: string | undefined): Promise<GetServiceLastAccessedDetailsCommandOutput> => {
        const command = new GetServiceLastAccessedDetailsCommand({ JobId: jobId, MaxItems: PAGE_SIZE, Marker });
        return call({ ...read, send: (abortSignal) => iam.send(command, { abortSignal }) }, signal);
      };
      const first = await pageAt(undefined);
      if (first.JobStatus === "IN_PROGRESS") return undefined;
      if (first.JobStatus !== "COMPLETED") throw failed(read, first.Error?.Message);
      const services = await allPages(read, async (marker) => {
        const page = marker === undefined ? first : await pageAt(marker);
        return { ...page, items: page.ServicesLastAccessed };
      });
      return services.map((one) => accessOf(one, read));
    },
  };
}

function failed({ operation, entity }: AwsCallSubject, why = "IAM gives no reason"): BlockedError {
  return new BlockedError(`${operation} on ${entity}: the report failed: ${why}`, { reason: "ReportFailed" });
}

function accessOf(service: ServiceLastAccessed, subject: AwsCallSubject): ServiceAccess {
  const { ServiceNamespace, LastAuthenticated, TrackedActionsLastAccessed = [] } = service;
  return {
    service: requireField(ServiceNamespace, "ServiceNamespace", subject).toLowerCase(),
    ...(LastAuthenticated !== undefined && { lastAccessed: LastAuthenticated.toISOString() }),
    trackedActions: TrackedActionsLastAccessed.map(({ ActionName, LastAccessedTime }) => ({
      action: requireField(ActionName, "ActionName", subject),
      ...(LastAccessedTime !== undefined && { lastAccessed: LastAccessedTime.toISOString() }),
    })),
  };
}
