import { renderUsage, type UsageFormat } from "../../plan/usage/render-usage.ts";
import { DAY_MS, TRACKED_DAYS } from "../../plan/usage/role-use.ts";
import { findingsOf, type UsageReport } from "../../plan/usage/usage-report.ts";
import type { WatchedObject } from "../../runtime/watch/list-watch.ts";
import { rfc3339 } from "../../text/rfc3339.ts";
import { awsRates, EC2_READ_RATE_OPTION, givenRegions, readRateOption } from "../aws-options.ts";
import { CLUSTER_OPTIONS } from "../cluster-options.ts";
import type { Command } from "../command.ts";
import { type CommandIo, EXIT, UsageError } from "../io.ts";
import { COLOR_OPTION, hasColor } from "../line-io.ts";
import { readInput } from "../manifests/manifests.ts";
import { durationMs, type GivenOptions, namespacesOf } from "../options.ts";
import { readClasses, readClusterObjects } from "../plan/cluster-classes.ts";
import { type Subject, validSubjects } from "../plan/plan-subjects.ts";
import { withProgress } from "../progress.ts";
import { connectAsUser, PLAN_RATES } from "../read-aws.ts";
import { type AccessFormat, proposalsFor, writeProposals } from "../report/access-report.ts";
import { accountsOf, closeAll, type ReachedAccount, reachAccounts } from "../report/accounts.ts";
import { namedObjects } from "../report/named-objects.ts";
import { type Period, readUsage } from "../report/read-usage.ts";

/** Says what objects have in AWS that nothing uses. */
export const reportCommand: Command = {
  description: [
    "Reports InstanceProfiles of the cluster whose roles have no known use for a time, whose instance profiles are on no instance and in no",
    "launch template, or whose roles have unmanaged policies, by namespace and class. Reads the account of your AWS credentials by one",
    "scan. What it may not read is named, and counts as not known. With --access, reports what the roles of the named objects have",
    "accessed by IAM's records, and proposes manifests without the actions that are known to be unused. Changes nothing.",
    "Exit status: 0 no finding, 2 findings or proposals, 3 none, but something was not read, 1 error. A role that IAM has not watched for",
    "long enough is no finding.",
  ].join("\n"),
  options: {
    "unused-for": {
      type: "string",
      value: "DURATION",
      help: `how long IAM must know no use; default 90d, at most ${TRACKED_DAYS}d, because IAM keeps no more`,
    },
    namespace: {
      type: "string",
      multiple: true,
      short: "n",
      value: "NAME",
      help: "only this namespace; repeatable; default: all namespaces, and with --access that of the context",
    },
    region: {
      type: "string",
      multiple: true,
      value: "REGION",
      help: "search only this region for instances and launch templates; repeatable; default: every region that the account has enabled",
    },
    access: {
      type: "boolean",
      help: "report what the roles of the named objects have accessed, and propose narrower statements",
    },
    filename: {
      type: "string",
      multiple: true,
      short: "f",
      value: "FILE|DIR|PATTERN|-",
      help: "with --access: the objects of these manifests, and proposals as changes to them; repeatable; - reads standard input",
    },
    "drop-unused-services": {
      type: "boolean",
      help: "with --access: also remove patterns, and actions that IAM does not track, of services that the role has never accessed",
    },
    output: {
      type: "string",
      short: "o",
      value: "FORMAT",
      help: "text (default), json or markdown; with --access: text, json, or yaml for the proposed manifests",
    },
    ...CLUSTER_OPTIONS,
    ...COLOR_OPTION,
    ...readRateOption(PLAN_RATES),
    ...EC2_READ_RATE_OPTION,
  },
  positionals: "[OBJECT...]",
  run: (given, io) => (given.flag("access") ? reportAccess(given, io) : reportUsage(given, io)),
};

const USAGE_FORMATS: readonly UsageFormat[] = ["text", "json", "markdown"];
const ACCESS_FORMATS: readonly AccessFormat[] = ["text", "json", "yaml"];

const DEFAULT_UNUSED_MS = 90 * DAY_MS;
/** Less says little, because IAM shows a use hours later; a sandbox shows it at once. */
const MIN_UNUSED_MS = 1_000;

