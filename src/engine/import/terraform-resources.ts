import { TerminalError } from "../../errors.ts";
import { isJsonObject, type JsonObject, type JsonValue, listOf } from "../../model/policy/policy-json.ts";
import { member, memberAt, objectOr, textOf } from "./json-access.ts";

/** One resource in a Terraform state. */
export interface StateResource {
  /** With its instance key: `module.app["a"].aws_iam_role.web[0]`. */
  readonly address: string;
  /** Without instance keys, as a configuration has it. */
  readonly configAddress: string;
  readonly type: string;
  /** The provider configuration; a module of a child may have one of its own. */
  readonly provider: string;
  readonly attributes: JsonObject;
  /** The attributes with a value that Terraform hides. */
  readonly sensitive: ReadonlySet<string>;
  /** An object that a replacement left behind. */
  readonly isDeposed: boolean;
}

const MAX_MODULE_LEVELS = 100;

/**
 * The managed resources of a state, `terraform.tfstate` or `terraform show -json`: https://developer.hashicorp.com/terraform/internals/json-format
 *
 * Errors: TerminalError for another format.
 */
export function stateResources(state: JsonValue): readonly StateResource[] {
  if (member(state, "version") === 4 && Array.isArray(member(state, "resources"))) {
    return listOf(member(state, "resources")).flatMap(resourcesOfFile);
  }
  const root = memberAt(state, "values", "root_module");
  if (isJsonObject(root)) return resourcesOfModule(root, 0);
  const isEmpty = textOf(member(state, "format_version")) !== undefined && member(state, "values") === undefined;
  if (isEmpty && member(state, "planned_values") === undefined) return [];
  throw new TerminalError(
    "is not a Terraform state; pass a terraform.tfstate of version 4, or the output of terraform show -json without a plan file",
    { reason: "NotTerraformState" },
  );
}

function resourcesOfFile(resource: JsonValue): readonly StateResource[] {
  if (member(resource, "mode") !== "managed") return [];
  const [module, type, name] = ["module", "type", "name"].map((key) => textOf(member(resource, key)) ?? "");
  const configured = `${module === "" ? "" : `${module}.`}${type}.${name}`;
  return listOf(member(resource, "instances")).map((instance) => ({
    address: `${configured}${instanceKey(member(instance, "index_key"))}`,
    configAddress: withoutKeys(configured),
    type: type ?? "",
    provider: textOf(member(resource, "provider")) ?? "",
    attributes: objectOr(member(instance, "attributes")),
    sensitive: new Set(
      listOf(member(instance, "sensitive_attributes")).flatMap(
        (path) => textOf(member(listOf(path)[0], "value")) ?? [],
      ),
    ),
    isDeposed: member(instance, "deposed") !== undefined,
  }));
}

function resourcesOfModule(module: JsonValue, level: number): readonly StateResource[] {
  if (level > MAX_MODULE_LEVELS) return [];
  const own = listOf(member(module, "resources")).flatMap((resource): readonly StateResource[] => {
    if (member(resource, "mode") !== "managed") return [];
    const address = textOf(member(resource, "address")) ?? "";
    const hidden = Object.entries(objectOr(member(resource, "sensitive_values"))).filter(([, mark]) => hasMark(mark));
    return [
      {
        address,
        configAddress: withoutKeys(address),
        type: textOf(member(resource, "type")) ?? "",
        provider: textOf(member(resource, "provider_name")) ?? "",
        attributes: objectOr(member(resource, "values")),
        sensitive: new Set(hidden.map(([name]) => name)),
        isDeposed: member(resource, "deposed_key") !== undefined,
      },
    ];
  });
  return [...own, ...listOf(member(module, "child_modules")).flatMap((child) => resourcesOfModule(child, level + 1))];
}

/** True when a tree of marks has `true` somewhere. */
function hasMark(mark: JsonValue): boolean {
  return mark === true || (typeof mark === "object" && mark !== null && Object.values(mark).some(hasMark));
}

function instanceKey(key: JsonValue | undefined): string {
  return key === undefined ? "" : `[${JSON.stringify(key)}]`;
}

/** `module.app["a"].aws_iam_role.web[0]` becomes `module.app.aws_iam_role.web`. */
function withoutKeys(address: string): string {
  return address.replace(/\[(?:\d+|"(?:[^"\\]|\\.)*")\]/g, "");
}
