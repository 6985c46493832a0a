import { readFile } from "node:fs/promises";

/** What we read of an audit.k8s.io/v1 Event. */
interface AuditEvent {
  readonly auditID: string;
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource: string;
    readonly subresource?: string;
    readonly namespace?: string;
  };
}

const READS = new Set(["get", "list", "watch"]);

/**
 * The writes that a user asked for in a namespace, as `verb resource.group[/subresource]`, in order, refused ones too. The
 * server adds a request to its log just after it has answered it.
 */
export async function auditedWrites(file: string, username: string, namespace: string): Promise<readonly string[]> {
  const lines = (await readFile(file, "utf8")).split("\n").filter((line) => line.includes(`"${namespace}"`));
  return lines
    .map((line) => JSON.parse(line) as AuditEvent)
    .filter(({ verb, user, objectRef }) => {
      return !READS.has(verb) && user.username === username && objectRef?.namespace === namespace;
    })
    .map(({ verb, objectRef: { apiGroup, resource, subresource } = { resource: "" } }) => {
      const group = apiGroup === undefined ? "" : `.${apiGroup}`;
      return `${verb} ${resource}${group}${subresource === undefined ? "" : `/${subresource}`}`;
    });
}
