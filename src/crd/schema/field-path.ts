import type { SchemaNode } from "./structural.ts";

const step = /\.([^.[\]]+)|\['((?:[^'\\]|\\.)*)'\]/y;

interface Walk {
  readonly node: SchemaNode;
  readonly path: string;
}

function stepped(walk: Walk, name: string): Walk | undefined {
  const property = walk.node.properties.get(name);
  if (property !== undefined) {
    return { node: property, path: walk.path === "" ? name : `${walk.path}.${name}` };
  }
  const additional = walk.node.additional;
  const keyed = walk.node.properties.size === 0 && additional !== undefined && additional !== "any";
  return keyed ? { node: additional, path: `${walk.path}[${name}]` } : undefined;
}

/**
 * A rule's `fieldPath`, a simple JSON path such as `.spec.tags['team']`, as causes print it; empty for the node itself, and where
 * the path leads nowhere.
 */
export function relativeFieldPath(jsonPath: string, node: SchemaNode): string {
  let walk: Walk | undefined = { node, path: "" };
  step.lastIndex = 0;
  while (walk !== undefined && step.lastIndex < jsonPath.length) {
    const part = step.exec(jsonPath);
    if (part === null) {
      return "";
    }
    walk = stepped(walk, part[1] ?? (part[2] ?? "").replace(/\\(.)/g, "$1"));
  }
  return walk?.path ?? "";
}
