import { Environment } from "@marcbachmann/cel-js";
import { RE2JS } from "re2js";

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

function addRegex(environment: Environment): void {
  environment
    .registerFunction(`string.${RE2_MATCHES}(string): bool`, (text: string, pattern: string) => re2(pattern).test(text))
    .registerFunction("matches(string, string): bool", (text: string, pattern: string) => re2(pattern).test(text));
}

function replaced(text: string, old: string, next: string, limit: number): string {
  const parts = text.split(old);
  const cut = limit < 0 ? parts.length - 1 : Math.min(limit, parts.length - 1);
  return [...parts.slice(0, cut), parts.slice(cut).join(old)].join(next);
}

function addStrings(environment: Environment): void {
  environment
    .registerFunction("string.replace(string, string): string", (text: string, old: string, next: string) =>
      replaced(text, old, next, -1),
    )
    .registerFunction(
      "string.replace(string, string, int): string",
      (text: string, old: string, next: string, limit: bigint) => replaced(text, old, next, Number(limit)),
    );
}

/** https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-list-library */
function addLists(environment: Environment): void {
  for (const type of ["int", "double", "string", "bool"]) {
    environment.registerFunction(`list<${type}>.indexOf(${type}): int`, (list: Iterable<unknown>, wanted: unknown) =>
      BigInt([...list].indexOf(wanted)),
    );
  }
}

/** A CEL environment with what Kubernetes adds to the language, as far as our CRDs and admission policies use it. */
export function kubernetesEnvironment(): Environment {
  const environment = new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: true });
  addRegex(environment);
  addStrings(environment);
  addLists(environment);
  return environment;
}
