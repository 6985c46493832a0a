type Json = unknown;
type Fields = Readonly<Record<string, Json>>;

/** A node of an openAPIV3Schema, as far as variants are made from it. */
interface Node {
  readonly type?: string;
  readonly enum?: readonly Json[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly items?: Node;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node;
}

/** A spec that differs from the base in one property. */
export interface Variant {
  /** Such as `trust.statements.0.sid: at its longest`. */
  readonly name: string;
  /** The property of the schema, such as `trust.statements[].sid`. */
  readonly property: string;
  readonly spec: Fields;
}

/** Where a walk stands. */
interface Place {
  readonly path: readonly (string | number)[];
  readonly property: string;
  readonly node: Node;
  /** What the base has there; undefined when it has nothing. */
  readonly value: Json;
}

/** Not there, which JSON has no value for. */
const REMOVED = Symbol("removed");

/**
 * Every property of the schema set, emptied, removed, of another type, at its bounds and beyond them, one at a time in an
 * otherwise unchanged base. In lists the first item that has a property stands for all. `examples` has a good value, by
 * property, for what the base leaves out.
 */
export function variantsOf(schema: Node, base: Fields, examples: Fields): readonly Variant[] {
  return childrenOf({ path: [], property: "", node: schema, value: base }, examples).flatMap((place) =>
    variantsAt(place, base, examples),
  );
}

/** Every property of the schema, such as `trust.statements[].sid`. */
export function propertiesOf(node: Node, at = ""): readonly string[] {
  const own = Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    const property = at === "" ? name : `${at}.${name}`;
    return [property, ...propertiesOf(child, property)];
  });
  return [...own, ...(node.items === undefined ? [] : propertiesOf(node.items, `${at}[]`))];
}

function variantsAt(place: Place, base: Fields, examples: Fields): readonly Variant[] {
  const { path, property, node, value } = place;
  const example = value ?? examples[property];
  const make = ([what, next]: readonly [string, Json]): Variant => ({
    name: `${path.join(".")}: ${what}`,
    property,
    spec: withValue(base, path, next) as Fields,
  });
  const isNew = value === undefined && example !== undefined;
  const inside = isNew ? (withValue(base, path, example) as Fields) : base;
  return [
    ...[...(isNew ? [["set", example] as const] : []), ...valuesOf(node, example)].map(make),
    ...childrenOf({ ...place, value: example }, examples).flatMap((child) => variantsAt(child, inside, examples)),
  ];
}

function childrenOf({ path, property, node, value }: Place, examples: Fields): readonly Place[] {
  const child = (name: string | number, at: string, schema: Node, it: Json): Place => ({
    path: [...path, name],
    property: at,
    node: schema,
    value: it,
  });
  const join = (name: string): string => (property === "" ? name : `${property}.${name}`);
  if (node.properties !== undefined) {
    const fields = isObject(value) ? value : {};
    return Object.entries(node.properties).map(([name, schema]) => child(name, join(name), schema, fields[name]));
  }
  if (node.additionalProperties !== undefined && isObject(value)) {
    const [first] = Object.entries(value);
    return first === undefined ? [] : [child(first[0], `${property}{}`, node.additionalProperties, first[1])];
  }
  if (node.items === undefined || !Array.isArray(value)) return [];
  return childrenOfItems({ path, property: `${property}[]`, node: node.items, value }, value, examples);
}

/** Of items that are objects, each property once: in the first item that has it. */
function childrenOfItems(place: Place, items: readonly Json[], examples: Fields): readonly Place[] {
  if (place.node.properties === undefined) {
    return items.slice(0, 1).map((value) => ({ ...place, path: [...place.path, 0], value }));
  }
  return Object.keys(place.node.properties).flatMap((name) => {
    const has = items.findIndex((item) => isObject(item) && item[name] !== undefined);
    const index = Math.max(has, 0);
    const item: Place = { ...place, path: [...place.path, index], value: items[index] };
    return childrenOf(item, examples).filter(({ path }) => path.at(-1) === name);
  });
}

