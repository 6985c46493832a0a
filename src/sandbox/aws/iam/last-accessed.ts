import { requestContext } from "../../../model/access/access-request.ts";
import { statementsOf, stringList } from "../../../model/access/evaluate/document.ts";
import { compileText } from "../../../model/access/evaluate/text-pattern.ts";
import type { Account } from "../account/account.ts";
import type { Role } from "../account/entities.ts";
import { requestId } from "../account/identifiers.ts";
import { identityPolicies } from "../authorization/session-policies.ts";
import { noSuchEntity } from "../fault.ts";
import type { Call, Operations } from "../handler.ts";
import { members, timestamp, type XmlTree } from "../protocol/answer.ts";
import { optional, required } from "./constraints.ts";
import { paginate } from "./paging.ts";
import trackedActions from "./tracked-actions.json" with { type: "json" };

/** Reports on what roles have done. */
export const lastAccessedOperations: Operations = {
  GenerateServiceLastAccessedDetails: { kind: "read", handle: generate },
  GetServiceLastAccessedDetails: { kind: "read", handle: get },
};

/** The services that a role can be reported on, by their namespaces. */
const NAMES: Readonly<Record<string, string>> = {
  ec2: "Amazon EC2",
  iam: "AWS Identity and Access Management",
  s3: "Amazon S3",
  sqs: "Amazon SQS",
  sts: "AWS Security Token Service",
};
/** The actions that IAM tracks one by one: management events, none of which reads or writes data. */
const TRACKED: Readonly<Record<string, readonly string[]>> = trackedActions;

/** With the ARN of a role: the sandbox reports on nothing else. */
function generate({ account, caller, params }: Call): XmlTree {
  const arn = required(params, "Arn");
  const role = account.roles.allVisible().find((one) => account.roleArn(one) === arn);
  if (role === undefined) throw noSuchEntity(`ARN ${arn} not found`);
  const isByAction = optional(params, "Granularity") === "ACTION_LEVEL";
  const id = requestId(account.settings.random);
  const services = servicesOf(account, role).map((service) => serviceOf(account, role, { service, isByAction }));
  account.accessReports.set(id, {
    services,
    requestedBy: caller.userId,
    startedAtMs: account.now(),
    isFinished: false,
  });
  return { JobId: id };
}

function get({ account, caller, params }: Call): XmlTree {
  const id = required(params, "JobId");
  const report = account.accessReports.get(id);
  if (report === undefined || report.requestedBy !== caller.userId) throw noSuchEntity(`Job ${id} not found`);
  const started = { JobType: "ACTION_LEVEL", JobCreationDate: timestamp(report.startedAtMs) };
  const { isFinished } = report;
  report.isFinished = true;
  if (!isFinished)
    return { JobStatus: "IN_PROGRESS", ...started, ServicesLastAccessed: members([]), IsTruncated: false };
  const page = paginate(account, params, report.services, (service) => String(service["ServiceNamespace"]));
  return {
    JobStatus: "COMPLETED",
    ...started,
    JobCompletionDate: timestamp(account.now()),
    ServicesLastAccessed: members(page.items),
    ...page.paging,
  };
}

interface Reported {
  readonly service: string;
  readonly isByAction: boolean;
}

function serviceOf(account: Account, role: Role, { service, isByAction }: Reported): XmlTree {
  const arn = account.roleArn(role);
  const use = account.uses.last(role.id, service);
  const tracked = TRACKED[service] ?? [];
  const allows = allowedActions(account, role);
  const actions = tracked.filter((action) => allows(`${service}:${action}`));
  return {
    ServiceName: NAMES[service] ?? service,
    ServiceNamespace: service,
    TotalAuthenticatedEntities: use === undefined ? 0 : 1,
    ...(use !== undefined && {
      LastAuthenticated: timestamp(use.atMs),
      LastAuthenticatedEntity: arn,
      LastAuthenticatedRegion: use.region,
    }),
    ...(isByAction && {
      TrackedActionsLastAccessed: members(actions.map((action) => actionOf(account, role, service, action))),
    }),
  };
}

function actionOf(account: Account, role: Role, service: string, action: string): XmlTree {
  const use = account.uses.ofAction(role.id, `${service}:${action}`);
  const seen = use && { LastAccessedTime: timestamp(use.atMs), LastAccessedRegion: use.region };
  return { ActionName: action, ...(seen && { LastAccessedEntity: account.roleArn(role), ...seen }) };
}

/** Those that a statement of the role's policies allows something of. */
function servicesOf(account: Account, role: Role): readonly string[] {
  const allows = allowedActions(account, role);
  return Object.keys(NAMES).filter((service) => allows(service, (pattern) => pattern.split(":")[0] ?? ""));
}

/** Whether an Allow statement of the role names the text, by the part of its actions that is compared. */
function allowedActions(account: Account, role: Role): (text: string, part?: (pattern: string) => string) => boolean {
  const allowing = identityPolicies(account, role)
    .flatMap((document) => statementsOf(document) ?? [])
    .filter((statement) => statement["Effect"] === "Allow");
  const isEverything = allowing.some((statement) => statement["NotAction"] !== undefined);
  const patterns = allowing.flatMap((statement) => stringList(statement["Action"]) ?? []);
  return (text, part = (pattern) => pattern) => isEverything || patterns.some((pattern) => covers(part(pattern), text));
}

function covers(pattern: string, text: string): boolean {
  return compileText(pattern, { hasVariables: false, fold: (text) => text.toLowerCase() }).matches(
    text,
    requestContext({}),
  );
}
