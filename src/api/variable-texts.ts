/** A `{word}` as part of a pattern: texts that may use variables are checked again once these are filled in. */
export const VARIABLE = "\\{\\w+\\}";

/** The pattern of one or more characters of a set, or variables. */
export function orVariables(characters: string, count: "+" | "*"): string {
  return `([${characters}]|${VARIABLE})${count}`;
}
