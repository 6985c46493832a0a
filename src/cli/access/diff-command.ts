import { setImmediate as nextTurn } from "node:timers/promises";
import { readWholeRole } from "../../engine/offline/read-profile.ts";
import { compareAccess } from "../../model/access/compare-access.ts";
import { ABSENT, type Absent, type ObservedRole } from "../../model/observed-state.ts";
import { type AccessReport, accessReport } from "../../plan/access/access-report.ts";
import { type NamedReport, overallVerdict } from "../../plan/access/access-text.ts";
import { compareRoles } from "../../plan/access/compare-roles.ts";
import type { PlanFormat } from "../../plan/render.ts";
import { awsRates, readRateOption } from "../aws-options.ts";
import type { Command } from "../command.ts";
import { type CommandIo, DIFF_EXIT, EXIT, UsageError } from "../io.ts";
import type { GivenOptions } from "../options.ts";
import { withProgress } from "../progress.ts";
import { connectAsUser, PLAN_RATES, readManagedPolicies, reportUnread } from "../read-aws.ts";
import { diffLines } from "./diff-lines.ts";
import {
  accessOfPair,
  type DiffPair,
  liveRolesOf,
  managedArnsOf,
  originOf,
  pairsOf,
  type ReadSources,
} from "./diff-pairing.ts";
import { renderDiff } from "./diff-report.ts";
import { FILL_OPTIONS, filledInput } from "./filled-subjects.ts";
import { locateStatements } from "./locate-statements.ts";
import { readSide, type Side } from "./policy-input.ts";

/** Says what one version of policies or manifests grants that another does not. */
export const diffCommand: Command = {
  description: [
    "Says what --to grants that --from does not, with an example of each: a request that --from denies and --to allows. Each side is",
    "a policy document, a manifest, a folder of manifests, or live: the roles in AWS that the manifests of the other side name.",
    "Exit status: 0 no new access, 2 new access, 3 not decided, 1 error. With --pairs: 0, or 1 when a line is not valid.",
  ].join("\n"),
  options: {
    from: {
      type: "string",
      value: "FILE|DIR|live|-",
      isInput: true,
      help: "the access to start from; - reads standard input",
    },
    to: { type: "string", value: "FILE|DIR|live|-", isInput: true, help: "the access to judge" },
    pairs: {
      type: "string",
      value: "FILE|-",
      help: 'instead of --from and --to: JSON lines {"id", "from": POLICY, "to": POLICY}; prints a JSON line for each',
    },
    output: { type: "string", short: "o", value: "FORMAT", help: "text (default), json or markdown" },
    offline: { type: "boolean", help: "do not read managed policies in AWS: what they grant is not known then" },
    ...FILL_OPTIONS,
    ...readRateOption(PLAN_RATES),
  },
  run: diffAccess,
};

async function diffAccess(given: GivenOptions, io: CommandIo): Promise<number> {
  const [from, to, pairs] = [given.text("from"), given.text("to"), given.text("pairs")];
  if (pairs !== undefined) {
    const other = ["from", "to", "output"].find((name) => given.text(name) !== undefined);
    if (other !== undefined) throw new UsageError(`--pairs and --${other} cannot be combined`);
    return diffLines(pairs, compareAccess, io);
  }
  if (from === undefined || to === undefined)
    throw new UsageError("nothing to compare: set --from and --to, or --pairs");
  if (from === "-" && to === "-") throw new UsageError("--from and --to cannot both read standard input");
  if (from === "live" && to === "live") throw new UsageError("--from and --to cannot both be live");
  const format = formatOf(given.text("output") ?? "text");
  const [before, after] = [await sideOf("from", from, given, io), await sideOf("to", to, given, io)];
  if (before === undefined || after === undefined) return EXIT.error;
  const reports = await reportsOf(pairsOf(before, after), given, io);
  io.out(renderDiff(reports, format));
  return DIFF_EXIT[overallVerdict(reports)];
}

async function sideOf(
  option: "from" | "to",
  path: string,
  given: GivenOptions,
  io: CommandIo,
): Promise<Side | undefined> {
  const side = await readSide(option, path, io);
  return side && filledInput(side, given, "nothing was compared", io);
}

function formatOf(name: string): PlanFormat {
  if (name === "text" || name === "json" || name === "markdown") return name;
  throw new UsageError(`--output: "${name}" must be one of text, json, markdown`);
}

async function reportsOf(
  pairs: readonly DiffPair[],
  given: GivenOptions,
  io: CommandIo,
): Promise<readonly NamedReport[]> {
  const read = await readAws(pairs, given, io);
  const reports: NamedReport[] = [];
  for (const pair of pairs) {
    const { from, to } = accessOfPair(pair, read);
    const report = accessReport(compareRoles(from, to, compareAccess));
    reports.push({ ...(pair.name !== undefined && { name: pair.name }), report: await withPlaces(report, pair) });
    await nextTurn();
  }
  return reports;
}

async function withPlaces(report: AccessReport, pair: DiffPair): Promise<AccessReport> {
  const origin = originOf(pair);
  if (origin === undefined || report.verdict === "no-new-access") return report;
  const [found = report] = await locateStatements([{ ...origin, report }]);
  return found;
}

/** Reads the roles of a live side, and the managed policies of both. Connects only when there is something to read. */
async function readAws(pairs: readonly DiffPair[], given: GivenOptions, io: CommandIo): Promise<ReadSources> {
  const roleNames = liveRolesOf(pairs);
  const isOffline = given.flag("offline");
  if (isOffline && roleNames.length > 0) throw new UsageError("--offline: live reads roles in AWS");
  const none: ReadSources = { roles: new Map(), managed: new Map() };
  if (roleNames.length === 0 && (isOffline || managedArnsOf(pairs, none).length === 0)) return none;
  const aws = connectAsUser(awsRates(given, PLAN_RATES), io.env);
  try {
    const awaited = { command: "access diff", items: "roles", format: given.text("output") };
    return await withProgress(io, awaited, async (progress) => {
      const found = await progress.inParallel(roleNames, async (name): Promise<[string, ObservedRole | Absent]> => {
        return [name, (await readWholeRole(name, aws.iamReader, io.stop)) ?? ABSENT];
      });
      const roles = new Map(found);
      const managed = await readManagedPolicies(managedArnsOf(pairs, { roles }), aws, io.stop, reportUnread(io));
      return { roles, managed };
    });
  } finally {
    aws.close();
  }
}
