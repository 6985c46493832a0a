/** A `{word}` as part of a pattern: texts that may use variables are checked again once these are filled in. */
export const VARIABLE = "\\{\\w+\\}";

/** The pattern of one or more characters of a set, or variables. */
export function orVariables(characters: string, count: "+" | "*"): string {
  return `([${characters}]|${VARIABLE})${count}`;
}

/** What is wrong with a text of the spec: the reason of the condition, the path of the field, and a message that begins with the path. */
export interface TextFault {
  readonly reason: string;
  readonly path: string;
  readonly message: string;
}

/** A name or path that AWS has and that the variables of its text no longer give. */
export interface KeptName {
  /** `spec.roleName`, for example. */
  readonly path: string;
  /** What AWS has. */
  readonly kept: string;
  /** What the variables give. */
  readonly given: string;
}
