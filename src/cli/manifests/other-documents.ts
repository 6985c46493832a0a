/** Added to the fault of a file that has the marks of a Go template. */
export const TEMPLATE_HINT: string =
  ". The file has {{ }}, so it looks like a Helm template: render it first, for example with helm template.";

/** Kinds to name; more would not help to find a wrong file. */
const MAX_KINDS = 3;

/** What can be shown of a kind and an apiVersion: the file may be anything. */
const SHOWN = /^[A-Za-z0-9./-]{1,80}$/;

/** The documents that were skipped, for the message of an input without a manifest. */
export class OtherDocuments {
  readonly #kinds = new Set<string>();
  #hasPolicy = false;

  add({ kind, apiVersion, ...rest }: Readonly<Record<string, unknown>>): void {
    if (kind === undefined) this.#hasPolicy ||= "Statement" in rest;
    else if (SHOWN.test(String(kind)) && SHOWN.test(String(apiVersion))) this.#kinds.add(`${kind} (${apiVersion})`);
  }

  /** What was found instead, and what to do; empty when nothing is known. */
  get hint(): string {
    const [...kinds] = this.#kinds;
    const more = kinds.length > MAX_KINDS ? ", …" : "";
    const found = kinds.length === 0 ? "" : `; it has ${kinds.slice(0, MAX_KINDS).join(", ")}${more}`;
    return this.#hasPolicy ? `${found}; it has an IAM policy document. ${POLICY_ADVICE}` : found;
  }
}

const POLICY_ADVICE =
  "Write its statements as spec.statements of an InstanceProfile, with the keys effect, actions, resources and conditions.";
