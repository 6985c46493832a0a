/**
 * Checks the subjects of commits: at most 72 characters, imperative, a capital letter first and no full stop at the end.
 * The git hook passes the file of the message, the workflow `check` the commits of a pull request.
 *
 *     node scripts/commit-subject.ts --message FILE
 *     node scripts/commit-subject.ts BASE..HEAD
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

const MAX_LENGTH = 72;
/** Words of git itself, which it replaces or keeps as they are. */
const BY_GIT = /^(?:Merge |Revert "|(?:fixup|squash|amend)! )/;
/** "Added", "Adding" and "Adds" are not imperative; these words are, though they end so. */
const IMPERATIVE = new Set([
  "Embed",
  "Exceed",
  "Feed",
  "Need",
  "Proceed",
  "Seed",
  "Shed",
  "Speed",
  "Bring",
  "Ping",
  "String",
]);
const CUT = /^# -+ >8 -+$/m;

if (import.meta.main) process.exitCode = check(process.argv.slice(2));

/** What is wrong with a subject, one sentence each; empty when nothing is. */
export function problemsOf(subject: string): readonly string[] {
  if (subject === "") return ["it is empty: say what the commit does"];
  if (BY_GIT.test(subject)) return [];
  const [word = ""] = subject.split(/[^\p{L}'-]/u);
  const length = [...subject].length;
  return [
    ...(length > MAX_LENGTH
      ? [`it has ${length} characters, the most is ${MAX_LENGTH}: move the why into the body`]
      : []),
    ...(/^[\p{Lu}\d`]/u.test(subject) ? [] : ["it does not begin with a capital letter: begin with the verb"]),
    ...(subject.endsWith(".") ? ["it ends with a full stop: leave it out"] : []),
    ...(isImperative(word) ? [] : [`"${word}" is not imperative: write it as an order, like "Add" or "Fix"`]),
  ];
}

/** The subject of a message as git takes it: the first line that is no comment, above the line that cuts the diff off. */
export function subjectOf(message: string): string {
  const [text = ""] = message.split(CUT);
  return (
    text
      .split("\n")
      .find((line) => line.trim() !== "" && !line.startsWith("#"))
      ?.trim() ?? ""
  );
}

function isImperative(word: string): boolean {
  return IMPERATIVE.has(word) || !/(?:ed|ing|[^aeious]s|es)$/.test(word);
}

function check(args: readonly string[]): number {
  const bad = subjectsFor(args).flatMap((subject) => problemsOf(subject).map((problem) => ({ subject, problem })));
  for (const { subject, problem } of bad) console.error(`commit subject ${JSON.stringify(subject)}: ${problem}`);
  return bad.length === 0 ? 0 : 1;
}

function subjectsFor(args: readonly string[]): readonly string[] {
  const [first = "", file] = args;
  if (first === "--message" && file !== undefined) return [subjectOf(readFileSync(file, "utf8"))];
  if (args.length !== 1 || !first.includes("..")) throw new Error("pass --message FILE or BASE..HEAD");
  const git = spawnSync("git", ["log", "--no-merges", "--format=%s", "--end-of-options", first], { encoding: "utf8" });
  if (git.status !== 0) throw new Error(`git log ${first}: ${git.stderr || git.error?.message}`);
  return git.stdout.split("\n").slice(0, -1);
}
