import { TerminalError } from "../../errors.ts";

/** What JSON.parse loses without a word. */
interface ParseLosses {
  /** Paths such as `Statement[0].Condition["aws:x"]` of keys that an object has more than once; each once, in order. */
  readonly duplicateKeys: readonly string[];
  /** Numbers as written whose value a double may not hold. */
  readonly inexactNumbers: readonly string[];
}

/** A key that appears twice hides its first value from most readers, and which of the two IAM means is not written down. */
export function findDuplicateKeys(text: string): readonly string[] {
  try {
    JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TerminalError(`The policy document is not JSON: ${why}. Correct it at that place.`, {
      reason: "InvalidPolicyJson",
      cause,
    });
  }
  return scanJson(text).duplicateKeys;
}

/** Assumes that JSON.parse accepts `text`; what it says of anything else means nothing. */
export function scanJson(text: string): ParseLosses {
  const scan = new JsonScan();
  for (const [token] of text.matchAll(TOKENS)) scan.take(token);
  return { duplicateKeys: [...scan.duplicateKeys], inexactNumbers: scan.inexactNumbers };
}

/** Strings, structure and numbers. Colons and the three literals are not needed to tell keys from values. */
const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{},]|-?\d[\d.eE+-]*/g;

/** A double holds every decimal number of up to 15 significant digits. */
const EXACT_DIGITS = 15;

/** An object or list that is open at the current token. */
interface Frame {
  readonly path: string;
  /** Undefined in a list. */
  readonly keys: Set<string> | undefined;
  /** How the current member is written behind `path`. In an object it means nothing until the key is known. */
  step: string;
  index: number;
  expectsKey: boolean;
}

class JsonScan {
  readonly duplicateKeys = new Set<string>();
  readonly inexactNumbers: string[] = [];
  readonly #open: Frame[] = [];

  take(token: string): void {
    const frame = this.#open.at(-1);
    if (token === "{" || token === "[") this.#push(frame, token === "{");
    else if (token === "}" || token === "]") this.#open.pop();
    else if (token === ",") advance(frame);
    else if (!token.startsWith('"')) this.#checkNumber(token);
    else if (frame?.keys !== undefined && frame.expectsKey) this.#takeKey(frame, frame.keys, JSON.parse(token));
  }

  #push(parent: Frame | undefined, isObject: boolean): void {
    this.#open.push({
      path: parent === undefined ? "" : parent.path + parent.step,
      keys: isObject ? new Set() : undefined,
      step: isObject ? "" : "[0]",
      index: 0,
      expectsKey: isObject,
    });
  }

  #takeKey(frame: Frame, keys: Set<string>, key: string): void {
    frame.expectsKey = false;
    frame.step = stepTo(key, frame.path === "");
    if (keys.has(key)) this.duplicateKeys.add(frame.path + frame.step);
    keys.add(key);
  }

  #checkNumber(token: string): void {
    const digits = token.replace(/[-.]/g, "").replace(/^0+/, "");
    const plain = !/[eE]/.test(token) && digits.length <= EXACT_DIGITS;
    if (!plain && String(Number(token)) !== token) this.inexactNumbers.push(token);
  }
}

function advance(frame: Frame | undefined): void {
  if (frame === undefined) return;
  frame.index += 1;
  frame.expectsKey = frame.keys !== undefined;
  frame.step = `[${frame.index}]`;
}

function stepTo(key: string, first: boolean): string {
  if (!/^[A-Za-z_]\w*$/.test(key)) return `[${JSON.stringify(key)}]`;
  return first ? key : `.${key}`;
}
