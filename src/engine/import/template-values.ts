import {
  isJsonList,
  isJsonObject,
  type JsonList,
  type JsonObject,
  type JsonValue,
} from "../../model/policy/policy-json.ts";
import { member, memberAt, objectOr, textOf } from "./json-access.ts";
import { PSEUDO_PARAMETERS, physicalArn, physicalName, physicalRef } from "./template-resources.ts";

/** A value that the template alone does not determine. The message says which, as a clause: `!Ref Bucket is not known; pass …`. */
export class UnresolvedError extends Error {}

/** What intrinsic functions may produce in one template, in characters: references to references can grow exponentially. */
const MAX_RESOLVED_CHARS = 4_000_000;

/** {@link TemplateValues.resolve} gives it for `AWS::NoValue`. */
const NO_VALUE = undefined;

/** A value of a manifest that stands for one of the account: it cannot be compared. */
const HAS_VARIABLE = /\{(?:account|region|partition)\}/;

const VARIABLES = new RegExp(HAS_VARIABLE, "g");

const PSEUDO_BY_VARIABLE: ReadonlyMap<string, string> = new Map(
  [...PSEUDO_PARAMETERS].map(([name, variable]) => [variable, name]),
);

/** Parameters of the command line: of the template, of CloudFormation (`AWS::Region`), names of resources (`Bucket`) and attributes (`Bucket.Arn`). */
export type GivenValues = ReadonlyMap<string, string>;

type Intrinsic = (argument: JsonValue) => JsonValue | undefined;

/**
 * Resolves the intrinsic functions of a template. Pseudo parameters that depend on where a stack is become variables of a manifest:
 * `{account}`, `{region}` and `{partition}`.
 *
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
 */
