import { API_VERSION, type InstanceProfile } from "../../api/instance-profile.ts";
import type { JsonObject } from "../../crd/contract.ts";
import type { PolicyDocuments } from "../../engine/offline/plan-manifest.ts";
import { fillIn, type Variables } from "../../model/variables/template.ts";
import { type Expectation, failedExpectations } from "../../plan/access/expectations.ts";
import { type ManagedPolicies, manifestAccess, type RoleAccess } from "../../plan/access/role-access.ts";
import type { Finding } from "../../plan/lint/finding.ts";
import type { TestResult } from "../../plan/render.ts";
import { messageText } from "../../text/safe-text.ts";
import type { CommandIo } from "../io.ts";
import { invalid, readable, unknownField } from "../manifests/judge-manifest.ts";
import type { Manifest } from "../manifests/manifests.ts";
import { type LocatedFinding, located } from "../manifests/places-of.ts";
import { type JudgedManifest, nameOf } from "../manifests/validate-report.ts";
import type { Subject } from "../plan/plan-subjects.ts";
import { type Reference, readReference } from "./reference-policy.ts";
import { compiledTestSchema } from "./test-schema.ts";

/** An object that a test can name. */
export interface TestedObject {
  readonly namespace: string;
  readonly name: string;
  /** Undefined when the object is invalid, so that its tests are not run. */
  readonly access: RoleAccess | undefined;
  /** The values of its variables, which hold for its tests too. */
  readonly variables: Variables;
}

/** A test and what it found. */
export interface JudgedTest {
  readonly manifest: Manifest;
  readonly findings: readonly Finding[];
}

/**
 * Runs the tests on the objects of the same input.
 *
 * @param unread how to report that a test was run without policies that were not read
 */
export async function judgeTests(
  tests: readonly Manifest[],
  objects: readonly TestedObject[],
  unread: Finding["severity"],
): Promise<readonly JudgedTest[]> {
  const judged: JudgedTest[] = [];
  for (const manifest of tests) judged.push({ manifest, findings: await findingsOf(manifest, objects, unread) });
  return judged;
}

/** The spec of a test that the schema has checked, with defaults. */
interface TestSpec {
  readonly instanceProfile: string;
  readonly allow?: readonly Partial<Expectation>[];
  readonly deny?: readonly Partial<Expectation>[];
  readonly noMoreThan?: Reference;
}

async function findingsOf(
  manifest: Manifest,
  objects: readonly TestedObject[],
  unread: Finding["severity"],
): Promise<readonly Finding[]> {
  const schema = compiledTestSchema();
  const { value } = manifest;
  if (value["apiVersion"] !== API_VERSION) return [invalid("apiVersion", `unknown version; must be ${API_VERSION}`)];
  const document = schema.applyDefaults(structuredClone(value) as JsonObject);
  const faults = [
    ...schema.unknownFields(document).map((path) => unknownField(path, schema.schema)),
    ...schema.validate(document).map(({ field, message }) => readable(field, message)),
    ...contextFaults(document["spec"] as unknown as TestSpec | undefined),
  ];
  if (faults.length > 0) return faults;
  const spec = document["spec"] as unknown as TestSpec;
  const { namespace = "default" } = (document["metadata"] ?? {}) as { readonly namespace?: string };
  const name = `${namespace}/${spec.instanceProfile}`;
  const object = objects.find((it) => it.namespace === namespace && it.name === spec.instanceProfile);
  if (object === undefined) {
    const message = `InstanceProfile ${messageText(name, 400)} is not in the input. Pass its manifest with -f, or correct the name.`;
    return [failure("instanceProfile", message)];
  }
  if (object.access === undefined)
    return [failure("instanceProfile", `InstanceProfile ${name} is invalid. Correct it first.`)];
  return run(manifest, spec, { ...object, access: object.access }, unread);
}

async function run(
  manifest: Manifest,
  spec: TestSpec,
  { access, variables }: { readonly access: RoleAccess; readonly variables: Variables },
  unread: Finding["severity"],
): Promise<readonly Finding[]> {
  const reference = spec.noMoreThan && (await readReference(manifest, spec.noMoreThan, variables));
  if (reference !== undefined && "rule" in reference) return [reference];
  const { allow = [], deny = [] } = spec;
  const completed = (expectation: Partial<Expectation>): Expectation => filledIn(complete(expectation), variables);
  const expectations = { allow: allow.map(completed), deny: deny.map(completed), noMoreThan: reference?.policy };
  const failed = failedExpectations(expectations, access).map(({ path, message }) => failure(path, message));
  return [...failed, ...aboutUnread(access, unread)];
}

function complete({ actions = [], resources = ["*"], context = {} }: Partial<Expectation>): Expectation {
  return { actions, resources, context };
}

