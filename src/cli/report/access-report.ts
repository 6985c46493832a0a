import { hasExternalRole, type InstanceProfileSpec, type InstanceProfileStatus } from "../../api/instance-profile.ts";
import type { AwsConnection } from "../../aws/aws-connection.ts";
import type { KubeObject, ObjectKey } from "../../engine/ports.ts";
import { ControllerError, messageOfError } from "../../errors.ts";
import type { ServiceAccess } from "../../model/access/service-access.ts";
import { nameInArn } from "../../model/naming.ts";
import type { JsonObject } from "../../model/policy/policy-json.ts";
import { type NarrowedManifest, narrowManifest } from "../../plan/usage/narrow-manifest.ts";
import { type AccessProposal, accessJson, proposalComments, renderAccess } from "../../plan/usage/render-access.ts";
import { periodText } from "../../plan/usage/role-use.ts";
import type { Clock } from "../../runtime/clock.ts";
import { type CommandIo, EXIT } from "../io.ts";
import { commented, yamlOf } from "../manifests/export-text.ts";
import { judgeManifest } from "../manifests/judge-manifest.ts";
import type { Progress } from "../progress.ts";
import type { ReachedAccount } from "./accounts.ts";
import type { NamedObject } from "./named-objects.ts";
import type { Period } from "./read-usage.ts";

/** What a report on access needs. */
export interface AccessContext {
  readonly accounts: readonly ReachedAccount[];
  readonly period: Period;
  readonly dropsUnusedServices: boolean;
  readonly progress: Progress;
}

/** Reads what the roles of the objects have accessed, and proposes narrower manifests. */
export function proposalsFor(
  objects: readonly NamedObject[],
  context: AccessContext,
  io: Pick<CommandIo, "clock" | "stop">,
): Promise<readonly AccessProposal[]> {
  return context.progress.inParallel(objects, (object) => proposalFor(object, context, io));
}

async function proposalFor(
  { object, manifest }: NamedObject,
  { accounts, ...context }: AccessContext,
  io: Pick<CommandIo, "clock" | "stop">,
): Promise<AccessProposal> {
  const { namespace, name } = object["metadata"] as unknown as ObjectKey;
  const { role } = statusOf(object);
  const known = { namespace, name, ...(role?.arn !== undefined && { role: role.arn }), actions: [], untouched: [] };
  const reached = reachRole(object, accounts);
  if ("problem" in reached) return { ...known, ...reached };
  try {
    return { ...known, ...(await judgeRole(reached, manifest, context, io)) };
  } catch (error) {
    io.stop.throwIfAborted();
    if (!(error instanceof ControllerError)) throw error;
    return { ...known, problem: withAdvice(error) };
  }
}

/** A role to report on, and the connection that reads it. */
interface ReachedRole {
  readonly roleArn: string;
  readonly aws: AwsConnection;
}

type Problem = Required<Pick<AccessProposal, "problem">> & Pick<AccessProposal, "isTooYoung">;

function reachRole(object: JsonObject, accounts: readonly ReachedAccount[]): ReachedRole | Problem {
  const { role, accountId = "unknown" } = statusOf(object);
  const problem = problemOf(object);
  if (problem !== undefined) return { problem };
  if (role?.arn === undefined) return { problem: "the object has no role in AWS" };
  const account = accounts.find((one) => one.accountId === accountId);
  if (account !== undefined && "aws" in account) return { roleArn: role.arn, aws: account.aws };
  return {
    problem: `the role is in account ${accountId}, which was not read: ${account?.why ?? "status does not name it"}`,
  };
}

async function judgeRole(
  { roleArn, aws }: ReachedRole,
  manifest: JsonObject,
  { period, dropsUnusedServices }: Omit<AccessContext, "accounts">,
  { clock, stop }: Pick<CommandIo, "clock" | "stop">,
): Promise<Problem | Partial<AccessProposal>> {
  const unwatched = await notWatched(roleArn, aws, period, stop);
  if (unwatched !== undefined) return unwatched;
  const services = await readServices(roleArn, aws, clock, stop);
  if (services === undefined)
    return { problem: "IAM has not finished its report within two minutes. Run the command again" };
  return proposed(narrowManifest(manifest, { services, dropsUnusedServices }));
}

function statusOf({ status }: JsonObject): InstanceProfileStatus {
  return (status ?? {}) as InstanceProfileStatus;
}

