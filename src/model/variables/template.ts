import { showValue } from "../policy/policy-elements.ts";
import type { JsonValue } from "../policy/policy-json.ts";

/** The values of the variables that a text may use, by name. */
export type Variables = Readonly<Record<string, string>>;

/** The result of filling in the variables of one text. */
export interface FilledText {
  readonly text: string;
  /** The `{words}` that are no variable, without repetition. They stay in `text`. */
  readonly unknown: readonly string[];
  /** The variables without a value yet, without repetition. They stay in `text`. */
  readonly pending: readonly string[];
}

/** The variables that every object has. Only `region` can be set by a class or an operator. */
export const BUILT_IN_VARIABLES: readonly string[] = ["account", "cluster", "name", "namespace", "partition", "region"];

/** The variable that stands for a `{`, for texts that need `{word}` as it is. */
export const LEFT_BRACE = "leftBrace";

/** `{word}` that is no part of `${word}` or `{{word}}`, which are those of IAM and of other tools. */
const VARIABLE = /(?<![${])\{([A-Za-z][A-Za-z0-9_-]{0,62})\}(?!\})/g;

/**
 * The text with its variables filled in, once: a value that contains `{word}` stays as it is. Other braces are text.
 *
 * @param values of the variables; built-in ones without a value are `pending`
 */
export function fillIn(text: string, values: Variables): FilledText {
  const unknown = new Set<string>();
  const pending = new Set<string>();
  const filled = text.replaceAll(VARIABLE, (written, word: string) => {
    if (word === LEFT_BRACE) return "{";
    if (Object.hasOwn(values, word)) return values[word] as string;
    (BUILT_IN_VARIABLES.includes(word) ? pending : unknown).add(word);
    return written;
  });
  return { text: filled, unknown: [...unknown], pending: [...pending] };
}

/** The variables that a text uses. */
export function variablesIn(text: string): readonly string[] {
  return [...text.matchAll(VARIABLE)].flatMap(([, word]) => (word === undefined || word === LEFT_BRACE ? [] : [word]));
}

/** Template text of another tool that nothing has filled in. */
export interface Leftover {
  /** As it stands in the text. */
  readonly written: string;
  /** The likely tool, as in `CloudFormation`. */
  readonly tool: string;
  /** What to write instead, when there is a variable of the same meaning. */
  readonly variable?: string;
}

/** A form of template text, by the tool that fills it in. The first form that matches a text is the likely one. */
interface Form {
  readonly tool: string;
  readonly pattern: RegExp;
}

const FORMS: readonly Form[] = [
  { tool: "GitHub Actions", pattern: /\$\{\{.{0,200}?\}\}/ },
  { tool: "CloudFormation", pattern: /\{\{resolve:.{0,200}?\}\}/ },
  {
    tool: "Helm or another Go template",
    pattern: /\{\{-?\s*[.$]?(?:[.$]|(?:include|tpl|printf|default|quote|toYaml|if|with)\b).{0,200}?\}\}/,
  },
  { tool: "Jinja, Ansible or Helm", pattern: /\{\{.{0,200}?\}\}/ },
  { tool: "Terraform", pattern: /%\{.{0,200}?\}/ },
  { tool: "kustomize or a Makefile", pattern: /\$\([A-Za-z_][\w.-]{0,200}\)/ },
  { tool: "a shell", pattern: /\$(?!LATEST\b|DEFAULT\b)[A-Z_][A-Z0-9_]{1,200}/ },
  { tool: "ERB or another template", pattern: /<%.{0,200}?%>/ },
];

/** A placeholder for the reader, as documentation has it: `<account-id>`, `<YOUR BUCKET>`. */
const FOR_THE_READER: Form = { tool: "a reader", pattern: /<[A-Za-z][\w .:-]{0,200}>/ };

