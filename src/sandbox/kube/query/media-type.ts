import type { StatusError } from "../status-error.ts";
import { badRequest, notAcceptable } from "../status-error.ts";

/** How the client wants objects told. */
type Shape = "object" | "table" | "metadata";

/** What was agreed on from the Accept header. */
export interface Representation {
  readonly format: "json" | "yaml";
  readonly shape: Shape;
  /** For tables: how much of each object a row carries. */
  readonly includeObject: "Metadata" | "Object" | "None";
}

interface MediaRange {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** The media types of Accept, the best first; a missing header accepts all. */
export function mediaRanges(accept: string | undefined): readonly MediaRange[] {
  const ranges = (accept === undefined || accept === "" ? "*/*" : accept).split(",").map((part) => {
    const [type = "", ...rest] = part.split(";").map((piece) => piece.trim());
    const pairs = rest.map((piece) => piece.split("=", 2).map((side) => side.trim()));
    return { type, parameters: new Map(pairs.map(([key = "", value = ""]) => [key, value])) };
  });
  const quality = (range: MediaRange): number => Number(range.parameters.get("q") ?? 1);
  return ranges.toSorted((left, right) => quality(right) - quality(left));
}

/** Chooses the first range that can be served; raises 406 when none can. */
export function representation(accept: string | undefined, query: URLSearchParams): Representation {
  for (const range of mediaRanges(accept)) {
    const format = formatOf(range.type);
    const shape = shapeOf(range.parameters);
    if (format !== undefined && shape !== undefined)
      return { format, shape, includeObject: includeObject(query, shape) };
  }
  throw refusal();
}

function refusal(): StatusError {
  return notAcceptable(["application/json", "application/yaml"]);
}

function formatOf(type: string): Representation["format"] | undefined {
  if (type === "application/json" || type === "*/*" || type === "application/*") return "json";
  return type === "application/yaml" ? "yaml" : undefined;
}

function shapeOf(parameters: ReadonlyMap<string, string>): Shape | undefined {
  const as = parameters.get("as");
  if (as === undefined) return "object";
  if (parameters.get("g") !== "meta.k8s.io" || !["v1", "v1beta1"].includes(parameters.get("v") ?? "")) return undefined;
  if (as === "Table") return "table";
  return as === "PartialObjectMetadata" || as === "PartialObjectMetadataList" ? "metadata" : undefined;
}

function includeObject(query: URLSearchParams, shape: Shape): Representation["includeObject"] {
  const asked = query.get("includeObject") ?? "";
  if (asked === "" || asked === "Metadata") return "Metadata";
  if (asked === "Object" || asked === "None") return asked;
  if (shape !== "table") return "Metadata";
  const why = `includeObject: Invalid value: ${JSON.stringify(asked)}: must be 'Metadata', 'Object', 'None', or empty`;
  throw badRequest(`Unable to convert to Table as requested: ${why}`);
}
