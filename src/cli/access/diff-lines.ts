import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { setImmediate as nextTurn } from "node:timers/promises";
import { TerminalError } from "../../errors.ts";
import type { Access } from "../../model/access/access.ts";
import { parsePolicyText } from "../../model/policy/policy-document.ts";
import { isJsonObject, type JsonValue, listOf } from "../../model/policy/policy-json.ts";
import { areaReport } from "../../plan/access/access-report.ts";
import type { CompareAccess } from "../../plan/access/compare-roles.ts";
import { type CommandIo, EXIT } from "../io.ts";
import { fileFault } from "../manifests/manifest-files.ts";
import { isTrustPolicy } from "./policy-input.ts";

/**
 * Compares the pairs of policies of a file of JSON lines, and prints a line for each as soon as it is decided. Returns the exit status: 1 when
 * a line is not a pair, else 0.
 *
 * @param path `-` for standard input
 *
 * Errors: TerminalError for a file that cannot be read.
 */
export async function diffLines(path: string, compare: CompareAccess, io: CommandIo): Promise<number> {
  let isBad = false;
  for await (const line of path === "-" ? io.readLines() : linesOf(path)) {
    io.stop.throwIfAborted();
    if (line.trim() === "") continue;
    const answer = answerTo(line, compare);
    isBad ||= "error" in answer;
    io.out(JSON.stringify(answer));
    await nextTurn();
  }
  return isBad ? EXIT.error : EXIT.ok;
}

async function* linesOf(path: string): AsyncIterable<string> {
  const input = createReadStream(path, "utf8");
  const failed = new Promise<never>((_resolve, reject) => {
    input.once("error", (error: NodeJS.ErrnoException) =>
      reject(new TerminalError(`${path} ${fileFault(error)}`, { reason: "UnreadableFile", cause: error })),
    );
  });
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]();
  for (;;) {
    const next = await Promise.race([lines.next(), failed]);
    if (next.done === true) return;
    yield next.value;
  }
}

/** The id as the line has it: any JSON value. */
type Answer =
  | { readonly id: JsonValue; readonly error: string }
  | {
      readonly id: JsonValue;
      readonly verdict: string;
      readonly examples: readonly object[];
      readonly undecided: readonly object[];
    };

function answerTo(line: string, compare: CompareAccess): Answer {
  const pair = parsePolicyText(line);
  if (!isJsonObject(pair)) return { id: null, error: "the line is not a JSON object, or has a key twice" };
  const { id = null } = pair;
  const [from, to] = [policiesOf(pair["from"]), policiesOf(pair["to"])];
  if (from === undefined) return { id, error: "from: must be a policy document or a list of them" };
  if (to === undefined) return { id, error: "to: must be a policy document or a list of them" };
  const use: Access["use"] = [...from, ...to].some(isTrustPolicy) ? "trust" : "permissions";
  const comparison = compare({ use, layers: [from] }, { use, layers: [to] });
  const policies = to.map((document, index) => ({
    name: to.length === 1 ? "the policy" : `policy ${index + 1}`,
    document,
  }));
  const { verdict, examples, undecided } = areaReport({ comparison, layers: [policies] });
  return { id, verdict, examples, undecided };
}

function policiesOf(value: JsonValue | undefined): readonly JsonValue[] | undefined {
  const policies = listOf(value);
  return value !== undefined && policies.every(isJsonObject) ? policies : undefined;
}
