import { parseArgs } from "node:util";
import type { Check } from "./check.ts";
import { allChecks } from "./checks.ts";
import type { Cleaned } from "./clean.ts";
import { Conformance, type ConformanceOptions, type ConformanceRun, RefusedError } from "./conformance.ts";
import { countsOf, reportOf } from "./report.ts";
import { pathOf, prefixComplaint, RUN_TAG } from "./run-marks.ts";

/** What the command reads and writes. */
export interface CommandIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly versions: string;
  readonly template: string;
  out(line: string): void;
  /** The answer of a person; undefined when there is no terminal. */
  ask(question: string): Promise<string | undefined>;
  writeReport(file: string, text: string): Promise<void>;
  /** Unset: that of the options. */
  readonly change?: Partial<ConformanceOptions>;
}

/** Exit statuses. */
export const EXIT = { passed: 0, failed: 1, refused: 2, interrupted: 130 } as const;

const USAGE = `npm run e2e:aws -- --account-id ID --prefix PREFIX [OPTION...]

Checks in an AWS account what the controller assumes of AWS, and writes a report. See docs/how-to/conformance.md.

  --account-id ID             the account; refused when the credentials are of another one
  --prefix PREFIX             of every name and path: 3 to 16 lower-case letters, digits and dashes
  --region REGION             default: AWS_REGION, AWS_DEFAULT_REGION
  --instance-type TYPE        with --image-id: starts instances, which cost money
  --image-id AMI              of the instances
  --subnet-id SUBNET          of the instances; default: the default subnet
  --clean                     deletes what runs with this prefix have left, and checks nothing
  --yes                       does not ask
  --list                      lists the checks, and sends nothing
  --only TEXT                 makes the checks whose id has this text
  --report FILE               default: aws-report-DATE.md
  --redact                    leaves the account id and the caller's name out of the report
  --endpoint-url URL          of every service, such as moto's
  --requests-per-second N     default: 5
  --max-requests N            default: 5000
  --max-minutes N             default: 45, with instances 120
  --visible-within-seconds N  how long a check may wait for AWS to show a change; default: 180, and 0 for a loopback endpoint`;

const OPTIONS = {
  "account-id": { type: "string" },
  prefix: { type: "string" },
  region: { type: "string" },
  "instance-type": { type: "string" },
  "image-id": { type: "string" },
  "subnet-id": { type: "string" },
  clean: { type: "boolean" },
  yes: { type: "boolean" },
  list: { type: "boolean" },
  only: { type: "string" },
  report: { type: "string" },
  redact: { type: "boolean" },
  "endpoint-url": { type: "string" },
  "requests-per-second": { type: "string" },
  "max-requests": { type: "string" },
  "max-minutes": { type: "string" },
  "visible-within-seconds": { type: "string" },
  help: { type: "boolean" },
} as const;

/** What may follow `npm run e2e:aws`. */
export const CONFORMANCE_FLAGS: ReadonlySet<string> = new Set([
  "--",
  ...Object.keys(OPTIONS).map((name) => `--${name}`),
]);

type Given = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>["values"];

/** Runs the command; returns its exit status. */
export async function conformanceCommand(args: readonly string[], io: CommandIo): Promise<number> {
  try {
    const given = parseArgs({ args: [...args], options: OPTIONS }).values;
    if (given.help === true) io.out(USAGE);
    else if (given.list === true) for (const check of chosen(given)) io.out(`${check.id}: ${check.assumption}`);
    else return await inAccount(given, io);
    return EXIT.passed;
  } catch (error) {
    if (!(error instanceof RefusedError) && (error as { code?: string }).code?.startsWith("ERR_PARSE_ARGS") !== true) {
      throw error;
    }
    io.out(`e2e:aws: ${(error as Error).message}`);
    return EXIT.refused;
  }
}

async function inAccount(given: Given, io: CommandIo): Promise<number> {
  const options = { ...optionsOf(given, io.env), ...io.change };
  const conformance = new Conformance(options);
  const caller = await conformance.identify();
  const checks = chosen(given);
  for (const line of announcement(options, caller, given.clean === true ? [] : checks)) io.out(line);
  await confirm(given, io);
  if (given.clean === true) return cleaned(await conformance.clean(), io);
  const startedMs = performance.now();
  const date = new Date();
  const run = await conformance.run(checks, io.signal, ({ check, verdict, observed }) =>
    io.out(`${verdict.padEnd(14)} ${check.id}${observed === "" ? "" : `: ${observed}`}`),
  );
  const report = reportOf(io.template, options, run, {
    date,
    durationMs: performance.now() - startedMs,
    versions: io.versions,
    isRedacted: given.redact === true,
  });
  const file = given.report ?? `aws-report-${date.toISOString().slice(0, 10)}.md`;
  await io.writeReport(file, report);
  io.out(`${countsOf(run.results)}; report: ${file}`);
  for (const left of run.cleanedAfter.left) io.out(`not deleted: ${left}`);
  return statusOf(run, io.signal);
}