/** Variables are filled in where they are in a statement: in resources and in values of condition keys. */
function filledIn({ actions, resources, context }: Expectation, variables: Variables): Expectation {
  const fill = (text: string): string => fillIn(text, variables).text;
  const values = Object.entries(context).map(
    ([key, value]) => [key, typeof value === "string" ? fill(value) : value.map(fill)] as const,
  );
  return { actions, resources: resources.map(fill), context: Object.fromEntries(values) };
}

/** A value of the context is a text or a list of texts, which a structural schema cannot say. */
function contextFaults(spec: TestSpec | undefined): readonly Finding[] {
  return (["allow", "deny"] as const).flatMap((field) => {
    const list: unknown = spec?.[field];
    return (Array.isArray(list) ? list : []).flatMap((expectation: { readonly context?: unknown } | null, index) =>
      Object.entries(expectation?.context ?? {}).flatMap(([key, value]) =>
        [value].flat().every((it) => typeof it === "string")
          ? []
          : [invalid(`spec.${field}[${index}].context[${key}]`, "must be a string or a list of strings: quote it")],
      ),
    );
  });
}

function aboutUnread({ permissions, boundary }: RoleAccess, severity: Finding["severity"]): readonly Finding[] {
  const names = [...permissions, ...(boundary === undefined ? [] : [boundary])]
    .filter(({ document }) => document === undefined)
    .map((policy) => policy.name);
  if (names.length === 0) return [];
  // A warning is of validate, which reads nothing in AWS. In plan the read has failed, and standard error says why.
  const hint =
    severity === "warning"
      ? "not read. plan reads managed policies."
      : "plan could not read it. Correct the ARN, or allow what deploy/aws/plan-policy.json allows.";
  const message = `the test was run without ${messageText(names.join(", "), 1_000)}: ${hint}`;
  return [{ ...failure("instanceProfile", message), severity }];
}

function failure(path: string, message: string): Finding {
  return { rule: "policy-test", severity: "error", path: `spec.${path}`, message };
}

/** `namespace/name` of the object that a test is about; undefined when the test does not name one. */
function testedNameOf({ value }: Pick<Manifest, "value">): string | undefined {
  const { namespace } = (value["metadata"] ?? {}) as Readonly<Record<string, unknown>>;
  const { instanceProfile } = (value["spec"] ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof instanceProfile !== "string") return undefined;
  return `${typeof namespace === "string" ? namespace : "default"}/${instanceProfile}`;
}

/** The object that tests name, by its manifest. */
export function testedObject(object: InstanceProfile, managed: ManagedPolicies): TestedObject {
  const { metadata, oversize, variables = {} } = object;
  const { namespace, name } = metadata;
  return { namespace, name, variables, access: oversize === undefined ? manifestAccess(object, managed) : undefined };
}

/**
 * Runs the policy tests of a plan, with the managed policies as they are in AWS.
 *
 * Errors: those of reading the policies.
 */
export async function runPlannedTests(
  tests: readonly Manifest[],
  subjects: readonly Subject[],
  policies: Pick<PolicyDocuments, "managed">,
  signal: AbortSignal,
): Promise<readonly TestResult[]> {
  if (tests.length === 0) return [];
  const arns = subjects.flatMap(({ object: { spec } }) => [...spec.managedPolicyArns, spec.permissionsBoundaryArn]);
  const known = [...new Set(arns.filter((arn) => arn !== undefined))].sort();
  const managed = await policies.managed(known, signal);
  const objects = subjects.map(({ object }) => testedObject(object, managed));
  const judged = await judgeTests(tests, objects, "error");
  // The first one is for the place of the test.
  const named = judged.map(({ manifest, findings }) => ({
    manifest,
    findings: [invalid("metadata.name", ""), ...findings],
  }));
  return (await located(named)).map(resultOf);
}

function resultOf({ manifest, findings: [first, ...findings] }: JudgedManifest): TestResult {
  const placeOf = ({ line, column }: LocatedFinding): string => `${manifest.source}:${line}:${column}`;
  return {
    test: nameOf(manifest),
    object: testedNameOf(manifest),
    place: first === undefined ? manifest.source : placeOf(first),
    verdict: findings.length === 0 ? "passed" : "failed",
    failures: findings.map((finding) => ({
      place: placeOf(finding),
      message: `${finding.path}: ${finding.message}`,
    })),
  };
}

/** Prints the tests that failed. Returns true when none did. */
export function reportTests(results: readonly TestResult[], io: Pick<CommandIo, "err">): boolean {
  const failed = results.filter(({ verdict }) => verdict === "failed");
  if (failed.length === 0) return true;
  io.err([
    ...failed.flatMap(({ failures }) => failures.map(({ place, message }) => `${place}: error: ${message}`)),
    `${failed.length} of ${results.length} policy tests failed`,
  ]);
  return false;
}
