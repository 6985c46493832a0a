import type { Random } from "../../src/sandbox/aws/random.ts";

/** An InstanceProfile up to its spec. */
const HEAD = "apiVersion: iam.instanceprofile.dev/v1beta1\nkind: InstanceProfile\nmetadata: {name: a}\nspec:\n";

const SIZES = [10, 100, 1_000, 5_000, 20_000];

const sizeOf = (random: Random): number => SIZES[random.integer(0, SIZES.length - 1)] ?? 10;

const lines = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join("");

/** Documents whose cost grows faster than their length in a parser, or a reader, that is careless. */
export const SHAPES: readonly ((random: Random) => string)[] = [
  (random) => `${HEAD}  x: ${"[".repeat(sizeOf(random))}`,
  (random) => {
    const size = sizeOf(random);
    return `${HEAD}  x: ${"[".repeat(size)}${"]".repeat(size)}`;
  },
  (random) => {
    const size = sizeOf(random);
    return `${HEAD}  x: ${"{a: ".repeat(size)}1${"}".repeat(size)}`;
  },
  (random) => `${HEAD}  x:\n    ${"- ".repeat(sizeOf(random))}a`,
  (random) => `${HEAD}  x:\n    ${"? ".repeat(sizeOf(random))}a`,
  (random) => HEAD + lines(Math.min(sizeOf(random), 1_000), (i) => `${"  ".repeat(i + 1)}a:\n`),
  (random) => HEAD + lines(sizeOf(random), (i) => `  k${i}: v\n`),
  (random) => `${HEAD}  tags: {${lines(sizeOf(random), (i) => `k${i}: v, `)}}`,
  (random) => HEAD + lines(sizeOf(random), (i) => `  k${i}: &a${i} v\n  l${i}: *a${i}\n`),
  (random) => `${HEAD}  a: &a [${lines(sizeOf(random), () => "x, ")}]\n  b: [${lines(sizeOf(random), () => "*a, ")}]`,
  (random) => {
    const level = (i: number): string => `  a${i}: &a${i} [${`*a${i - 1}, `.repeat(9)}]\n`;
    return `${HEAD}  a0: &a0 [${"x, ".repeat(9)}]\n${lines(random.integer(2, 30), (i) => level(i + 1))}`;
  },
  () => `${HEAD}  a: &a {b: *a}`,
  () => `${HEAD}  a: &a\n    ? *a\n    : b`,
  (random) => `${HEAD}  roleName: "${"\\u001b".repeat(sizeOf(random))}"`,
  (random) => `${HEAD}  roleName: ${"x".repeat(sizeOf(random) * 10)}`,
  (random) => `${HEAD}  ${"k".repeat(sizeOf(random))}: 1`,
  (random) => HEAD + "#\n".repeat(sizeOf(random)),
  (random) => `${HEAD + "\n".repeat(sizeOf(random))}  a: 1`,
  (random) => `${HEAD}  a: |\n${lines(sizeOf(random), (i) => `${" ".repeat(4 + (i % 7))}x\n`)}`,
  (random) => `${HEAD}  a: >\n${"\n".repeat(sizeOf(random))}    x`,
  (random) => `${HEAD}  a: "${" \n".repeat(sizeOf(random))}"`,
  (random) => "---\n".repeat(sizeOf(random)),
  (random) => `%YAML 1.1\n---\n${HEAD}  a: ${"1:".repeat(sizeOf(random))}1`,
  (random) => `${HEAD}  a: ${"!x ".repeat(sizeOf(random))}1`,
  (random) => `${HEAD}  a: ${"&x ".repeat(sizeOf(random))}1`,
  (random) => `${HEAD}  a: ${"'".repeat(sizeOf(random))}`,
  (random) =>
    lines(Math.min(sizeOf(random), 1_000), (i) => `${HEAD.replace("name: a", `name: a${i}`)}  roleName: a${i}\n---\n`),
  (random) => `${HEAD}  statements:\n${lines(sizeOf(random), () => "  - {}\n")}`,
  (random) =>
    `${HEAD}  roleName: a\n  statements: [{effect: Allow, actions: [${lines(sizeOf(random), (i) => `"s3:*${i}?*", `)}], resources: ["*"]}]`,
  (random) =>
    `${HEAD}  roleName: a\n  statements: [{effect: Allow, actions: ["s3:*"], resources: ["${"*a?".repeat(Math.min(sizeOf(random), 600))}"]}]`,
  (random) => `{"kind": "List", "items": [${lines(sizeOf(random), () => '{"kind": "List", "items": []}, ')}]}`,
  (random) => '{"kind": "List", "items": ['.repeat(sizeOf(random)),
  (random) => `\ufeff${HEAD}\ufeff  roleName: \ufeffa\n`.repeat(Math.min(sizeOf(random), 1_000)),
];
