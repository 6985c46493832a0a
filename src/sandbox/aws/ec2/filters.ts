import { AwsFault } from "../fault.ts";
import type { Params } from "../protocol/params.ts";

/** What a resource has under each filter name; undefined where it has nothing. */
export type Filterable = (name: string) => readonly string[] | undefined;

/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html */
const maxFilterValues = 200;

/** `*` and `?` in a filter value are wild cards. */
function toRegExp(pattern: string): RegExp {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "s");
}

/**
 * The test that the Filters of a call make: every filter must match, by any of its values.
 * @throws AwsFault InvalidParameterValue for a filter that is none of `known` (`tag:` stands for all tags),
 * FilterLimitExceeded for more than 200 values in one
 */
export function readFilters(params: Params, known: readonly string[]): (resource: Filterable) => boolean {
  const filters = params
    .structures("Filter")
    .map((filter) => ({ name: filter.get("Name") ?? "", values: filter.strings("Value") }));
  const unknown = filters.find(
    ({ name }) => !known.some((candidate) => name === candidate || (candidate === "tag:" && name.startsWith("tag:"))),
  );
  if (unknown !== undefined) {
    throw new AwsFault("InvalidParameterValue", 400, `The filter '${unknown.name}' is invalid`);
  }
  if (filters.some(({ values }) => values.length > maxFilterValues)) {
    throw new AwsFault(
      "FilterLimitExceeded",
      400,
      `The maximum number of filter values specified on a single call is ${maxFilterValues}`,
    );
  }
  const tests = filters.map(({ name, values }) => ({ name, patterns: values.map(toRegExp) }));
  return (resource) =>
    tests.every(({ name, patterns }) =>
      (resource(name) ?? []).some((value) => patterns.some((pattern) => pattern.test(value))),
    );
}

/**
 * One page of a Describe call: MaxResults and NextToken, which is a position. Absent MaxResults: everything.
 * @throws AwsFault InvalidParameterValue
 */
export function describePage<T>(
  params: Params,
  all: readonly T[],
): { readonly page: readonly T[]; readonly nextToken: string | undefined } {
  const limit = Number(params.get("MaxResults") ?? all.length);
  const start = Number(params.get("NextToken") ?? 0);
  if (params.get("MaxResults") !== undefined && !(limit >= 5 && limit <= 1_000)) {
    throw new AwsFault(
      "InvalidParameterValue",
      400,
      `Value ( ${params.get("MaxResults")} ) for parameter maxResults is invalid. Expecting a value between 5 and 1000.`,
    );
  }
  if (!Number.isInteger(start) || start < 0) {
    throw new AwsFault("InvalidNextToken", 400, "The token is invalid.");
  }
  const end = start + limit;
  return { page: all.slice(start, end), nextToken: end < all.length ? String(end) : undefined };
}
