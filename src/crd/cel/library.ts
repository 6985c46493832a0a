import { Environment } from "@marcbachmann/cel-js";
import { RE2JS } from "re2js";
import { formatted } from "./format.ts";

type Ordered = string | bigint | number | boolean;
type CelList = readonly Ordered[] | ReadonlySet<Ordered>;

/** A rule may take its pattern from the object: what is kept must not grow with what is sent. */
const maxKeptPatterns = 1_000;
const patterns = new Map<string, RE2JS>();

function re2(pattern: string): RE2JS {
  const known = patterns.get(pattern);
  if (known !== undefined) {
    return known;
  }
  const compiled = RE2JS.compile(pattern);
  if (patterns.size < maxKeptPatterns) {
    patterns.set(pattern, compiled);
  }
  return compiled;
}

/** What `matches` is renamed to before the check, because the library's own runs JavaScript's expressions, not RE2. */
export const RE2_MATCHES = "re2Matches";

function found(text: string, pattern: string, limit: number): readonly string[] {
  const matcher = re2(pattern).matcher(text);
  const matches: string[] = [];
  while ((limit < 0 || matches.length < limit) && matcher.find()) {
    matches.push(matcher.group() ?? "");
  }
  return matches;
}

function addRegex(environment: Environment): void {
  environment
    .registerFunction(`string.${RE2_MATCHES}(string): bool`, (text: string, pattern: string) =>
      re2(pattern).matcher(text).find(),
    )
    .registerFunction("matches(string, string): bool", (text: string, pattern: string) =>
      re2(pattern).matcher(text).find(),
    )
    .registerFunction(
      "string.find(string): string",
      (text: string, pattern: string) => found(text, pattern, 1)[0] ?? "",
    )
    .registerFunction("string.findAll(string): list<string>", (text: string, pattern: string) =>
      found(text, pattern, -1),
    )
    .registerFunction("string.findAll(string, int): list<string>", (text: string, pattern: string, limit: bigint) =>
      found(text, pattern, Number(limit)),
    );
}

function replaced(text: string, old: string, next: string, limit: number): string {
  const parts = text.split(old);
  const cut = limit < 0 ? parts.length - 1 : Math.min(limit, parts.length - 1);
  return [...parts.slice(0, cut), parts.slice(cut).join(old)].join(next);
}

function charAt(text: string, index: bigint): string {
  const chars = [...text];
  if (index < 0n || index > chars.length) {
    throw new RangeError(`index out of range: ${index}`);
  }
  return chars[Number(index)] ?? "";
}

function addStrings(environment: Environment): void {
  environment
    .registerFunction("string.charAt(int): string", charAt)
    .registerFunction("string.replace(string, string): string", (text: string, old: string, next: string) =>
      replaced(text, old, next, -1),
    )
    .registerFunction(
      "string.replace(string, string, int): string",
      (text: string, old: string, next: string, limit: bigint) => replaced(text, old, next, Number(limit)),
    )
    .registerFunction("string.format(list): string", formatted);
}

function listed(list: CelList): readonly Ordered[] {
  return [...list];
}

function extreme(list: CelList, wins: (left: Ordered, right: Ordered) => boolean, name: string): Ordered {
  const [first, ...rest] = listed(list);
  if (first === undefined) {
    throw new RangeError(`${name} called on empty list`);
  }
  return rest.reduce((best, next) => (wins(next, best) ? next : best), first);
}

function isSorted(list: CelList): boolean {
  const entries = listed(list);
  return entries.every((entry, index) => index === 0 || (entries[index - 1] ?? entry) <= entry);
}

/** https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-list-library */
function addLists(environment: Environment): void {
  for (const type of ["int", "double", "string", "bool"]) {
    environment
      .registerFunction(`list<${type}>.isSorted(): bool`, isSorted)
      .registerFunction(`list<${type}>.min(): ${type}`, (list: CelList) => extreme(list, (a, b) => a < b, "min"))
      .registerFunction(`list<${type}>.max(): ${type}`, (list: CelList) => extreme(list, (a, b) => a > b, "max"))
      .registerFunction(`list<${type}>.indexOf(${type}): int`, (list: CelList, wanted: Ordered) =>
        BigInt(listed(list).indexOf(wanted)),
      )
      .registerFunction(`list<${type}>.lastIndexOf(${type}): int`, (list: CelList, wanted: Ordered) =>
        BigInt(listed(list).lastIndexOf(wanted)),
      );
  }
  environment
    .registerFunction("list<int>.sum(): int", (list: Iterable<bigint>) =>
      [...list].reduce((sum, next) => sum + next, 0n),
    )
    .registerFunction("list<double>.sum(): double", (list: Iterable<number>) =>
      [...list].reduce((sum, next) => sum + next, 0),
    );
}

class SetsNamespace {}

function containsAll(list: CelList, wanted: CelList): boolean {
  const entries = new Set(listed(list));
  return listed(wanted).every((entry) => entries.has(entry));
}

/** https://pkg.go.dev/github.com/google/cel-go/ext#Sets, for lists of scalars. */
function addSets(environment: Environment): void {
  environment
    .registerType("SetsNamespace", SetsNamespace)
    .registerConstant("sets", "SetsNamespace", new SetsNamespace());
  for (const type of ["int", "double", "string", "bool"]) {
    const lists = `(list<${type}>, list<${type}>): bool`;
    environment
      .registerFunction(`SetsNamespace.contains${lists}`, (_: SetsNamespace, list: CelList, wanted: CelList) =>
        containsAll(list, wanted),
      )
      .registerFunction(
        `SetsNamespace.equivalent${lists}`,
        (_: SetsNamespace, left: CelList, right: CelList) => containsAll(left, right) && containsAll(right, left),
      )
      .registerFunction(`SetsNamespace.intersects${lists}`, (_: SetsNamespace, left: CelList, right: CelList) => {
        const entries = new Set(listed(left));
        return listed(right).some((entry) => entries.has(entry));
      });
  }
}

function isUrl(text: string): boolean {
  return URL.canParse(text) || (text.startsWith("/") && URL.canParse(text, "http://host"));
}

/** A CEL environment with what Kubernetes adds to the language, as far as rules of CRDs use it. */
export function kubernetesEnvironment(): Environment {
  const environment = new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: true });
  addRegex(environment);
  addStrings(environment);
  addLists(environment);
  addSets(environment);
  environment.registerFunction("isURL(string): bool", isUrl);
  return environment;
}