/** What stands between `${` and `}`, by the tool that fills it in. IAM's own variables are looked for before. */
const BRACED: readonly Form[] = [
  { tool: "CloudFormation", pattern: /^(?:AWS::|!?[A-Z]\w*(?:\.[A-Z]\w*)+$)/ },
  { tool: "Terraform", pattern: /^(?:var|local|data|module|each|count|path|self|terraform|aws_\w+|random_\w+)\.|\(/ },
  { tool: "the Serverless Framework", pattern: /^(?:self|env|opt|file|cf|sls|param|custom)[:(]/ },
  { tool: "a shell, envsubst or Flux", pattern: /^[A-Za-z_]\w*(?::?[-=?+].*)?$/ },
  { tool: "another tool", pattern: /^/ },
];

/** `${aws:username}`, `${aws:PrincipalTag/team, 'none'}`, `${token.example.com/id/1:sub}` and the three escapes of IAM. */
const OF_IAM = /^(?:[*?$]|[a-z][\w.-]*(?:\/[\w./-]+)?:[\p{L}\p{Z}\p{N}_.:/=+\-@]+(?:,\s*'[^']*'\s*)?)$/iu;

/** What has the form of a variable of IAM and belongs to another tool. */
const NOT_OF_IAM =
  /^(?:aws:(?:account(?:id|name)?|region|partition|stackname)$|(?:self|env|opt|file|cf|sls|param|custom):|AWS::|[A-Z_]\w*:[-=?+])/i;

/** Words of other tools that mean the same as a variable. */
const SAME_MEANING: readonly (readonly [RegExp, string])[] = [
  [/^(?:AWS::AccountId|aws:accountid|data\.aws_caller_identity\.\w+\.account_id)$/i, "account"],
  [/^(?:AWS::Region|aws:region|data\.aws_region\.\w+\.\w+)$/i, "region"],
  [/^(?:AWS::Partition|aws:partition|data\.aws_partition\.\w+\.partition)$/i, "partition"],
  [/^(?:AWS_)?(?:ACCOUNT|ACCOUNT_ID|ACCOUNTID)$/i, "account"],
  [/^(?:AWS_)?REGION$/i, "region"],
  [/^\.Release\.Namespace$/, "namespace"],
  [/^(?:CLUSTER|CLUSTER_NAME|CLUSTERNAME)$/i, "cluster"],
];

/**
 * The first template text of another tool in a value; undefined when there is none. IAM's own policy variables are none.
 *
 * @param isArn the value is an ARN, in which `<words>` cannot be meant
 */
export function leftoverIn(text: string, isArn: boolean): Leftover | undefined {
  // Most values have none of these.
  if (!/[$<]|\{\{|%\{/.test(text)) return undefined;
  for (const { tool, pattern } of isArn ? [...FORMS, FOR_THE_READER] : FORMS) {
    const written = pattern.exec(text)?.[0];
    if (written !== undefined) return leftover(written, tool);
  }
  for (const [written, inside = ""] of text.matchAll(/\$\{([^}]{0,500})\}/g)) {
    if (OF_IAM.test(inside) && !NOT_OF_IAM.test(inside)) continue;
    return leftover(written, BRACED.find(({ pattern }) => pattern.test(inside))?.tool ?? "another tool");
  }
  return undefined;
}

/** True for a document whose texts mean the same in a manifest that uses variables: none of them has `{word}` or template text. */
export function isTemplateFree(value: JsonValue): boolean {
  if (typeof value === "string") {
    return fillIn(value, {}).text === value && variablesIn(value).length === 0 && leftoverIn(value, true) === undefined;
  }
  if (typeof value !== "object" || value === null) return true;
  return Object.values(value).every(isTemplateFree);
}

function leftover(written: string, tool: string): Leftover {
  const word = written.replace(/^[^\w.]+|[^\w]+$/g, "");
  const variable =
    SAME_MEANING.find(([pattern]) => pattern.test(word))?.[1] ?? BUILT_IN_VARIABLES.find((name) => name === word);
  return { written, tool, ...(variable !== undefined && { variable }) };
}

/** What is wrong, and what to do, for a message that names the field before it. */
export function leftoverMessage({ written, tool, variable }: Leftover): string {
  const shown = showValue(written);
  if (tool === FOR_THE_READER.tool) return `${shown} is a placeholder; write the value itself`;
  const instead = variable === undefined ? "" : `, or write {${variable}}`;
  return `${shown} looks like template text of ${tool}, and nothing here fills it in; render it before${instead}`;
}