/** Why the object is not reported on; undefined if it is. */
function problemOf(object: JsonObject): string | undefined {
  if (hasExternalRole((object["spec"] ?? {}) as unknown as InstanceProfileSpec))
    return "others manage the role and its policies (spec.role.management: External)";
  const { handedOverTo } = statusOf(object);
  return handedOverTo === undefined
    ? undefined
    : `the role is handed over to cluster ${handedOverTo}. Run the command there`;
}

/** Without a manifest if there is nothing to remove. */
function proposed({ manifest, actions, untouched }: NarrowedManifest): Partial<AccessProposal> {
  if (!actions.some(({ verdict }) => verdict === "unused")) return { actions, untouched };
  assertValid(manifest);
  return { actions, untouched, manifest };
}

function withAdvice(error: ControllerError): string {
  const message = messageOfError(error);
  if (error.reason === "AccessDenied") return `${message} Grant your credentials deploy/aws/report-policy.json.`;
  const isUnknown =
    error.reason === "InvalidAction" || error.reason === "NotImplemented" || error.reason === "ServiceFailure";
  return isUnknown ? `${message} This IAM endpoint may not implement reports on access, as moto does not.` : message;
}

/** Why IAM has not watched the role for long enough; undefined if it has. */
async function notWatched(
  roleArn: string,
  { iamReader }: AwsConnection,
  { nowMs, unusedForMs }: Period,
  signal: AbortSignal,
): Promise<Problem | undefined> {
  const role = await iamReader.getRole(nameInArn(roleArn), signal);
  if (role.presence === "absent") return { problem: "the role does not exist in AWS" };
  const { createdTime } = role;
  if (createdTime !== undefined && Date.parse(createdTime) <= nowMs - unusedForMs) return undefined;
  const when =
    createdTime === undefined
      ? "IAM does not say when the role was created"
      : `the role was created on ${createdTime.slice(0, 10)}`;
  const problem = `${when}, so IAM has not watched it for ${periodText(unusedForMs)}. Set a shorter --unused-for to accept less`;
  return { problem, isTooYoung: true };
}

/** Errors: Error for a proposal that the API server would reject, which is a bug. */
function assertValid(manifest: JsonObject): void {
  const { object, findings } = judgeManifest({ value: manifest as KubeObject });
  if (object === undefined) throw new Error(`the proposal is not valid: ${JSON.stringify(findings)}`);
}

/** IAM makes a report within seconds. */
const POLL_MS = 1_000;
const MAX_POLLS = 120;

/** Has IAM make its report on what a role has accessed, and waits for it; undefined if IAM does not finish in time. */
async function readServices(
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

/** The output format of a report on access. */
export type AccessFormat = "text" | "json" | "yaml";

/** Renders the proposals. The YAML has only what can be applied; the rest goes to standard error. */
export function writeProposals(
  proposals: readonly AccessProposal[],
  objects: readonly NamedObject[],
  format: AccessFormat,
  { io, isColored }: { readonly io: Pick<CommandIo, "out" | "err">; readonly isColored: boolean },
): number {
  if (format === "json") io.out(accessJson(proposals));
  if (format === "yaml") writeYaml(proposals, io);
  if (format === "text") {
    const shown = proposals.map((proposal, index) => {
      const before = yamlOf(objects[index]?.manifest ?? {});
      return { ...proposal, before, after: proposal.manifest === undefined ? before : yamlOf(proposal.manifest) };
    });
    io.out(renderAccess(shown), isColored);
  }
  if (proposals.some(({ manifest }) => manifest !== undefined)) return EXIT.changes;
  return proposals.some(({ problem, isTooYoung }) => problem !== undefined && !isTooYoung) ? EXIT.blocked : EXIT.ok;
}

function writeYaml(proposals: readonly AccessProposal[], { out, err }: Pick<CommandIo, "out" | "err">): void {
  const documents = proposals.flatMap((proposal) => {
    const { manifest } = proposal;
    return manifest === undefined ? [] : [[...commented(proposalComments(proposal)), ...yamlOf(manifest)]];
  });
  out(documents.flatMap((lines, index) => (index === 0 ? lines : ["---", ...lines])));
  for (const { namespace, name, problem, manifest } of proposals)
    if (manifest === undefined) err(`${namespace}/${name}: ${problem ?? "nothing to remove"}`);
}
