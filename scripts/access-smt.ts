/**
 * Lets an SMT solver judge the verdicts of `compareAccess` on random pairs: an opinion that shares no idea with the search.
 *
 *     npm install --no-save z3-solver@5.2.0
 *     npm run access:smt -- [--pairs 2000] [--seed N] [--milliseconds 5000]
 *
 * The solver is WebAssembly of 35 MB, and therefore not among the packages that every clone installs; Z3_SOLVER names another place to
 * load it from. Pairs that the fragment does not have are left out and do not count. The exit status is 1 when a verdict is wrong.
 */
import { parseArgs } from "node:util";
import { compareAccess } from "../src/model/access/compare-access.ts";
import { READINGS } from "../test/support/access/plain-patterns.ts";
import { type MadePair, randomPair } from "../test/support/access/random-pairs.ts";
import { pairText } from "../test/support/access/shrink-pair.ts";
import { type Answer, smtAnswer } from "../test/support/access/smt-judge.ts";

/** What this script uses of the package. */
interface Solver {
  mk_config(): unknown;
  set_param_value(config: unknown, name: string, value: string): void;
  mk_context(config: unknown): unknown;
  mk_solver(context: unknown): unknown;
  solver_inc_ref(context: unknown, solver: unknown): void;
  solver_dec_ref(context: unknown, solver: unknown): void;
  solver_from_string(context: unknown, solver: unknown, text: string): void;
  solver_check(context: unknown, solver: unknown): Promise<number>;
}

const { values } = parseArgs({
  options: {
    pairs: { type: "string", default: "2000" },
    seed: { type: "string", default: "1" },
    milliseconds: { type: "string", default: "5000" },
  },
});

const place: string = process.env["Z3_SOLVER"] ?? "z3-solver";
const { init } = (await import(place)) as { init(): Promise<{ Z3: Solver }> };
const { Z3: api } = await init();
const config = api.mk_config();
api.set_param_value(config, "timeout", values.milliseconds);
const context = api.mk_context(config);

const known = new Map<string, Answer>();

/** Many pairs ask for the same. */
async function solve(text: string): Promise<Answer> {
  const answer = known.get(text) ?? (await ask(text));
  known.set(text, answer);
  return answer;
}

async function ask(text: string): Promise<Answer> {
  const solver = api.mk_solver(context);
  api.solver_inc_ref(context, solver);
  api.solver_from_string(context, solver, text);
  const answer = await api.solver_check(context, solver);
  api.solver_dec_ref(context, solver);
  return answer === 1 ? "sat" : answer === -1 ? "unsat" : "unknown";
}

const figures = { pairs: 0, none: 0, example: 0, undecided: 0, agreed: 0, unknown: 0, wrong: 0 };

async function judge(pair: MadePair, seed: number): Promise<void> {
  const answers: string[] = [];
  for (const reading of READINGS) {
    const answer = await smtAnswer(pair, reading, solve);
    if (answer === undefined) return;
    answers.push(answer);
  }
  figures.pairs += 1;
  const { verdict } = compareAccess(pair.from, pair.to);
  figures[verdict === "no-new-access" ? "none" : verdict === "new-access" ? "example" : "undecided"] += 1;
  const expected = verdict === "no-new-access" ? "unsat" : "sat";
  if (verdict === "undecided") return;
  if (answers.every((answer) => answer === expected)) figures.agreed += 1;
  else if (answers.every((answer) => answer === expected || answer === "unknown")) figures.unknown += 1;
  else {
    figures.wrong += 1;
    console.log(`pair ${seed}: ${verdict}, the solver says ${answers.join(", ")}\n${pairText(pair)}`);
  }
}

for (let seed = Number(values.seed); figures.pairs < Number(values.pairs); seed += 1)
  await judge(randomPair(seed), seed);
console.log(JSON.stringify(figures));
// The solver's threads keep the process alive.
process.exit(figures.wrong === 0 ? 0 : 1);
