import type { RequestContext } from "../../src/model/access/access-request.ts";
import { type ColonReading, compileResource } from "../../src/model/access/evaluate/arn.ts";

/** Whether a resource pattern matches an ARN. Without variables, it is of a document whose version has none. */
export function matchesArn(
  pattern: string,
  arn: string,
  variables?: RequestContext,
  colons: ColonReading = "no wildcard",
): boolean {
  const hasVariables = variables !== undefined;
  return compileResource(pattern, { hasVariables }, colons).matches(arn, variables ?? new Map());
}
