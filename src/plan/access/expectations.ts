import type { Access, AccessComparison } from "../../model/access/access.ts";
import { type RequestContext, requestContext } from "../../model/access/access-request.ts";
import { compareAccess } from "../../model/access/compare-access.ts";
import {
  COLON_READINGS,
  compileAccess,
  type Decision,
  evaluatePolicies,
} from "../../model/access/evaluate/evaluate.ts";
import { statementsOf } from "../../model/policy/policy-canonical.ts";
import { isJsonObject, type JsonValue } from "../../model/policy/policy-json.ts";
import { messageText } from "../../text/safe-text.ts";
import { areaReport } from "./access-report.ts";
import { permissionLines } from "./access-text.ts";
import { type ComparedPolicies, compareRoles, policyAt } from "./compare-roles.ts";
import { permissionsOnly, type RoleAccess, type RolePolicy } from "./role-access.ts";

/** Requests that must be allowed, or denied: each of the actions on each of the resources, with these condition keys and no others. */
export interface Expectation {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly context: Readonly<Record<string, string | readonly string[]>>;
}

/** What a test says of the permissions of one object. */
export interface Expectations {
  readonly allow: readonly Expectation[];
  readonly deny: readonly Expectation[];
  /** The policy that the object must be within; undefined when the test has none. */
  readonly noMoreThan: JsonValue | undefined;
}

/** An expectation that is not met, and why. */
export interface FailedExpectation {
  /** `allow[0]`, `noMoreThan` */
  readonly path: string;
  readonly message: string;
}

/** What an author writes in one expectation. */
const MAX_PART_CHARS = 200;

/** Returns the expectations that the object does not meet. Policies that were not read count as not there. */
export function failedExpectations(
  { allow, deny, noMoreThan }: Expectations,
  access: RoleAccess,
): readonly FailedExpectation[] {
  return [
    ...allow.flatMap((expectation, index) => failures(`allow[${index}]`, expectation, access, whyNotAllowed)),
    ...deny.flatMap((expectation, index) => failures(`deny[${index}]`, expectation, access, whyNotDenied)),
    ...(noMoreThan === undefined ? [] : beyond(noMoreThan, access)),
  ];
}

/** One request, or all that a pattern of actions on a pattern of resources stands for. */
interface Requests {
  readonly action: string;
  readonly resource: string;
  readonly context: RequestContext;
}

type Why = (requests: Requests, layers: Layers) => string | undefined;

/** The policies that were read: identity policies, then the boundary. */
type Layers = ComparedPolicies["layers"];

/** The first failure of an expectation: the others usually have the same cause. */
function failures(
  path: string,
  { actions, resources, context }: Expectation,
  access: RoleAccess,
  why: Why,
): readonly FailedExpectation[] {
  const layers = layersOf(access);
  for (const action of actions) {
    for (const resource of resources) {
      const message = why({ action, resource, context: requestContext(context) }, layers);
      if (message !== undefined) return [{ path, message }];
    }
  }
  return [];
}

function layersOf({ permissions, boundary }: RoleAccess): Layers {
  const isRead = ({ document }: RolePolicy): boolean => document !== undefined;
  return [permissions.filter(isRead), ...(boundary !== undefined && isRead(boundary) ? [[boundary]] : [])];
}

function whyNotAllowed(requests: Requests, layers: Layers): string | undefined {
  const what = textOf(requests);
  if (!isPattern(requests)) {
    const readings = decide(requests, layers);
    const deciding = readings.flat().find(({ verdict }) => verdict !== "allow");
    if (deciding === undefined) return unknownIn(readings, what, "allowed");
    const denying = deciding.decidedBy.find(({ effect }) => effect === "Deny");
    const by =
      denying === undefined ? "no statement allows it" : `${statementText(denying, deciding.policies)} denies it`;
    return `${what} must be allowed, but ${deciding.name}${by}`;
  }
  const compared = compareAccess(accessOf(layers, requests.context), {
    use: "permissions",
    layers: [[policyOf(requests)]],
  });
  if (compared.verdict === "no-new-access") return undefined;
  if (compared.verdict === "undecided") return undecided(what, "allowed", compared.undecided);
  const [example] = compared.examples;
  const denied = `${part(example?.action ?? "")} on ${part(example?.resource ?? "")}`;
  return `${what} must be allowed, but ${denied === what ? "is" : `${denied} is`} not`;
}

function whyNotDenied(requests: Requests, layers: Layers): string | undefined {
  const what = textOf(requests);
  if (!isPattern(requests)) {
    const readings = decide(requests, layers);
    const allowing = readings.find((decisions) => decisions.every(({ verdict }) => verdict === "allow"));
    if (allowing === undefined) return unknownIn(readings, what, "denied");
    const [{ decidedBy, policies } = { decidedBy: [], policies: [] }] = allowing;
    const by = decidedBy[0] === undefined ? "" : `: ${statementText(decidedBy[0], policies)}`;
    return `${what} must be denied, but it is allowed${by}`;
  }
  const { use, layers: bounds } = accessOf(layers, requests.context);
  const compared = compareAccess({ use, layers: [[]] }, { use, layers: [...bounds, [policyOf(requests)]] });
  if (compared.verdict === "no-new-access") return undefined;
  if (compared.verdict === "undecided") return undecided(what, "denied", compared.undecided);
  const [example] = compared.examples;
  const { action = "", resource = "", place } = example ?? {};
  const policy = place && policyAt({ layers }, place);
  const by = place === undefined || policy === undefined ? "" : `: ${statementText(place, [policy])}`;
  return `${what} must be denied, but ${part(action)} on ${part(resource)} is allowed${by}`;
}