export class TemplateValues {
  readonly #template: JsonObject;
  readonly #given: Pick<GivenValues, "get">;
  readonly #known = new Map<string, JsonValue | undefined>();
  readonly #open = new Set<string>();
  #charsLeft = MAX_RESOLVED_CHARS;
  readonly #intrinsics: ReadonlyMap<string, Intrinsic> = new Map<string, Intrinsic>([
    ["Ref", (name) => this.ref(required(name, "Ref"))],
    [
      "Fn::GetAtt",
      (path) =>
        this.#attribute(isJsonList(path) ? this.#texts(path, "Fn::GetAtt").join(".") : required(path, "Fn::GetAtt")),
    ],
    ["Fn::Sub", (argument) => this.#sub(argument)],
    ["Fn::Join", (argument) => this.#join(argument)],
    ["Fn::Split", (argument) => this.#split(argument)],
    ["Fn::Select", (argument) => this.#select(argument)],
    ["Fn::FindInMap", (argument) => this.#findInMap(argument)],
    ["Fn::ImportValue", (argument) => this.#import(argument)],
    ["Fn::If", (argument) => this.#if(argument)],
  ]);

  /** @param template as {@link readTaggedYaml} returns it: short tags are objects, and every scalar is text */
  constructor(template: JsonObject, given: Pick<GivenValues, "get">) {
    this.#template = template;
    this.#given = given;
  }

  /** The value without intrinsic functions; undefined for `AWS::NoValue`. Errors: UnresolvedError. */
  resolve(value: JsonValue): JsonValue | undefined {
    if (typeof value === "string") this.#count(value.length);
    if (isJsonList(value)) return value.map((item) => this.resolve(item)).filter((item) => item !== NO_VALUE);
    if (!isJsonObject(value)) return value;
    const [[name = "", argument = null] = [], ...others] = Object.entries(value);
    const intrinsic = others.length === 0 ? this.#intrinsics.get(name) : undefined;
    if (intrinsic !== undefined) return intrinsic(argument);
    const unknown = Object.keys(value).find((key) => key.startsWith("Fn::"));
    if (unknown !== undefined) throw new UnresolvedError(`${unknown} cannot be resolved without CloudFormation`);
    const members = Object.entries(value).map(([key, inner]) => [key, this.resolve(inner)] as const);
    return Object.fromEntries(members.filter((entry): entry is [string, JsonValue] => entry[1] !== NO_VALUE));
  }

  /** A property as text; undefined when the resource does not have it. Errors: UnresolvedError. */
  text(value: JsonValue | undefined): string | undefined {
    const resolved = value === undefined ? undefined : this.resolve(value);
    if (resolved === undefined || resolved === null || typeof resolved === "string") return textOf(resolved);
    throw new UnresolvedError("a list or an object stands where a text must be");
  }

  /** What the command line gives for a name. */
  given(name: string): string | undefined {
    return this.#given.get(name);
  }

  /** What `Ref` gives. Errors: UnresolvedError. */
  ref(name: string): JsonValue | undefined {
    if (name === "AWS::NoValue") return NO_VALUE;
    const given = this.#given.get(name);
    const parameter = memberAt(this.#template, "Parameters", name);
    if (parameter !== undefined) return this.#parameter(name, parameter, given);
    if (given !== undefined) return this.#counted(given);
    const pseudo = PSEUDO_PARAMETERS.get(name);
    if (pseudo !== undefined) return this.#counted(pseudo);
    if (name.startsWith("AWS::")) throw unknownValue(name, name);
    const resource = memberAt(this.#template, "Resources", name);
    return this.#counted(this.#once(`Ref ${name}`, () => this.#physical(name, resource, physicalRef)));
  }

  /** Whether a condition of the template holds. Errors: UnresolvedError. */
  holds(name: string): boolean {
    const condition = memberAt(this.#template, "Conditions", name);
    if (condition === undefined) throw new UnresolvedError(`the template has no condition ${name}`);
    return this.#once(`Condition ${name}`, () => this.#test(condition)) === true;
  }

  #parameter(name: string, declared: JsonValue, given: string | undefined): JsonValue {
    const type = textOf(member(declared, "Type")) ?? "String";
    if (textOf(member(declared, "NoEcho")) === "true")
      throw new UnresolvedError(`parameter ${name} is a secret (NoEcho)`);
    const isLookup = type.startsWith("AWS::SSM::Parameter::Value<");
    const value = given ?? (isLookup ? undefined : member(declared, "Default"));
    if (typeof value !== "string") throw unknownValue(`parameter ${name}`, name);
    const isList = type === "CommaDelimitedList" || type.startsWith("List<") || type.includes("<List<");
    return isList
      ? this.#counted(value)
          .split(",")
          .map((item) => item.trim())
      : this.#counted(value);
  }

  #attribute(path: string): JsonValue {
    const given = this.#given.get(path);
    if (given !== undefined) return this.#counted(given);
    const [name = "", ...attribute] = path.split(".");
    const resource = memberAt(this.#template, "Resources", name);
    const read = attribute.join(".").endsWith("Arn") ? physicalArn : undefined;
    if (read === undefined) throw unknownValue(path, path);
    return this.#counted(this.#once(`GetAtt ${path}`, () => this.#physical(name, resource, read, path)));
  }

  /** What a resource is called, by its explicit name or the one that the command line gives. */
  #physical(name: string, resource: JsonValue | undefined, read: typeof physicalRef, key: string = name): string {
    const type = textOf(member(resource, "Type")) ?? "";
    const properties = objectOr(member(resource, "Properties"));
    const given = this.#given.get(name);
    const text = given ?? this.text(member(properties, physicalName(type) ?? ""));
    const found = text === undefined ? undefined : read(type, text, this.text(member(properties, "Path")) ?? "/");
    if (found === undefined) throw unknownValue(`the ${key === name ? "name" : "value"} of ${key}`, key);
    return found.replaceAll(
      VARIABLES,
      (variable) => this.#given.get(PSEUDO_BY_VARIABLE.get(variable) ?? "") ?? variable,
    );
  }

  #sub(argument: JsonValue): string {
    const [template, own] = isJsonList(argument) ? argument : [argument];
    return this.#counted(
      required(template, "Fn::Sub").replace(/\$\{([^{}]*)\}/g, (_, inner: string) => {
        const name = inner.trim();
        if (name.startsWith("!")) return `\${${name.slice(1)}}`;
        const replaced = member(own, name);
        const value = replaced === undefined ? this.#named(name) : this.resolve(replaced);
        return required(value, `\${${name}}`);
      }),
    );
  }

  #named(name: string): JsonValue | undefined {
    return name.includes(".") ? this.#attribute(name) : this.ref(name);
  }

  #join(argument: JsonValue): string {
    const [separator, list] = isJsonList(argument) ? argument : [];
    const items = this.resolve(list ?? null);
    if (!isJsonList(items)) throw new UnresolvedError("Fn::Join has no list");
    return this.#counted(this.#texts(items, "Fn::Join").join(textOf(separator) ?? ""));
  }

  #split(argument: JsonValue): JsonList {
    const [separator, text] = isJsonList(argument) ? argument : [];
    return required(this.resolve(text ?? null), "Fn::Split").split(required(separator, "Fn::Split"));
  }

  #select(argument: JsonValue): JsonValue {
    const [index, from] = isJsonList(argument) ? argument : [];
    const list = this.resolve(from ?? null);
    const item = isJsonList(list) ? list[Number(this.resolve(index ?? null))] : undefined;
    if (item === undefined) throw new UnresolvedError("Fn::Select selects nothing");
    return item;
  }

