import { UsageError } from "./io.ts";

const NAME = "[A-Za-z0-9](?:[-\\w.]{0,61}[A-Za-z0-9])?";
const KEY = `(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?/)?${NAME}`;
const VALUE = `(?:${NAME})?`;
const REQUIREMENT = new RegExp(
  `^(?:!?\\s*${KEY}|${KEY}\\s*(?:==?|!=)\\s*${VALUE}|${KEY}\\s*[<>]\\s*-?\\d+|` +
    `${KEY}\\s+(?:in|notin)\\s*\\(\\s*${VALUE}(?:\\s*,\\s*${VALUE})*\\s*\\))$`,
);

/**
 * Checks the syntax of a label selector up front: the API server would reject a wrong one at every list, and the controller
 * would retry forever.
 *
 * Errors: UsageError for an invalid selector (https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/).
 */
export function labelSelectorOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const wrong = text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .find((part) => !REQUIREMENT.test(part));
  if (wrong === undefined) return text;
  throw new UsageError(
    `--label-selector: "${wrong}" is not a requirement; write for example team=web, team!=web, team, !team or "team in (web, db)", ` +
      "several joined by commas",
  );
}
