import type { AccessRequest } from "../../model/access/access-request.ts";
import type { JsonValue } from "../../model/policy/policy-json.ts";
import { type DecidingPlace, decideRequest, type RequestDecision } from "../../plan/access/decide-request.ts";
import { type ManagedPolicies, manifestAccess, NO_ROLE, type RoleAccess } from "../../plan/access/role-access.ts";
import { awsRates, readRateOption } from "../aws-options.ts";
import type { Command } from "../command.ts";
import { type CommandIo, EXIT, UsageError } from "../io.ts";
import { invalid } from "../manifests/judge-manifest.ts";
import type { Manifest } from "../manifests/manifests.ts";
import { located } from "../manifests/places-of.ts";
import type { GivenOptions } from "../options.ts";
import type { Subject } from "../plan/plan-subjects.ts";
import { connectAsUser, PLAN_RATES, readManagedPolicies } from "../read-aws.ts";
import { type CanFormat, type CanReport, renderCan, type UnreadPolicy } from "./can-report.ts";
import { FILL_OPTIONS, filledInput } from "./filled-subjects.ts";
import { documentPathOf, manifestPathOf } from "./locate-statements.ts";
import { isTrustPolicy, nameOf, readPolicyInput } from "./policy-input.ts";

/** Says whether the role of a manifest, or a policy, allows one request. */
export const canCommand: Command = {
  description: [
    "Says whether the role of a manifest, or a policy document, allows a request: one action on one resource, such as s3:GetObject on",
    "arn:aws:s3:::logs/app. The request has the condition keys of --context and no others. Managed policies and the permissions boundary",
    "are read from AWS. A resource's own policy and those of an organization do not count.",
    "Exit status: 0 allowed, 2 denied, 3 unknown, 1 error.",
  ].join("\n"),
  options: {
    filename: {
      type: "string",
      short: "f",
      value: "FILE|DIR|PATTERN|-",
      isInput: true,
      help: "the manifest or policy document; - reads standard input",
    },
    name: {
      type: "string",
      value: "NAME",
      isInput: true,
      help: "with several objects: the one to ask about, as NAME or NAMESPACE/NAME",
    },
    context: {
      type: "string",
      multiple: true,
      value: "KEY=VALUE",
      help: "a condition key of the request, such as aws:SourceIp=10.0.0.1; repeatable; the same key again adds a value",
    },
    output: { type: "string", short: "o", value: "FORMAT", help: "text (default) or json" },
    offline: { type: "boolean", help: "do not read managed policies in AWS: what they allow and deny is unknown then" },
    ...FILL_OPTIONS,
    ...readRateOption(PLAN_RATES),
  },
  positionals: "ACTION RESOURCE",
  run: canAccess,
};

const EXIT_OF: Readonly<Record<RequestDecision["answer"], number>> = { allowed: 0, denied: 2, unknown: 3 };

async function canAccess(given: GivenOptions, io: CommandIo): Promise<number> {
  const path = given.text("filename");
  if (path === undefined) throw new UsageError("nothing to ask: pass a manifest or a policy document with -f");
  const request = requestOf(given);
  const format = formatOf(given.text("output") ?? "text");
  const input = await readPolicyInput("filename", path, "nothing was decided", io);
  const named = input?.kind === "objects" ? { ...input, subjects: [selected(input.subjects, given)] } : input;
  const filled = named && (await filledInput(named, given, "nothing was decided", io));
  if (filled === undefined) return EXIT.error;
  const source = filled.kind === "policy" ? policySource(filled.manifest) : objectSource(filled.subjects);
  const { managed, unread } = await readManaged(source, given, io);
  const decision = decideRequest(source.access(managed), request);
  const report: CanReport = {
    ...(source.name !== undefined && { object: source.name }),
    action: request.action,
    resource: request.resource,
    context: Object.fromEntries(request.context),
    ...(await withPlaces(decision, source)),
    notRead: unread,
  };
  io.out(renderCan(report, format));
  return EXIT_OF[decision.answer];
}

function requestOf(given: GivenOptions): AccessRequest {
  const [action = "", resource = "", ...others] = given.positionals;
  if (resource === "" || others.length > 0) throw new UsageError("name one ACTION and one RESOURCE");
  if (!/^[a-z0-9-]+:[a-z0-9]+$/i.test(action)) {
    throw new UsageError(`ACTION "${action}" must be one action, such as s3:GetObject`);
  }
  if (resource !== "*" && !/^arn(:[^:]*){4}:./s.test(resource)) {
    throw new UsageError(`RESOURCE "${resource}" must be an ARN, or * for an action that has no resource`);
  }
  return { action, resource, context: contextOf(given.list("context")) };
}

