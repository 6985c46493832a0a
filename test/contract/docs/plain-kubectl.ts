import { expect, vi } from "vitest";
import { ClusterUser } from "../../support/cluster-user.ts";
import { plainKubeApi } from "../../support/plain-kube-api.ts";

interface Table {
  readonly columnDefinitions: readonly { readonly name: string; readonly priority: number }[];
  readonly rows: readonly { readonly cells: readonly unknown[] }[];
}

interface Event {
  readonly metadata: { readonly resourceVersion: string };
  readonly regarding: { readonly uid: string };
  readonly type: string;
  readonly reason: string;
  readonly reportingController: string;
  readonly note: string;
}

const NAMESPACE = "default";
const PROFILES = `/apis/iam.instanceprofile.dev/v1beta1/namespaces/${NAMESPACE}/instanceprofiles`;
const EVENTS = `/apis/events.k8s.io/v1/namespaces/${NAMESPACE}/events`;
const KIND = "instanceprofile.iam.instanceprofile.dev";

/** As much of kubectl as the documents use, over plain HTTP; ages are shown as `0s`. */
export class PlainKubectl {
  readonly #server: string;
  readonly #user: ClusterUser;

  constructor(server: string) {
    this.#server = server;
    this.#user = new ClusterUser(plainKubeApi(server));
  }

  /** Runs `VERB iprof [NAME] …` and waits, as people do, until the controller has done its part. */
  run([verb = "", kind, name = "", ...rest]: readonly string[]): Promise<string> {
    expect(kind).toBe("iprof");
    switch (verb) {
      case "get":
        return this.#getWide();
      case "describe":
        return this.#describeEvents(name);
      case "annotate":
        return this.#annotate(name, rest[0] ?? "");
      case "delete":
        return this.#delete(name);
      default:
        throw new Error(`nobody here plays kubectl ${verb}`);
    }
  }

  async #getWide(): Promise<string> {
    const accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
    const { columnDefinitions, rows } = await this.#read<Table>(PROFILES, accept);
    const age = columnDefinitions.findIndex(({ name }) => name === "Age");
    const cells = rows.map((row) => row.cells.map((cell, column) => (column === age ? "0s" : String(cell ?? ""))));
    return inColumns([columnDefinitions.map(({ name }) => name.toUpperCase()), ...cells], "");
  }

  async #describeEvents(name: string): Promise<string> {
    const { items } = await this.#read<{ readonly items: readonly Event[] }>(EVENTS, "application/json");
    const object = await this.#user.read({ namespace: NAMESPACE, name });
    const events = items
      .filter(({ regarding }) => regarding.uid === object?.metadata.uid)
      .toSorted((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion))
      .map(({ type, reason, reportingController, note }) => [type, reason, "0s", reportingController, note]);
    const head = [
      ["Type", "Reason", "Age", "From", "Message"],
      ["----", "------", "----", "----", "-------"],
    ];
    return `Events:\n${inColumns([...head, ...events], "  ")}`;
  }

  async #annotate(name: string, annotation: string): Promise<string> {
    const [key = "", value = ""] = annotation.replace(/\$\(.*\)$/, "1767225600").split("=");
    await this.#user.annotate({ namespace: NAMESPACE, name }, { [key]: value });
    await vi.waitFor(
      async () => {
        const object = await this.#user.read({ namespace: NAMESPACE, name });
        expect(object?.status?.lastHandledReconcileAt).toBe(value);
      },
      { timeout: 10_000, interval: 20 },
    );
    return `${KIND}/${name} annotated`;
  }

  async #delete(name: string): Promise<string> {
    await this.#user.delete({ namespace: NAMESPACE, name });
    await vi.waitFor(async () => expect(await this.#user.read({ namespace: NAMESPACE, name })).toBeUndefined(), {
      timeout: 10_000,
      interval: 20,
    });
    return `${KIND} "${name}" deleted`;
  }

  async #read<T>(path: string, accept: string): Promise<T> {
    const reply = await fetch(`${this.#server}${path}`, { headers: { accept } });
    expect(reply.status).toBe(200);
    return (await reply.json()) as T;
  }
}

function inColumns(rows: readonly (readonly string[])[], indent: string): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) => `${indent}${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("   ")}`)
    .join("\n");
}
