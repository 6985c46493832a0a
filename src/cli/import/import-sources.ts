import { stat } from "node:fs/promises";
import { readAck } from "../../engine/import/ack.ts";
import { readCloudFormation } from "../../engine/import/cloudformation.ts";
import { readCrossplane } from "../../engine/import/crossplane.ts";
import type { Declarations } from "../../engine/import/declared.ts";
import { readTerraformState } from "../../engine/import/terraform-state.ts";
import { TerminalError } from "../../errors.ts";
import { type JsonValue, nestsDeeperThan } from "../../model/policy/policy-json.ts";
import { type CommandIo, UsageError } from "../io.ts";
import { readTemplate } from "../manifests/yaml-reader.ts";
import type { GivenOptions, OptionSpecs } from "../options.ts";
import { readClusterOf } from "./read-cluster.ts";
import { readBounded, readDocuments, withPlace } from "./read-documents.ts";

/** What another tool declares, and how it lets go. */
export interface ImportSource {
  /** The input, in messages. */
  readonly title: string;
  readonly declarations: Declarations;
  /** The lines that say how the tool lets go of the declarations that manifests cover. */
  readonly lettingGo: (covered: ReadonlySet<string>) => readonly string[];
}

/** Options that select what another tool declares. */
export const IMPORT_OPTIONS: OptionSpecs = {
  "from-terraform-state": {
    type: "string",
    value: "FILE|-",
    isInput: true,
    help: "export the roles in a Terraform state: terraform.tfstate, or what terraform show -json prints",
  },
  "from-cloudformation": {
    type: "string",
    value: "FILE|STACK|-",
    isInput: true,
    help: "export the roles of a CloudFormation template, or of a stack in AWS",
  },
  parameter: {
    type: "string",
    multiple: true,
    value: "KEY=VALUE",
    help: "with a template: a parameter, a pseudo parameter (AWS::StackName), the name of a resource (Bucket) or an attribute (Bucket.Arn); repeatable",
  },
  "from-cluster": {
    type: "string",
    value: "ack|crossplane",
    isInput: true,
    help: "export the roles that ACK or Crossplane declares in the cluster",
  },
  filename: {
    type: "string",
    multiple: true,
    short: "f",
    value: "FILE|DIR|PATTERN|-",
    help: "with --from-cluster: read these manifests instead of the cluster; repeatable",
  },
};

const SOURCES = ["from-terraform-state", "from-cloudformation", "from-cluster"] as const;

/** CloudFormation takes templates of 1 MiB at most. */
const MAX_TEMPLATE_CHARS = 2 ** 20;

/** More than any state or template has; readers are recursive. */
const MAX_LEVELS = 500;

/**
 * The option that selects a source; undefined: none does. Errors: UsageError for several, and for options that need one.
 */
export function importOption(given: GivenOptions): (typeof SOURCES)[number] | undefined {
  const [source, ...others] = SOURCES.filter((name) => given.text(name) !== undefined);
  if (others.length > 0) throw new UsageError(`--${source} and --${others[0]} cannot be combined`);
  const parts = [
    ["parameter", "from-cloudformation"],
    ["filename", "from-cluster"],
    ["kubeconfig", "from-cluster"],
    ["context", "from-cluster"],
  ] as const;
  for (const [name, needed] of parts) {
    const isSet = given.text(name) !== undefined || given.list(name).length > 0;
    if (isSet && source !== needed) throw new UsageError(`--${name} requires --${needed}`);
  }
  return source;
}

