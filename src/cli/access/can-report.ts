import { placeText } from "../../plan/access/access-text.ts";
import type { DecidingPlace, RequestDecision } from "../../plan/access/decide-request.ts";
import { OUTPUT_API_VERSION } from "../../plan/render.ts";
import { messageText } from "../../text/safe-text.ts";

/** The formats of `access can`. */
export type CanFormat = "text" | "json";

/** A managed policy or boundary that was not read, and why. */
export interface UnreadPolicy {
  readonly policyArn: string;
  readonly reason: string;
}

/** What `access can` found. Plain JSON. */
export interface CanReport extends RequestDecision {
  /** `namespace/name`; unset for a policy document. */
  readonly object?: string;
  readonly action: string;
  readonly resource: string;
  readonly context: Readonly<Record<string, readonly string[]>>;
  readonly notRead: readonly UnreadPolicy[];
}

/** Renders the answer, as lines. */
export function renderCan(report: CanReport, format: CanFormat): readonly string[] {
  if (format === "text") return textOf(report);
  return JSON.stringify({ apiVersion: OUTPUT_API_VERSION, kind: "AccessDecision", ...report }, null, 2).split("\n");
}

/** Statements that the text names; JSON has all. */
const MAX_SHOWN = 10;

/** A reason names policies; what they are called has a bound of its own. */
const MAX_REASON_CHARS = 4_000;

function textOf({
  answer,
  action,
  resource,
  decidedBy,
  reason,
  underConditions,
  notRead,
}: CanReport): readonly string[] {
  const verb = { Allow: "allows", Deny: "denies" };
  const lines = [
    ...(reason === undefined ? [] : [messageText(reason, MAX_REASON_CHARS)]),
    ...shown(decidedBy, (place) => `${placeText(place)} ${verb[place.effect]} it`),
    ...shown(underConditions, (place) => {
      const keys = messageText((place.conditionKeys ?? []).join(", "), MAX_REASON_CHARS);
      return `${placeText(place)} ${verb[place.effect]} it only under its conditions: ${keys}`;
    }),
    ...notRead.map(({ policyArn, reason: why }) => `not read: ${policyArn}: ${messageText(why, MAX_REASON_CHARS)}`),
  ];
  return [`${answer}: ${action} on ${resource}`, ...lines.map((line) => `  ${line}`)];
}

function shown(places: readonly DecidingPlace[], text: (place: DecidingPlace) => string): readonly string[] {
  const rest = places.length - MAX_SHOWN;
  return [...places.slice(0, MAX_SHOWN).map(text), ...(rest > 0 ? [`and ${rest} more statements`] : [])];
}
