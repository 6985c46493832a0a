import { COLON, literalTokens } from "./tokens.ts";

/**
 * The texts that a pattern is about, as a small automaton. Because an action always has one colon, `*` and `*:*` are the same set of
 * actions.
 */
export interface WordKind {
  readonly start: number;
  /** The next state, below {@link MAX_KIND_STATES}; undefined when no word of the kind continues so. */
  next(state: number, code: number): number | undefined;
  accepts(state: number): boolean;
  /** The characters that the automaton distinguishes; all others are alike to it. */
  readonly literals: readonly number[];
  /** The characters that wildcards stand for, the plainest first. */
  readonly alphabet: readonly number[];
}

/** More than the states of any kind. */
export const MAX_KIND_STATES = 16;

const STAR = 42;
const ARN = literalTokens("arn");
const LETTERS = "abcdefghijklmnopqrstuvwxyz";

/**
 * `service:Action` in lower case. AWS has letters, digits, `-` and `_` in actions, so wildcards stand for these. A pattern that names
 * another character matches a word with that character, so that a look-alike is never within what a class allows.
 */
export const ACTION_WORDS: WordKind = {
  start: 0,
  // 0: before the service, 1: in the service, 2: before the action, 3: in the action.
  next(state, code) {
    if (code !== COLON) return state | 1;
    return state === 1 ? 2 : undefined;
  },
  accepts: (state) => state === 3,
  literals: [COLON],
  alphabet: literalTokens(`x${LETTERS}0123456789_-`),
};

/**
 * The resource of a request: an ARN (`arn:` and at least four more colons), or `*` for an action that has no resource.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
 */
export const RESOURCE_WORDS: WordKind = {
  start: 0,
  // 0 to 2: that many letters of `arn`; 3: after `arn`; 4 to 8: 3 and the number of colons; 9: the word `*`.
  next(state, code) {
    if (state === 0 && code === STAR) return 9;
    if (state < 3) return code === ARN[state] ? state + 1 : undefined;
    if (state === 3) return code === COLON ? 4 : undefined;
    if (state === 9) return undefined;
    return code === COLON ? Math.min(state + 1, 8) : state;
  },
  accepts: (state) => state >= 8,
  literals: [...ARN, COLON, STAR],
  alphabet: [...literalTokens(`x${LETTERS}${LETTERS.toUpperCase()}0123456789/-_.`), ...latin1()],
};

/** Any text, also the empty one: the value of a condition key, or a principal with its type. */
export const TEXT_WORDS: WordKind = {
  start: 0,
  next: (state) => state,
  accepts: () => true,
  literals: [],
  alphabet: [...literalTokens(`x${LETTERS}${LETTERS.toUpperCase()}0123456789/-_.`), ...latin1(), ...latinExtended()],
};

/** The characters that IAM accepts in a policy: https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html */
function latin1(): readonly number[] {
  return [...Array.from({ length: 0xff - 0x1f }, (_, index) => 0x20 + index), 0x9, 0xa, 0xd];
}

/** More characters than a policy can name, so that one of them is always unlike all that it names. */
function latinExtended(): readonly number[] {
  return Array.from({ length: 0x100 }, (_, index) => 0x100 + index);
}
