/**
 * How many inputs a law tries of those it names. `npm run test:all` tries all; `npm test`, which is for every edit, the first quarter of
 * them: the inputs are the same in every run, so that what one of the two finds, the other does not lose.
 */
export function lawRuns(count: number): number {
  return process.env["TESTS"] === "quick" ? Math.ceil(count / 4) : count;
}
