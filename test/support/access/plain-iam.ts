import type { Access } from "../../../src/model/access/access.ts";
import type { AccessRequest, RequestContext } from "../../../src/model/access/access-request.ts";
import { type Atom, atomHolds, atomsOf } from "./plain-conditions.ts";
import { actionMatcher, arnMatcher, isResolvable, type Matcher, type Reading } from "./plain-patterns.ts";
import { type PrincipalElement, principalElement, principalMatches } from "./plain-principals.ts";

/**
 * IAM in its simplest form, written for these tests alone: it decides one request by going through the statements. It is as slow as it
 * is plain, shares nothing with what it judges, and takes valid documents only.
 */

/** An element that lists patterns, or the patterns that are excluded. */
export interface Element {
  readonly patterns: readonly string[];
  readonly isNegated: boolean;
}

export interface PlainStatement {
  readonly layer: number;
  readonly document: number;
  readonly index: number;
  readonly isDeny: boolean;
  /** Whether `${…}` is a variable. */
  readonly hasVariables: boolean;
  readonly action: Element;
  /** Undefined in a trust policy: the role itself. */
  readonly resource: Element | undefined;
  readonly principal: PrincipalElement | undefined;
  readonly atoms: readonly Atom[];
}

/** A request; trust policies also ask who makes it, as `AWS:arn:aws:iam::111122223333:root`. */
export interface PlainRequest extends AccessRequest {
  readonly principal?: string | undefined;
}

type JsonObject = Readonly<Record<string, unknown>>;

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

function element(statement: JsonObject, name: string): Element | undefined {
  const negated = statement[`Not${name}`];
  const value = negated ?? statement[name];
  return value === undefined ? undefined : { patterns: listOf(value).map(String), isNegated: negated !== undefined };
}

const known = new WeakMap<Access, readonly PlainStatement[]>();

export function statementsOf(access: Access): readonly PlainStatement[] {
  const statements = known.get(access) ?? read(access);
  known.set(access, statements);
  return statements;
}

function read({ layers }: Access): readonly PlainStatement[] {
  return layers.flatMap((documents, layer) =>
    documents.flatMap((value, document) => {
      const { Version: version, Statement: statements } = value as JsonObject;
      return (listOf(statements) as readonly JsonObject[]).map((statement, index) => ({
        layer,
        document,
        index,
        isDeny: statement["Effect"] === "Deny",
        hasVariables: version === "2012-10-17",
        action: element(statement, "Action") ?? { patterns: [], isNegated: false },
        resource: element(statement, "Resource"),
        principal: principalElement(statement),
        atoms: atomsOf(statement["Condition"]),
      }));
    }),
  );
}

const NO: Matcher = () => false;

function anyOf(matchers: readonly Matcher[], isNegated: boolean): Matcher {
  return (text) => matchers.some((matches) => matches(text)) !== isNegated;
}

/** Whether a statement is about an action. */
export function actionTest({ action }: PlainStatement): Matcher {
  return anyOf(action.patterns.map(actionMatcher), action.isNegated);
}

/** Whether a statement is about a resource, in a request with this context. */
export function resourceTest(
  { resource, hasVariables }: PlainStatement,
  context: RequestContext,
  reading: Reading,
): Matcher {
  if (resource === undefined) return () => true;
  const variables = hasVariables ? context : undefined;
  // "Not what no one can tell" is nothing: the statement is about no resource then.
  if (resource.isNegated && !resource.patterns.every((pattern) => isResolvable(pattern, variables))) return NO;
  const matchers = resource.patterns.map((pattern) => arnMatcher(pattern, { variables }, reading));
  return anyOf(matchers, resource.isNegated);
}

export function conditionHolds({ atoms, hasVariables }: PlainStatement, context: RequestContext): boolean {
  return atoms.every((atom) => atomHolds(atom, context, hasVariables));
}

/** Whether a statement is about a principal. */
export function principalTest({ principal }: PlainStatement): (name: string | undefined) => boolean {
  return (name) => principal === undefined || (name !== undefined && principalMatches(principal, name));
}

export function statementHolds(statement: PlainStatement, request: PlainRequest, reading: Reading): boolean {
  return (
    actionTest(statement)(request.action) &&
    principalTest(statement)(request.principal) &&
    resourceTest(statement, request.context, reading)(request.resource) &&
    conditionHolds(statement, request.context)
  );
}

/** Whether every layer has a statement that allows the request and none that denies it. */
export function allows(access: Access, request: PlainRequest, reading: Reading): boolean {
  const holding = statementsOf(access).filter((statement) => statementHolds(statement, request, reading));
  return access.layers.every((_, layer) => {
    const own = holding.filter((statement) => statement.layer === layer);
    return own.length > 0 && own.every(({ isDeny }) => !isDeny);
  });
}