  #findInMap(argument: JsonValue): JsonValue {
    const keys = this.#texts(this.resolve(argument), "Fn::FindInMap").slice(0, 3);
    const variable = keys.find((key) => HAS_VARIABLE.test(key));
    if (variable !== undefined) throw variesWith(variable);
    const found = memberAt(this.#template, "Mappings", ...keys);
    if (found === undefined || keys.length < 3) throw new UnresolvedError(`Fn::FindInMap finds no ${keys.join(", ")}`);
    return found;
  }

  #import(argument: JsonValue): string {
    const name = required(this.resolve(argument), "Fn::ImportValue");
    const given = this.#given.get(name);
    if (given === undefined) throw unknownValue(`the export ${name} of another stack`, name);
    return this.#counted(given);
  }

  #if(argument: JsonValue): JsonValue | undefined {
    const [condition, then, otherwise] = isJsonList(argument) ? argument : [];
    return this.resolve((this.holds(required(condition, "Fn::If")) ? then : otherwise) ?? null);
  }

  #test(condition: JsonValue): boolean {
    const [[name = "", argument = null] = []] = Object.entries(objectOr(condition));
    const tests = (): readonly boolean[] =>
      (isJsonList(argument) ? argument : [argument]).map((one) => this.#test(one));
    switch (name) {
      case "Condition":
        return this.holds(required(argument, "Condition"));
      case "Fn::And":
        return tests().every(Boolean);
      case "Fn::Or":
        return tests().some(Boolean);
      case "Fn::Not":
        return !tests().every(Boolean);
      case "Fn::Equals":
        return this.#equals(isJsonList(argument) ? argument : []);
      default:
        throw new UnresolvedError(`a condition cannot be decided by ${name === "" ? "nothing" : name}`);
    }
  }

  #equals(pair: JsonList): boolean {
    const [one, other] = [0, 1].map((index) => JSON.stringify(this.resolve(pair[index] ?? null)));
    if (one === other) return true;
    const variable = [one, other].find((text) => HAS_VARIABLE.test(text ?? ""));
    if (variable !== undefined) throw variesWith(variable);
    return false;
  }

  #texts(value: JsonValue | undefined, what: string): readonly string[] {
    return (isJsonList(value) ? value : [value]).map((item) => required(item, what));
  }

  /** Resolves what has a name once, and never within itself. */
  #once<T extends JsonValue | undefined>(key: string, resolve: () => T): T {
    if (this.#known.has(key)) return this.#known.get(key) as T;
    if (this.#open.has(key)) throw new UnresolvedError(`${key} refers to itself`);
    this.#open.add(key);
    try {
      const value = resolve();
      this.#known.set(key, value);
      return value;
    } finally {
      this.#open.delete(key);
    }
  }

  #counted(text: string): string {
    this.#count(text.length);
    return text;
  }

  #count(chars: number): void {
    this.#charsLeft -= chars;
    if (this.#charsLeft < 0) throw new UnresolvedError("the template is too large once its references are resolved");
  }
}

function required(value: JsonValue | undefined, what: string): string {
  if (typeof value === "string") return value;
  throw new UnresolvedError(
    `${what} needs a text, and has ${value === undefined ? "AWS::NoValue" : "a list or an object"}`,
  );
}

function unknownValue(what: string, key: string): UnresolvedError {
  return new UnresolvedError(`${what} is not known; pass --parameter ${key}=VALUE`);
}

function variesWith(text: string): UnresolvedError {
  const [name = ""] = [...PSEUDO_PARAMETERS].find(([, variable]) => text.includes(variable)) ?? [];
  return unknownValue(name, name);
}