function beyond(noMoreThan: JsonValue, access: RoleAccess): readonly FailedExpectation[] {
  const known = { ...permissionsOnly(access), permissions: layersOf(access)[0] ?? [] };
  const boundary = access.boundary?.document === undefined ? undefined : access.boundary;
  const reference = { name: "noMoreThan", document: noMoreThan };
  const from: RoleAccess = { ...known, permissions: [reference], boundary: undefined };
  const { permissions } = compareRoles(from, { ...known, boundary }, compareAccess);
  return permissionLines(areaReport(permissions), "the object grants more").map((message) => ({
    path: "noMoreThan",
    message,
  }));
}

function undecided(
  what: string,
  wanted: string,
  parts: Extract<AccessComparison, { verdict: "undecided" }>["undecided"],
): string {
  return `it is not decided whether ${what} is ${wanted}: ${part(parts[0]?.reason ?? "")}. Write the requests without wildcards.`;
}

/** A statement of which it cannot be said whether it holds counts as not there. It could change the answer of a reading without a Deny. */
function unknownIn(readings: readonly (readonly LayerDecision[])[], what: string, wanted: string): string | undefined {
  const open = readings.filter((decisions) => !decisions.some(({ verdict }) => verdict === "deny"));
  const [unknown] = open.flat().flatMap((decision) => decision.unknown);
  return unknown && `it is not decided whether ${what} is ${wanted}: ${part(unknown.reason)}`;
}

interface LayerDecision extends Decision {
  readonly policies: readonly RolePolicy[];
  /** Names the boundary in messages; empty for the identity policies. */
  readonly name: string;
}

/** What each layer says, for each reading of wildcards. An expectation must be met by every reading. */
function decide(request: Requests, layers: Layers): readonly (readonly LayerDecision[])[] {
  const access: Access = { use: "permissions", layers: layers.map(documentsOf) };
  return COLON_READINGS.map((colons) =>
    compileAccess(access, { colons })
      .evaluate(request)
      .layers.map((decision, index) => {
        const policies = layers[index] ?? [];
        return { ...decision, policies, name: index === 0 ? "" : `in ${part(policies[0]?.name ?? "the boundary")} ` };
      }),
  );
}

function statementText(
  {
    document,
    statement,
    sid,
  }: { readonly document: number; readonly statement: number; readonly sid: string | undefined },
  policies: readonly RolePolicy[],
): string {
  const policy = policies.length === 1 ? policies[0] : policies[document];
  const named = sid === undefined ? "" : ` ${JSON.stringify(part(sid))}`;
  return `statement ${statement + 1}${named} of ${part(policy?.name ?? "a policy")}`;
}

/** The policies as they are for requests with exactly this context: each condition is true or false then. */
function accessOf(layers: Layers, context: RequestContext): Access {
  return {
    use: "permissions",
    layers: layers.map((layer) => documentsOf(layer).map((it) => underContext(it, context))),
  };
}

/** A condition that cannot be evaluated stays. A statement whose condition is false stays too, as one about nothing, so that places do not change. */
function underContext(document: JsonValue, context: RequestContext): JsonValue {
  if (!isJsonObject(document)) return document;
  const statements = statementsOf(document).map((statement) => {
    if (!isJsonObject(statement) || statement["Condition"] === undefined) return statement;
    const { Condition: condition, ...rest } = statement;
    const everything = { Effect: "Allow", Action: "*", Resource: "*", Condition: condition };
    const { verdict, unknown } = evaluatePolicies([{ ...document, Statement: [everything] }], {
      ...ANY_REQUEST,
      context,
    });
    if (unknown.length > 0) return statement;
    return verdict === "allow" ? rest : { ...rest, Condition: NEVER };
  });
  return { ...document, Statement: statements };
}

const ANY_REQUEST = { action: "any:Action", resource: "*" };

/** No request has a key and does not have it. */
const NEVER = { Null: { "aws:username": ["true"] }, StringLike: { "aws:username": ["*"] } };

function policyOf({ action, resource }: Requests): JsonValue {
  return { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: [action], Resource: [resource] }] };
}

function documentsOf(policies: readonly RolePolicy[]): readonly JsonValue[] {
  return policies.flatMap(({ document }) => (document === undefined ? [] : [document]));
}

function isPattern({ action, resource }: Requests): boolean {
  return /[*?]/.test(action + resource);
}

function textOf({ action, resource, context }: Requests): string {
  const keys = [...context].map(
    ([key, values]) => `${part(key)} = ${values.map((it) => JSON.stringify(part(it))).join(", ")}`,
  );
  return `${part(action)} on ${part(resource)}${keys.length === 0 ? "" : ` with ${keys.join(" and ")}`}`;
}

function part(text: string): string {
  return messageText(text, MAX_PART_CHARS);
}