function valuesOf(node: Node, example: Json): readonly (readonly [string, Json])[] {
  const otherType: Json = node.type === "string" ? 7 : "x";
  return [
    ["removed", REMOVED],
    ["null", null],
    ["of another type", otherType],
    ...(node.enum ?? []).map((value) => [`${String(value)}`, value] as const),
    ...boundsOf(node, example),
  ];
}

function boundsOf(node: Node, example: Json): readonly (readonly [string, Json])[] {
  switch (node.type) {
    case "boolean":
      return [
        ["true", true],
        ["false", false],
      ];
    case "integer":
      return integersOf(node);
    case "string":
      return node.enum === undefined ? stringsOf(node, String(example ?? "x")) : [["no such word", "Nonsense"]];
    case "array":
      return listsOf(node, Array.isArray(example) ? example : []);
    default:
      return objectsOf(node, isObject(example) ? example : {});
  }
}

function integersOf({ minimum = 0, maximum = 0 }: Node): readonly (readonly [string, Json])[] {
  return [
    ["at its least", minimum],
    ["below its least", minimum - 1],
    ["at its most", maximum],
    ["above its most", maximum + 1],
  ];
}

function stringsOf({ maxLength = 100 }: Node, example: string): readonly (readonly [string, Json])[] {
  const long = (length: number): string => {
    // In front of the last character, for some of them have to end in a certain one.
    return `${example.slice(0, -1)}${"a".repeat(Math.max(0, length - example.length))}${example.slice(-1)}`;
  };
  return [
    ["another one", long(example.length + 1)],
    ["empty", ""],
    ["with a character that IAM has not", `${example}…`],
    ["with a space", `${example} x`],
    ["at its longest", long(maxLength)],
    ["beyond its longest", long(maxLength + 1)],
  ];
}

function listsOf({ maxItems = 10, items }: Node, example: readonly Json[]): readonly (readonly [string, Json])[] {
  const many = (count: number): readonly Json[] =>
    Array.from({ length: count }, (_, i) => numbered(example[0], i, items));
  return [
    ["empty", []],
    ["with one item", example.slice(0, 1)],
    ["reversed", example.toReversed()],
    ["with an item twice", [...example, ...example.slice(0, 1)]],
    ["with as many items as can be", many(maxItems)],
    ["with one item too many", many(maxItems + 1)],
  ];
}

function objectsOf(
  { maxProperties, additionalProperties }: Node,
  example: Fields,
): readonly (readonly [string, Json])[] {
  const [first] = Object.entries(example);
  if (additionalProperties === undefined || maxProperties === undefined || first === undefined) return [["empty", {}]];
  const many = (count: number): Fields =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`${first[0]}${i}`, first[1]]));
  return [
    ["empty", {}],
    ["with one member", Object.fromEntries([first])],
    ["with as many members as can be", many(maxProperties)],
    ["with one member too many", many(maxProperties + 1)],
  ];
}

/** The item as its i-th sibling: another string, or another `sid`. */
function numbered(item: Json, i: number, node: Node | undefined): Json {
  if (typeof item === "string" && node?.enum === undefined) return `${item.slice(0, -1)}${i}${item.slice(-1)}`;
  return isObject(item) && typeof item["sid"] === "string" ? { ...item, sid: `${item["sid"]}${i}` } : item;
}

function withValue(whole: Json, [head, ...rest]: readonly (string | number)[], value: Json): Json {
  if (head === undefined) return value;
  if (Array.isArray(whole)) {
    return whole
      .map((item, i) => (i === head ? withValue(item, rest, value) : item))
      .filter((item) => item !== REMOVED);
  }
  const fields = isObject(whole) ? whole : {};
  const { [head]: old, ...others } = fields;
  const next = withValue(old, rest, value);
  return next === REMOVED ? others : { ...others, [head]: next };
}

function isObject(value: Json): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
