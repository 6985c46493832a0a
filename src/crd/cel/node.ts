/** A node of the CEL library's syntax tree as far as it is read here. */
export interface CelNode {
  readonly op: string;
  readonly args: unknown;
}

function isNode(value: unknown): value is CelNode {
  return typeof value === "object" && value !== null && "op" in value && "args" in value;
}

/** The nodes directly below a node; arguments of macros are in the tree as they were written. */
function childNodes(node: CelNode): readonly CelNode[] {
  const below = (value: unknown): readonly CelNode[] =>
    isNode(value) ? [value] : Array.isArray(value) ? value.flatMap(below) : [];
  return below(node.args);
}

export function walkNodes(node: CelNode, visit: (node: CelNode) => void): void {
  visit(node);
  for (const child of childNodes(node)) {
    walkNodes(child, visit);
  }
}

/** A function or method call taken apart. */
export interface CelCall {
  readonly name: string;
  readonly receiver: CelNode | undefined;
  readonly args: readonly CelNode[];
}

export function callOf(node: CelNode): CelCall | undefined {
  if (!Array.isArray(node.args)) {
    return undefined;
  }
  const [name, second, third] = node.args;
  if (node.op === "call" && Array.isArray(second)) {
    return { name: String(name), receiver: undefined, args: second.filter(isNode) };
  }
  return node.op === "rcall" && isNode(second) && Array.isArray(third)
    ? { name: String(name), receiver: second, args: third.filter(isNode) }
    : undefined;
}
