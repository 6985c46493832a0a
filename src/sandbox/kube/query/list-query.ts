import type { FieldCause } from "../../../crd/contract.ts";
import { forbidden, notSupported } from "../../../crd/field-cause.ts";
import type { Endpoint } from "../endpoint.ts";
import { badRequest, invalidOptions, StatusError } from "../status-error.ts";
import { parseFieldSelector } from "./field-selector.ts";
import { type ObjectFilter, parseLabelSelector } from "./label-selector.ts";

/** The query parameters of a list or watch, checked. */
export interface ListQuery {
  readonly matches: ObjectFilter;
  /** Whether a selector is at work: then nobody counts what remains. */
  readonly selective: boolean;
  /** 0 is no limit. */
  readonly limit: number;
  readonly continueToken: string;
  /** Undefined when the parameter is absent or empty. */
  readonly resourceVersion: number | undefined;
  readonly match: "Exact" | "NotOlderThan" | "";
  readonly allowBookmarks: boolean;
  readonly sendInitialEvents: boolean | undefined;
  /** Undefined when the client leaves it to the server, as it does with 0. */
  readonly timeoutSeconds: number | undefined;
}

/** Reads and checks the parameters; raises 400 or 422 as the API server does. */
export function listQuery(endpoint: Endpoint, query: URLSearchParams): ListQuery {
  const causes = isWatch(query) ? watchCauses(query) : listCauses(query);
  if (causes.length > 0) throw invalidOptions("ListOptions", causes);
  const labels = query.get("labelSelector") ?? "";
  const fields = query.get("fieldSelector") ?? "";
  const [byLabel, byField] = [parseLabelSelector(labels), parseFieldSelector(fields, endpoint.fields)];
  return {
    matches: (object) => byField(object) && byLabel(object),
    selective: labels !== "" || fields !== "",
    limit: wholeNumber(query, "limit") ?? 0,
    continueToken: query.get("continue") ?? "",
    resourceVersion: resourceVersion(query),
    match: matchOf(query),
    allowBookmarks: flag(query, "allowWatchBookmarks") ?? false,
    sendInitialEvents: flag(query, "sendInitialEvents"),
    timeoutSeconds: wholeNumber(query, "timeoutSeconds") || undefined,
  };
}

/** Whether a list is asked to go on as a watch. */
export function isWatch(query: URLSearchParams): boolean {
  return flag(query, "watch") ?? false;
}

const matchField = "resourceVersionMatch";

function listCauses(query: URLSearchParams): readonly FieldCause[] {
  const match = query.get(matchField) ?? "";
  const version = query.get("resourceVersion") ?? "";
  const isExactly0 = match === "Exact" && version === "0";
  const checks: readonly (readonly [isWrong: boolean, cause: FieldCause])[] = [
    [version === "", forbidden(matchField, `${matchField} is forbidden unless resourceVersion is provided`)],
    [isPaging(query), forbidden(matchField, `${matchField} is forbidden when continue is provided`)],
    [matchOf(query) === "", notSupported(matchField, match, ["Exact", "NotOlderThan", ""])],
    [isExactly0, forbidden(matchField, `${matchField} "exact" is forbidden for resourceVersion "0"`)],
  ];
  const causes = match === "" ? [] : checks.filter(([isWrong]) => isWrong).map(([, cause]) => cause);
  if (!query.has("sendInitialEvents")) return causes;
  return [...causes, forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list")];
}

function isPaging(query: URLSearchParams): boolean {
  return (query.get("continue") ?? "") !== "";
}

function watchCauses(query: URLSearchParams): readonly FieldCause[] {
  const match = query.get(matchField) ?? "";
  const causes: FieldCause[] = [];
  if (query.has("sendInitialEvents") && match !== "NotOlderThan") {
    causes.push(forbidden(matchField, `sendInitialEvents requires setting ${matchField} to NotOlderThan`));
  }
  if (match === "") return causes;
  if (!query.has("sendInitialEvents")) {
    causes.push(forbidden(matchField, `${matchField} is forbidden for watch unless sendInitialEvents is provided`));
  }
  if (match !== "NotOlderThan") causes.push(notSupported(matchField, match, ["NotOlderThan"]));
  if (isPaging(query)) causes.push(forbidden(matchField, `${matchField} is forbidden when continue is provided`));
  return causes;
}

function matchOf(query: URLSearchParams): ListQuery["match"] {
  const match = query.get(matchField);
  return match === "Exact" || match === "NotOlderThan" ? match : "";
}

function resourceVersion(query: URLSearchParams): number | undefined {
  const text = query.get("resourceVersion") ?? "";
  if (text === "") return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  const problem = `resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`;
  throw isWatch(query) ? new StatusError(500, "", problem) : badRequest(`invalid resource version: ${problem}`);
}

function wholeNumber(query: URLSearchParams, key: string): number | undefined {
  const text = query.get(key) ?? "";
  if (text === "") return undefined;
  if (/^-?\d+$/.test(text)) return Math.max(0, Number(text));
  throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
}

function flag(query: URLSearchParams, key: string): boolean | undefined {
  const text = query.get(key);
  return text === null ? undefined : !["false", "0"].includes(text.toLowerCase());
}
