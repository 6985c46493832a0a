import type { Fault, Field } from "../../api/field.ts";
import type { TextFault } from "../../api/variable-texts.ts";
import { didYouMean } from "../../text/did-you-mean.ts";
import { showValue } from "../policy/policy-elements.ts";
import { BUILT_IN_VARIABLES, fillIn, leftoverIn, leftoverMessage, type Variables } from "./template.ts";

/** The reason of a text that has template text of another tool. */
export const UNFILLED_TEMPLATE = "UnfilledTemplate";
/** The reason of a text that uses a variable that does not exist or has no value yet. */
const UNKNOWN_VARIABLE = "UnknownVariable";
/** The reason of a text that is not valid once its variables are filled in. */
export const INVALID_RESULT = "InvalidValue";

/** What a text must be once its variables are filled in. */
export interface TextRules {
  /** Unset: anything that the schema accepts. */
  readonly literal?: Field<string>;
  /** True where `<words>` cannot be meant. */
  readonly isArn?: boolean;
}

/** Fills in the variables of the texts of one object, and collects what is wrong with them. */
export class FilledTexts {
  readonly faults: TextFault[] = [];
  readonly #variables: Variables;
  readonly #tolerated: "values" | "variables" | undefined;

  /** @param tolerated `values`: a variable without a value yet is no fault; `variables`: nor is one that is not known */
  constructor(variables: Variables, tolerated?: "values" | "variables") {
    this.#variables = variables;
    this.#tolerated = tolerated;
  }

  /** The text with its variables filled in. */
  fill(written: string, path: string, { literal, isArn = false }: TextRules = {}): string {
    // Nearly all texts.
    if (!/[{$<%]/.test(written)) return written;
    const leftover = leftoverIn(written, isArn);
    if (leftover !== undefined) this.#add(UNFILLED_TEMPLATE, path, leftoverMessage(leftover));
    const { text, unknown, pending } = fillIn(written, this.#variables);
    if (this.#tolerated !== "variables") {
      for (const word of unknown) this.#add(UNKNOWN_VARIABLE, path, this.#unknownMessage(word));
    }
    if (this.#tolerated === undefined && pending.length > 0) this.#add(UNKNOWN_VARIABLE, path, pendingMessage(pending));
    // A text with gaps cannot be checked yet.
    if (unknown.length + pending.length === 0 && literal !== undefined) this.#checkResult(text, path, literal);
    return text;
  }

  #checkResult(text: string, path: string, literal: Field<string>): void {
    const faults: Fault[] = [];
    literal.read(text, path, faults);
    const [fault] = faults;
    if (fault === undefined) return;
    const problem = fault.problem.replace(/^Invalid value: (?:"(?:[^"\\]|\\.)*"(?:\.\.\.)?: )?/, "");
    this.#add(INVALID_RESULT, path, `with its variables filled in it is ${showValue(text)}: ${problem}`);
  }

  #unknownMessage(word: string): string {
    const known = [...BUILT_IN_VARIABLES, ...Object.keys(this.#variables)];
    return (
      `{${word}} is no variable${didYouMean(word, known)}; write one of ${[...new Set(known)].sort().join(", ")}, ` +
      `or {leftBrace}${word}} for the text itself`
    );
  }

  #add(reason: string, path: string, message: string): void {
    this.faults.push({ reason, path, message: `${path}: ${message}.` });
  }
}

function pendingMessage(words: readonly string[]): string {
  return `{${words.join("} and {")}} ${words.length === 1 ? "has" : "have"} no value yet`;
}
