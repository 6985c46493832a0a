import { COLON, type GlobReading } from "./wildcard-glob.ts";
import { type ColonReading, isReadAlike, resourceReading } from "./wildcard-resources.ts";

/**
 * The words that patterns are about: which texts can be an action or a resource at all, so that `*` and `*:*` mean the same
 * of actions. A small automaton, and the characters to fill an example with, the plainest first.
 */
export interface WordKind extends GlobReading {
  readonly start: number;
  /** Undefined when no word goes on like this. */
  next(state: number, code: number): number | undefined;
  accepts(state: number): boolean;
  /** Characters that matter to the kind; all others are alike to it. */
  readonly literals: readonly number[];
  /** Every character that a wildcard may stand for. */
  readonly alphabet: readonly number[];
  /**
   * The same words by every reading of their patterns, where AWS leaves open which one holds. Only what is so by each of them is
   * so. The widest comes first, the strictest last. By default there is one.
   */
  readonly readings?: readonly [WordKind, ...WordKind[]];
  /** True for a pattern that all readings read alike. */
  isReadAlike?(pattern: string): boolean;
}

const STAR = "*".charCodeAt(0);
const ARN = codesOf("arn");
const LETTERS = "abcdefghijklmnopqrstuvwxyz";

/**
 * `service:Action`, as IAM compares them: in any case. A character beyond letters, digits, `-` and `_` matches nothing in
 * AWS; a pattern that asks for one is taken at its word all the same, so that look-alikes are within nothing.
 */
export const ACTIONS: WordKind = {
  foldsCase: true,
  separator: ":",
  start: 0,
  // 0: no service yet, 1: in the service, 2: no action yet, 3: in the action.
  next(state, code) {
    if (code !== COLON) return state | 1;
    return state === 1 ? 2 : undefined;
  },
  accepts: (state) => state === 3,
  literals: [COLON],
  alphabet: codesOf(`x${LETTERS}0123456789_-`),
};

/** The words of {@link RESOURCES}, whichever way their patterns are read. */
const RESOURCE_WORDS: WordKind = {
  foldsCase: false,
  start: 0,
  // 0 to 2: that many letters of `arn`; 3: after `arn`; 4 to 8: that many colons and 3; 9: the word `*`.
  next(state, code) {
    if (state === 0 && code === STAR) return 9;
    if (state < 3) return code === ARN[state] ? state + 1 : undefined;
    if (state === 3) return code === COLON ? 4 : undefined;
    if (state === 9) return undefined;
    return code === COLON ? Math.min(state + 1, 8) : state;
  },
  accepts: (state) => state >= 8,
  literals: [...ARN, COLON, STAR],
  alphabet: [...codesOf(`x${LETTERS}${LETTERS.toUpperCase()}0123456789/-_.`), ...latin1()],
};

/**
 * What a request names as its resource: an ARN (`arn:` and at least four more colons), or `*` itself, which is the resource
 * of every action that knows none. Patterns are completed as IAM does, and variables are any text.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
 */
export const RESOURCES: WordKind = {
  ...resourcesReadBy("every wildcard"),
  readings: [
    resourcesReadBy("every wildcard"),
    resourcesReadBy("a * at the end of a field"),
    resourcesReadBy("no wildcard"),
  ],
  isReadAlike,
};

function resourcesReadBy(colons: ColonReading): WordKind {
  return { ...RESOURCE_WORDS, ...resourceReading(colons) };
}

function codesOf(text: string): readonly number[] {
  return Array.from(text, (character) => character.charCodeAt(0));
}

/** What IAM takes in a policy: https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html */
function latin1(): readonly number[] {
  return [...Array.from({ length: 0xff - 0x1f }, (_, index) => 0x20 + index), 0x9, 0xa, 0xd];
}