async function reportUsage(given: GivenOptions, io: CommandIo): Promise<number> {
  const format = formatOf(given.text("output") ?? "text", USAGE_FORMATS);
  if (given.positionals.length > 0)
    throw new UsageError("objects can be named with --access only; select with --namespace");
  if (given.list("filename").length > 0)
    throw new UsageError("-f requires --access: without it, report reads the objects of the cluster");
  if (given.flag("drop-unused-services")) throw new UsageError("--drop-unused-services requires --access");
  const period = periodOf(given, io);
  const regions = givenRegions(given);
  const isColored = hasColor(given, io);
  const rates = awsRates(given, PLAN_RATES);
  const namespaces = namespacesOf(given) ?? [undefined];
  const objects = await readClusterObjects(given, io, namespaces);
  io.err(emptyNamespaces(namespaces, objects).map((where) => `No InstanceProfiles found in ${where}.`));
  const aws = connectAsUser(rates, io.env);
  const sources = { own: aws, rates, readClasses: () => readClasses(given, io) };
  const opened: ReachedAccount[] = [];
  try {
    const awaited = { command: "report", items: "regions", format };
    const read = await withProgress(io, awaited, async () => {
      opened.push(...(await reachAccounts(accountsOf(objects), sources, io.stop)));
      return readUsage(objects, opened, { ...period, regions }, io.stop);
    });
    const time = rfc3339(period.nowMs);
    const whole: UsageReport = { time, unusedForDays: period.unusedForMs / DAY_MS, ...read };
    io.out(renderUsage(whole, format), isColored);
    return exitStatusOf(whole);
  } finally {
    closeAll(aws, opened);
  }
}

/** Where no object is, as a mistyped name of a namespace would not show otherwise. */
function emptyNamespaces(
  namespaces: readonly (string | undefined)[],
  objects: readonly WatchedObject[],
): readonly string[] {
  const found = new Set(objects.map(({ metadata }) => metadata.namespace));
  return namespaces.flatMap((namespace) => {
    if (namespace === undefined) return objects.length === 0 ? ["any namespace"] : [];
    return found.has(namespace) ? [] : [`namespace ${namespace}`];
  });
}

async function reportAccess(given: GivenOptions, io: CommandIo): Promise<number> {
  const format = formatOf(given.text("output") ?? "text", ACCESS_FORMATS);
  const period = periodOf(given, io);
  const isColored = hasColor(given, io);
  const rates = awsRates(given, PLAN_RATES);
  const paths = given.list("filename");
  const subjects = paths.length === 0 ? undefined : await subjectsIn(paths, io);
  if (paths.length > 0 && subjects === undefined) return EXIT.error;
  const objects = await namedObjects(given, subjects, io);
  const aws = connectAsUser(rates, io.env);
  const sources = { own: aws, rates, readClasses: () => readClasses(given, io) };
  const opened: ReachedAccount[] = [];
  try {
    const dropsUnusedServices = given.flag("drop-unused-services");
    const awaited = { command: "report", items: "objects", format };
    const proposals = await withProgress(io, awaited, async (progress) => {
      opened.push(...(await reachAccounts(accountsOf(objects.map(({ object }) => object)), sources, io.stop)));
      return proposalsFor(objects, { accounts: opened, period, dropsUnusedServices, progress }, io);
    });
    return writeProposals(proposals, objects, format, { io, isColored });
  } finally {
    closeAll(aws, opened);
  }
}

async function subjectsIn(paths: readonly string[], io: CommandIo): Promise<readonly Subject[] | undefined> {
  return validSubjects(await readInput(paths, io.readInput), "nothing was reported", io);
}

/** The period of `--unused-for`. Errors: UsageError for one that IAM cannot answer for. */
function periodOf(given: GivenOptions, { clock }: Pick<CommandIo, "clock">): Period {
  const unusedForMs = durationMs("unused-for", given.text("unused-for"), DEFAULT_UNUSED_MS, MIN_UNUSED_MS);
  if (unusedForMs > TRACKED_DAYS * DAY_MS)
    throw new UsageError(`--unused-for: IAM keeps the uses of ${TRACKED_DAYS} days; write ${TRACKED_DAYS}d or less`);
  return { nowMs: clock.nowMs(), unusedForMs };
}

function formatOf<Format extends string>(name: string, formats: readonly Format[]): Format {
  const found = formats.find((format) => format === name);
  if (found !== undefined) return found;
  throw new UsageError(`--output: "${name}" must be one of ${formats.join(", ")}`);
}

function exitStatusOf(whole: UsageReport): number {
  if (Object.values(findingsOf(whole)).some((found) => found.length > 0)) return EXIT.changes;
  return whole.notRead.length > 0 ? EXIT.blocked : EXIT.ok;
}
