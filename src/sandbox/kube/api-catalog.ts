import type { Endpoint } from "./endpoint.ts";

/** Everything that is served: the built-ins, and what CRDs bring and take away. */
export class ApiCatalog {
  readonly #builtIns: readonly Endpoint[];
  readonly #custom = new Map<string, readonly Endpoint[]>();

  constructor(builtIns: readonly Endpoint[]) {
    this.#builtIns = builtIns;
  }

  /** All endpoints, the built-ins first. */
  endpoints(): readonly Endpoint[] {
    return [...this.#builtIns, ...[...this.#custom.values()].flat()];
  }

  find(group: string, version: string, plural: string): Endpoint | undefined {
    return this.endpoints().find(
      (endpoint) => endpoint.group === group && endpoint.version === version && endpoint.plural === plural,
    );
  }

  /** Any endpoint that serves the collection. */
  inStorage(storage: string): Endpoint | undefined {
    return this.endpoints().find((endpoint) => endpoint.storage === storage);
  }

  /** Serves the versions of a CRD instead of those that it had before. */
  install(crdName: string, endpoints: readonly Endpoint[]): void {
    this.#custom.set(crdName, endpoints);
  }

  /** Ceases to serve a CRD. */
  uninstall(crdName: string): void {
    this.#custom.delete(crdName);
  }
}
