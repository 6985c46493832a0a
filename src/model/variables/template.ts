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
