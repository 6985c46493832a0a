import { compileCrd } from "../../crd/compile-crd.ts";
import type { CompiledCrd, JsonObject } from "../../crd/contract.ts";
import { metaOf } from "./json.ts";

const limit = 64;
const known = new Map<string, CompiledCrd>();

/**
 * Compiles a CRD, once for each that is the same: it takes tens of milliseconds, and one CRD is judged, installed and started
 * with many times in a process. Raises InvalidCrdError.
 */
export function compileDefinition(crd: JsonObject): CompiledCrd {
  const { name, annotations } = metaOf(crd);
  const key = JSON.stringify([name, annotations, crd["spec"]]);
  const found = known.get(key);
  if (found !== undefined) return found;
  const compiled = compileCrd(crd);
  const [oldest] = known.keys();
  if (known.size >= limit && oldest !== undefined) known.delete(oldest);
  known.set(key, compiled);
  return compiled;
}
