import type { Json, PrinterColumn } from "../../../crd/contract.ts";
import { stringMember } from "../../../crd/json.ts";
import type { TableColumn } from "../endpoint.ts";
import { metaOf } from "../json.ts";
import { ageOf } from "../time.ts";
import { compileJsonPath } from "./json-path.ts";

const nameDescription =
  "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically.";
const ageDescription =
  "CreationTimestamp is a timestamp representing the server time when this object was created. It is represented in RFC3339 form and is in UTC.";

/** The first column of every table. */
export const nameColumn: TableColumn = {
  name: "Name",
  type: "string",
  format: "name",
  description: nameDescription,
  priority: 0,
  cell: (object) => stringMember(metaOf(object), "name"),
};

/** The last column of most tables, as `5m`; built-ins call its type string, CRDs without columns date. */
export function ageColumn(type: "string" | "date"): TableColumn {
  return {
    name: "Age",
    type,
    format: "",
    description: ageDescription,
    priority: 0,
    cell: (object, nowMs) => ageOf(metaOf(object)["creationTimestamp"], nowMs),
  };
}

/** A column of a built-in kind. */
export function plainColumn(name: string, cell: TableColumn["cell"], priority = 0): TableColumn {
  return { name, type: "string", format: "", description: "", priority, cell };
}

/** An `additionalPrinterColumns` entry of a CRD; an empty cell is null, as the API server has it. */
export function printerColumn(column: PrinterColumn): TableColumn {
  const find = compileJsonPath(column.jsonPath);
  const { name, type, format, priority } = column;
  const described = `Custom resource definition column (in JSONPath format): ${column.jsonPath}`;
  const description = column.description === "" ? described : column.description;
  return {
    name,
    type,
    format,
    description,
    priority,
    cell: (object, nowMs) => cellOf(type, find(object)[0], nowMs),
  };
}

function cellOf(type: PrinterColumn["type"], value: Json | undefined, nowMs: number): Json {
  if (value === undefined) return null;
  if (type === "string") return textOf(value);
  if (type === "date") return typeof value === "string" ? ageOf(value, nowMs) : null;
  if (type === "boolean") return typeof value === "boolean" ? value : null;
  if (typeof value !== "number") return null;
  return type === "integer" ? Math.trunc(value) : value;
}

/** kubectl's JSONPath prints null as nothing and lists and objects as JSON. */
function textOf(value: Json): string {
  if (typeof value === "string") return value;
  return value === null ? "" : JSON.stringify(value);
}