function contextOf(options: readonly string[]): AccessRequest["context"] {
  const context = new Map<string, readonly string[]>();
  for (const option of options) {
    const [key = "", ...value] = option.split("=");
    if (key === "" || value.length === 0) throw new UsageError(`--context: "${option}" must have the form KEY=VALUE`);
    const name = key.toLowerCase();
    context.set(name, [...(context.get(name) ?? []), value.join("=")]);
  }
  return context;
}

function formatOf(name: string): CanFormat {
  if (name === "text" || name === "json") return name;
  throw new UsageError(`--output: "${name}" must be one of text, json`);
}

function selected(subjects: readonly Subject[], given: GivenOptions): Subject {
  const wanted = given.text("name");
  const found = subjects.filter(
    ({ object }) => wanted === undefined || wanted === object.metadata.name || wanted === nameOf(object),
  );
  const [subject, ...others] = found;
  if (subject !== undefined && others.length === 0) return subject;
  const names = (found.length > 0 ? found : subjects).map(({ object }) => nameOf(object)).join(", ");
  if (found.length === 0) throw new UsageError(`--name: no InstanceProfile ${wanted} in the input; it has ${names}`);
  throw new UsageError(`the input has ${found.length} objects: ${names}. Select one with --name`);
}

/** What a request is decided by. */
interface Source {
  /** Unset for a policy document. */
  readonly name?: string;
  readonly manifest: Manifest;
  readonly policyArns: readonly string[];
  readonly access: (managed: ManagedPolicies) => RoleAccess;
  readonly pathOf: (place: DecidingPlace) => string | undefined;
}

function policySource(manifest: Manifest): Source {
  const document = manifest.value as unknown as JsonValue;
  if (isTrustPolicy(document)) {
    throw new UsageError(`${manifest.source} is a trust policy; access can decides what permissions policies allow`);
  }
  const access: RoleAccess = { ...NO_ROLE, permissions: [{ name: "the policy", document }] };
  return { manifest, policyArns: [], access: () => access, pathOf: documentPathOf };
}

function objectSource([subject]: readonly Subject[]): Source {
  const { manifest, object } = subject as Subject;
  const { managedPolicyArns, permissionsBoundaryArn } = object.spec;
  return {
    name: nameOf(object),
    manifest,
    policyArns: [...managedPolicyArns, ...(permissionsBoundaryArn === undefined ? [] : [permissionsBoundaryArn])],
    access: (managed) => manifestAccess(object, managed),
    pathOf: manifestPathOf(object.spec),
  };
}

async function readManaged(
  { policyArns }: Source,
  given: GivenOptions,
  io: CommandIo,
): Promise<{ readonly managed: ManagedPolicies; readonly unread: readonly UnreadPolicy[] }> {
  if (policyArns.length === 0) return { managed: new Map(), unread: [] };
  if (given.flag("offline")) {
    return { managed: new Map(), unread: policyArns.map((arn) => ({ policyArn: arn, reason: "--offline is set" })) };
  }
  const unread: UnreadPolicy[] = [];
  const aws = connectAsUser(awsRates(given, PLAN_RATES), io.env);
  try {
    const managed = await readManagedPolicies(policyArns, aws, io.stop, (policyArn, reason) => {
      unread.push({ policyArn, reason });
    });
    return { managed, unread };
  } finally {
    aws.close();
  }
}

/** Adds to each statement of the input its place in the file. */
async function withPlaces(decision: RequestDecision, { manifest, pathOf }: Source): Promise<RequestDecision> {
  const places = [...decision.decidedBy, ...decision.underConditions];
  const findings = places.map((place) => invalid(pathOf(place) ?? "", ""));
  const [found] = await located([{ manifest, findings }]);
  const inFile = places.map((place, index): DecidingPlace => {
    const { line = 1, column = 1 } = found?.findings[index] ?? {};
    return pathOf(place) === undefined ? place : { ...place, place: `${manifest.source}:${line}:${column}` };
  });
  const count = decision.decidedBy.length;
  return { ...decision, decidedBy: inFile.slice(0, count), underConditions: inFile.slice(count) };
}
