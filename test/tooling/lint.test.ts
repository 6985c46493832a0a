import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Copy, copyOf, ROOT } from "./copy-of-sources.ts";

/** What we read of Biome's JSON report. */
interface Report {
  readonly diagnostics: readonly {
    readonly category: string;
    readonly severity: string;
    readonly location: { readonly path: string };
  }[];
}

function biome(folder: string): { readonly status: number | null; readonly report: Report } {
  const args = ["ci", ".", "--reporter=json", "--max-diagnostics=none", "--colors=off"];
  const { status, stdout, stderr } = spawnSync(join(ROOT, "node_modules/.bin/biome"), args, {
    cwd: folder,
    encoding: "utf8",
  });
  if (!stdout.startsWith("{")) throw new Error(`biome gave no report but: ${stdout}${stderr}`);
  return { status, report: JSON.parse(stdout) as Report };
}

const planted = [
  {
    what: "a promise that nobody waits for",
    rule: "lint/nursery/noFloatingPromises",
    file: "src/floating.ts",
    text: "async function write(): Promise<void> {}\n\nexport function start(): void {\n  write();\n}\n",
  },
  {
    what: "a promise as a condition",
    rule: "lint/nursery/noMisusedPromises",
    file: "src/misused.ts",
    text: 'const isThere = async (): Promise<boolean> => false;\n\nexport function answer(): string {\n  if (isThere()) return "yes";\n  return "no";\n}\n',
  },
  {
    what: "any",
    rule: "lint/suspicious/noExplicitAny",
    file: "src/untyped.ts",
    text: "export function first(list: any): unknown {\n  return list[0];\n}\n",
  },
  {
    what: "output past the commands",
    rule: "lint/suspicious/noConsole",
    file: "src/talking.ts",
    text: 'export function talk(): void {\n  console.log("hello");\n}\n',
  },
  {
    what: "an assertion that something is there",
    rule: "lint/style/noNonNullAssertion",
    file: "src/asserting.ts",
    text: "export function first(list: readonly string[]): string {\n  return list[0]!;\n}\n",
  },
  {
    what: "a function of more than 50 lines",
    rule: "lint/complexity/noExcessiveLinesPerFunction",
    file: "src/endless.ts",
    text: `export function endless(add: (n: number) => void): void {\n${"  add(1);\n".repeat(51)}}\n`,
  },
];

describe("the linter refuses", () => {
  let copy: Copy;
  let result: ReturnType<typeof biome>;

  beforeAll(() => {
    copy = copyOf("biome.json", "package.json", "tsconfig.json");
    for (const { file, text } of planted) copy.plant(file, text);
    copy.plant("src/fine.ts", "export const fine: number = 1;\n");
    result = biome(copy.folder);
  });
  afterAll(() => copy.remove());

  test.each(planted)("$what", ({ rule, file }) => {
    const found = result.report.diagnostics.filter(({ location }) => location.path === file);
    expect(found).toContainEqual(expect.objectContaining({ category: rule, severity: "error" }));
  });

  test("and nothing else", () => {
    expect(result.status).not.toBe(0);
    const others = result.report.diagnostics.filter(({ location, category }) =>
      planted.every(({ file, rule }) => file !== location.path || rule !== category),
    );
    expect(others).toEqual([]);
  });
});
