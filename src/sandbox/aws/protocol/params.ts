/**
 * The parameters of one call in the query protocols, where lists and structures are flattened into names:
 * `Tags.member.1.Key=a` (IAM, STS), `Filter.1.Value.2=b` (EC2).
 */
export class Params {
  readonly #values: ReadonlyMap<string, string>;

  constructor(values: Iterable<readonly [string, string]>) {
    this.#values = new Map(values);
  }

  /** A parameter's value as sent; the empty string is a value. */
  get(name: string): string | undefined {
    return this.#values.get(name);
  }

  /** The members of a list of structures, in the order of their numbers. */
  structures(list: string): Params[] {
    const members = new Map<number, [string, string][]>();
    for (const [name, value] of this.#values) {
      const match = this.#memberOf(name, list);
      if (match !== undefined) {
        members.set(match.index, [...(members.get(match.index) ?? []), [match.rest, value]]);
      }
    }
    return [...members.entries()].sort(([a], [b]) => a - b).map(([, fields]) => new Params(fields));
  }

  /** The members of a list of strings, in the order of their numbers. */
  strings(list: string): string[] {
    return this.structures(list).flatMap((member) => member.get("") ?? []);
  }

  /** Everything, by flattened name. */
  toRecord(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#values);
  }

  #memberOf(name: string, list: string): { index: number; rest: string } | undefined {
    if (!name.startsWith(`${list}.`)) {
      return undefined;
    }
    const match = /^(\d+)(?:\.(.*))?$/s.exec(name.slice(list.length + 1));
    return match === null ? undefined : { index: Number(match[1]), rest: match[2] ?? "" };
  }
}
