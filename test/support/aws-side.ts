import { readFileSync } from "node:fs";
import { join } from "node:path";
import { commandsOf, simpleCommands } from "../contract/docs/shell.ts";

const ROOT = join(import.meta.dirname, "../..");
/** The page that creates the AWS side of a cluster. */
export const PAGE = "docs/getting-started/eks.md";
/** The account that the page writes, and that of the servers of tests. */
const SHOWN_ACCOUNT = "111122223333";
export const ACCOUNT = "123456789012";

/** The commands of one section of the page, one a line, for the account of tests. */
export function commandsUnder(heading: string): readonly string[] {
  const section = sectionOf(heading);
  const shown = [...section.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, text = ""]) =>
    commandsOf({ language: "sh", text }),
  );
  return shown.map(({ line }) => line.replaceAll(SHOWN_ACCOUNT, ACCOUNT));
}

/** `values.sed` of the page, for the account of tests. */
export function shownValues(): string {
  const [, text = ""] = /^```sed\n(.*?)^```$/ms.exec(sectionOf("By AWS CLI")) ?? [];
  return text.replaceAll(SHOWN_ACCOUNT, ACCOUNT);
}

/** A document of `deploy/aws` as `sed -f values.sed` writes it. */
export function filledDocument(name: string, values: string = shownValues()): Document {
  const text = readFileSync(join(ROOT, "deploy/aws", `${name}.json`), "utf8");
  const replacements = values
    .trim()
    .split("\n")
    .map((line) => line.split("|"));
  return JSON.parse(replacements.reduce((filled, [, from = "", to = ""]) => filled.replaceAll(from, to), text));
}

/** A policy document. */
export interface Document {
  readonly Statement: readonly Readonly<Record<string, unknown>>[];
}

/**
 * The `aws iam` commands of a section as actions of the API: `create-role --role-name x` is `["CreateRole", { RoleName: "x" }]`.
 *
 * @param files what `file://NAME` stands for, by its name
 */
export function iamActionsUnder(
  heading: string,
  files: Readonly<Record<string, object>> = {},
): readonly (readonly [action: string, params: Record<string, string>])[] {
  const words = commandsUnder(heading).flatMap((line) => simpleCommands(line));
  return words
    .filter(([program, service]) => program === "aws" && service === "iam")
    .map(([, , operation = "", ...options]) => {
      const pairs = options.flatMap((option, index) =>
        option.startsWith("--")
          ? [[pascalCase(option.slice(2)), fileOr(options[index + 1] ?? "", files)] as const]
          : [],
      );
      return [pascalCase(operation), Object.fromEntries(pairs)];
    });
}

function fileOr(value: string, files: Readonly<Record<string, object>>): string {
  if (!value.startsWith("file://")) return value;
  const document = files[value.slice("file://".length)];
  if (document === undefined) throw new Error(`the page makes no ${value}`);
  return JSON.stringify(document);
}

function sectionOf(heading: string): string {
  const sections = readFileSync(join(ROOT, PAGE), "utf8").split(/^##+ /m);
  const section = sections.find((part) => part.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`${PAGE} has no section "${heading}"`);
  return section;
}

function pascalCase(kebab: string): string {
  return kebab.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
}
