import type { LeaseLock, LeaseWrite, ObservedLease } from "../../../src/runtime/election/leader-election-lock.ts";
import type { SimulatedWire } from "./simulated-wire.ts";

/** The Lease that replicas contend for, by the API server's rules; test/contract/leader-election has the real one. */
export class SimulatedLease {
  readonly #name: string;
  #lease: (LeaseWrite & { readonly version: number }) | undefined;

  constructor(name: string = "instance-profile-controller") {
    this.#name = name;
  }

  /** Empty when nobody holds it. */
  get holder(): string {
    return this.#lease?.holderIdentity ?? "";
  }

  /** How often it has changed hands. */
  get transitions(): number {
    return this.#lease?.leaseTransitions ?? 0;
  }

  /** As a process reaches it. */
  lockOver(wire: SimulatedWire): LeaseLock {
    return {
      name: `default/${this.#name}`,
      read: (signal) => wire.ask("get leases", false, signal, () => this.#seen()),
      create: (write, signal) => wire.ask("POST leases", true, signal, () => this.#store(write, undefined)),
      update: (write, previous, signal) => wire.ask("PATCH leases", true, signal, () => this.#store(write, previous)),
    };
  }

  #store(write: LeaseWrite, previous: ObservedLease | undefined): ObservedLease | undefined {
    if (this.#seen()?.version !== previous?.version) return undefined;
    const annotations = Object.entries({ ...this.#lease?.annotations, ...write.annotations });
    const kept = Object.fromEntries(annotations.filter(([, value]) => value !== null));
    this.#lease = { ...this.#lease, ...write, annotations: kept, version: (this.#lease?.version ?? 0) + 1 };
    return this.#seen();
  }

  #seen(): ObservedLease | undefined {
    if (this.#lease === undefined) return undefined;
    const { holderIdentity, leaseDurationMs, leaseTransitions = 0, version, annotations = {} } = this.#lease;
    const texts = annotations as Readonly<Record<string, string>>;
    return { holderIdentity, leaseDurationMs, leaseTransitions, version: String(version), annotations: texts };
  }
}