/** The stack that `--from-cloudformation` names, unless it names a file. Errors: UsageError for neither. */
export async function stackOf(given: GivenOptions): Promise<string | undefined> {
  const name = given.text("from-cloudformation");
  if (name === undefined || name === "-" || (await isThere(name))) return undefined;
  if (!/^[A-Za-z][A-Za-z0-9-]{0,127}$/.test(name)) {
    throw new UsageError(`--from-cloudformation: ${name} is neither a file nor the name of a stack`);
  }
  if (given.list("parameter").length > 0)
    throw new UsageError(`--parameter requires a template, and ${name} is no file`);
  return name;
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Reads what the source declares. Errors: TerminalError that names the input; UsageError; those of a cluster. */
export async function readSource(
  source: (typeof SOURCES)[number],
  given: GivenOptions,
  io: CommandIo,
): Promise<ImportSource> {
  const name = given.text(source) ?? "";
  switch (source) {
    case "from-terraform-state":
      return terraformSource(name, io);
    case "from-cloudformation":
      return templateSource(name, parametersOf(given), io);
    case "from-cluster":
      return clusterSource(name, given, io);
  }
}

async function terraformSource(path: string, io: CommandIo): Promise<ImportSource> {
  const text = await readBounded(path, io);
  const { declarations, instances } = about(path, () => readTerraformState(parsedJson(text)));
  return { title: titleOf(path), declarations, lettingGo: (covered) => removedBlocks(instances, covered) };
}

function parsedJson(text: string): JsonValue {
  let value: JsonValue;
  try {
    value = JSON.parse(text);
  } catch {
    throw new TerminalError("is not JSON", { reason: "NotJson" });
  }
  if (nestsDeeperThan(MAX_LEVELS, value)) throw new TerminalError("is nested too deeply", { reason: "NotJson" });
  return value;
}

async function templateSource(
  path: string,
  parameters: ReadonlyMap<string, string>,
  io: CommandIo,
): Promise<ImportSource> {
  const text = await readBounded(path, io, MAX_TEMPLATE_CHARS);
  const [template = null] = await withPlace(path, text, () => readTemplate(text));
  const declarations = about(path, () => readCloudFormation(template, parameters));
  return { title: titleOf(path), declarations, lettingGo: deletionPolicies };
}

function deletionPolicies(covered: ReadonlySet<string>): readonly string[] {
  const ids = [...covered].map((address) => address.replace(/ \(.*$/, ""));
  return [
    "Before you remove these resources from the template, deploy it with DeletionPolicy: Retain on each of them:",
    ...ids.map((id) => `  ${id}`),
  ];
}

function parametersOf(given: GivenOptions): ReadonlyMap<string, string> {
  return new Map(
    given.list("parameter").map((parameter) => {
      const [, key, value] = /^([^=]+)=(.*)$/s.exec(parameter) ?? [];
      if (key === undefined || value === undefined) {
        throw new UsageError(`--parameter: "${parameter}" must have the form KEY=VALUE`);
      }
      return [key, value];
    }),
  );
}

async function clusterSource(tool: string, given: GivenOptions, io: CommandIo): Promise<ImportSource> {
  if (tool !== "ack" && tool !== "crossplane") {
    throw new UsageError(`--from-cluster: "${tool}" must be one of ack, crossplane`);
  }
  const paths = given.list("filename");
  const documents =
    paths.length > 0
      ? (await readDocuments(paths, io)).map(({ value }) => value)
      : await readClusterOf(tool, given, io);
  const title = paths.length > 0 ? paths.map(titleOf).join(", ") : "the cluster";
  const declarations = tool === "ack" ? readAck(documents) : readCrossplane(documents);
  return { title, declarations, lettingGo: (covered) => retentions(tool, covered) };
}

function retentions(tool: "ack" | "crossplane", covered: ReadonlySet<string>): readonly string[] {
  const how =
    tool === "ack"
      ? "annotate these objects with services.k8s.aws/deletion-policy=retain:"
      : 'set deletionPolicy: Orphan, or managementPolicies without Delete (["Observe"]), in these objects:';
  return [`Before you delete them, ${how}`, ...[...covered].map((address) => `  ${address}`)];
}

function titleOf(path: string): string {
  return path === "-" ? "standard input" : path;
}

/** Names the input in the errors of a reader. */
function about<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof TerminalError ? error.withMessage(`${path} ${error.message}`) : error;
  }
}

/**
 * The `removed` blocks with which Terraform lets go of what manifests cover, without destroying it. A block has no instance keys, so
 * resources of which only some instances are covered are named instead.
 *
 * @param instances configuration address to the addresses of all instances
 */
export function removedBlocks(
  instances: ReadonlyMap<string, readonly string[]>,
  covered: ReadonlySet<string>,
): readonly string[] {
  return [...instances].flatMap(([configAddress, addresses]) => {
    const left = addresses.filter((address) => !covered.has(address));
    if (left.length === addresses.length) return [];
    if (left.length === 0)
      return ["removed {", `  from = ${configAddress}`, "  lifecycle {", "    destroy = false", "  }", "}"];
    const some = addresses.filter((address) => covered.has(address));
    return [
      `No removed block for ${configAddress}: it would also remove ${left.join(", ")}. Use terraform state rm:`,
      ...some.map((address) => `  terraform state rm '${address.replaceAll("'", `'\\''`)}'`),
    ];
  });
}
