import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Fails on words of the private language that this project once had, in identifiers, messages, comments and docs. */

const ROOT = join(import.meta.dirname, "..");

/** A word, or several, and what to write instead. Words are matched whole, also within camelCase and kebab-case names. */
const TERMS: readonly (readonly [words: RegExp, instead: string])[] = [
  [/\b(sweep|sweeps|sweeper|sweeping|swept)\b/i, "account scan"],
  [/\b(sighting|sightings)\b/i, "stale observation"],
  [/\bspared?\b/i, "skip"],
  [/\b(untold|begun)\b/i, "never reported, interrupted create"],
  [/\banew\b/i, "again"],
  [/\b(whoever|whosever|whosoever)\b/i, "name the actor"],
  [/\b(somebody|nobody)\b/i, "another client, a user, no one: name the actor"],
  [/\bstrangers?\b/i, "unmanaged, another client"],
  [/\bshall\b/i, "must"],
  [/\bmend(s|ed|ing)?\b/i, "fix, repair"],
  [/\b(settle|settles|settled|settling)\b/i, "propagation, recent writes"],
  [/\bpatience\b/i, "maximum wait"],
  [/\bstanding\b/i, "class binding"],
  [/\bheld up\b/i, "blocked"],
  [/\bas good as\b/i, "say what it is"],
  [/\bput right\b/i, "repair"],
  [/\b(looks?|looked|looking) (at|again|once more)\b/i, "read, reconcile, observe"],
  [/(?<!there )\bis none\b/i, "is invalid, does not exist"],
  [/\bonly a person\b/i, "manual intervention"],
];

/** Uses that stay, by file and word. */
const ALLOWED: readonly (readonly [file: string, word: RegExp, why: string])[] = [
  ["scripts/vocabulary.ts", /./, "the list itself"],
  ["src/engine/observe/observe-iam.ts", /^settled$/i, "Promise.allSettled"],
  ["test/tooling/vocabulary.test.ts", /./, "words that must be found"],
];

/** A word that does not belong. */
export interface Misuse {
  readonly file: string;
  readonly line: number;
  readonly word: string;
  readonly instead: string;
}

/** The misuses in a text. Each term counts once a line. */
export function misusesIn(file: string, text: string): readonly Misuse[] {
  return text.split("\n").flatMap((content, index) => {
    const words = content.replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2").replaceAll(/[-_]/g, " ");
    return TERMS.flatMap(([term, instead]) => {
      const word = term.exec(words)?.[0];
      if (word === undefined || isAllowed(file, word)) return [];
      return [{ file, line: index + 1, word, instead }];
    });
  });
}

function isAllowed(file: string, word: string): boolean {
  return ALLOWED.some(([path, term]) => path === file && term.test(word));
}

/** What is checked: the product, its manifests and its docs. Tests and the sandbox speak of AWS and Kubernetes as these do. */
const CHECKED = ["src", "docs", "deploy", "crds", "examples", "README.md", "CONTRIBUTING.md", "SECURITY.md", ".github"];
const EXCLUDED = /^src\/(sandbox|crd|guest)\//;

function main(): void {
  const listed = execFileSync("git", ["ls-files", "--", ...CHECKED], { cwd: ROOT, encoding: "utf8" });
  const files = listed.split("\n").filter((file) => /\.(ts|md|yaml|yml|json|lua)$/.test(file) && !EXCLUDED.test(file));
  if (files.length === 0) throw new Error("there are no files to check: this check would pass whatever is wrong");
  const misuses = files.flatMap((file) => misusesIn(file, readFileSync(join(ROOT, file), "utf8")));
  for (const { file, line, word, instead } of misuses) console.error(`${file}:${line}: "${word}": write ${instead}`);
  if (misuses.length > 0) console.error(`${misuses.length} words that the vocabulary in CONTRIBUTING.md replaces`);
  process.exitCode = misuses.length === 0 ? 0 : 1;
}

if (process.argv[1] === import.meta.filename) main();