function statusOf({ results, cleanedAfter, endedEarly }: ConformanceRun, signal: AbortSignal): number {
  if (signal.aborted) return EXIT.interrupted;
  const isFailed = results.some(({ verdict }) => verdict === "failed") || endedEarly !== undefined;
  return isFailed || cleanedAfter.left.length > 0 ? EXIT.failed : EXIT.passed;
}

function cleaned({ removed, left }: Cleaned, io: CommandIo): number {
  for (const what of removed) io.out(`deleted: ${what}`);
  for (const what of left) io.out(`not deleted: ${what}`);
  io.out(`${removed.length} deleted, ${left.length} not deleted`);
  return left.length === 0 ? EXIT.passed : EXIT.failed;
}

/** What the run will make, and what that costs. */
function announcement(
  { accountId, prefix, region, endpoint, launchable, requestsPerSecond, maxMinutes }: ConformanceOptions,
  caller: string,
  checks: readonly Check[],
): readonly string[] {
  const where = `account ${accountId} (${endpoint ?? "AWS"}, ${region}) as ${caller}`;
  const owned = `with path ${pathOf(prefix)}, names ${prefix}-RUN-… and tag ${RUN_TAG}=${prefix}/RUN`;
  const first = `First it deletes what earlier runs left: roles, policies, instance profiles, instances and launch templates ${owned}.`;
  if (checks.length === 0) return [`In ${where}:`, first];
  const starting = checks.filter(({ needs }) => needs === "instance").length;
  const instances =
    launchable === undefined
      ? "It starts no instance."
      : `${starting} checks start about ${starting + 10} instances of type ${launchable.instanceType} in all, one after the other, ` +
        "each for a few minutes. EC2 bills at least a minute of each: cents for a small type.";
  return [
    `In ${where}:`,
    first,
    `Then it makes ${checks.length} checks: it creates and deletes roles, policies, instance profiles and launch templates ${owned}. They cost nothing.`,
    instances,
    `At most ${requestsPerSecond} requests a second, ${maxMinutes} minutes. Ctrl-C ends the run and deletes what it has made.`,
  ];
}

/** Errors: RefusedError without consent. */
async function confirm({ yes, "account-id": accountId }: Given, io: CommandIo): Promise<void> {
  if (yes === true) return;
  const answer = await io.ask(`Enter the account id to continue: `);
  if (answer === undefined) throw new RefusedError("there is no terminal to ask for consent; pass --yes");
  if (answer.trim() !== accountId) throw new RefusedError("nothing was done");
}

function chosen({ only }: Given): readonly Check[] {
  const checks = allChecks.filter(({ id }) => id.includes(only ?? ""));
  if (checks.length === 0) throw new RefusedError(`no check has ${only} in its id; --list lists them`);
  return checks;
}

function optionsOf(given: Given, env: CommandIo["env"]): ConformanceOptions {
  const { "account-id": accountId = "", prefix = "", "endpoint-url": endpoint } = given;
  if (!/^\d{12}$/.test(accountId)) throw new RefusedError("--account-id must be the 12 digits of an account");
  const complaint = prefixComplaint(prefix);
  if (complaint !== undefined) throw new RefusedError(complaint);
  const region = given.region ?? env["AWS_REGION"] ?? env["AWS_DEFAULT_REGION"];
  if (region === undefined) throw new RefusedError("name the region: --region or AWS_REGION");
  const isStandIn = endpoint !== undefined && ["127.0.0.1", "localhost", "[::1]"].includes(hostOf(endpoint));
  const launchable = launchableOf(given);
  const visibleWithinMs = numberOf(given, "visible-within-seconds", isStandIn ? 0 : 180) * 1_000;
  return {
    accountId,
    prefix,
    region,
    ...(endpoint !== undefined && { endpoint }),
    launchable,
    requestsPerSecond: numberOf(given, "requests-per-second", 5),
    maxRequests: numberOf(given, "max-requests", 5_000),
    maxMinutes: numberOf(given, "max-minutes", launchable === undefined ? 45 : 120),
    visibleWithinMs,
    afterWriteMs: visibleWithinMs === 0 ? [0] : [500, 10_000],
  };
}

function launchableOf(given: Given): ConformanceOptions["launchable"] {
  const { "instance-type": instanceType, "image-id": imageId, "subnet-id": subnetId } = given;
  if (instanceType === undefined && imageId === undefined && subnetId === undefined) return undefined;
  if (instanceType === undefined || imageId === undefined) {
    throw new RefusedError("instances need both --instance-type and --image-id");
  }
  return { instanceType, imageId, subnetId };
}

function numberOf(given: Given, name: keyof Given, fallback: number): number {
  const text = given[name];
  const value = text === undefined ? fallback : Number(text);
  if (Number.isFinite(value) && value >= 0) return value;
  throw new RefusedError(`--${name} ${text} is not a number`);
}

/** Errors: RefusedError for a text that is not a URL. */
function hostOf(endpoint: string): string {
  if (!URL.canParse(endpoint)) throw new RefusedError(`--endpoint-url ${endpoint} is not a URL`);
  return new URL(endpoint).hostname;
}
