/** What happens to one call: `pass` it, or lose its reply after it was carried out, or never send it. */
export type Fate = "pass" | "lose-reply" | "refuse";

/** One call that crossed a port, with its number from 1. */
export interface SeenCall {
  readonly number: number;
  readonly port: string;
  readonly method: string;
}

/** Decides each call's fate before it is sent. */
export type Judge = (call: SeenCall) => Fate;

/** A reply that never came, or a call that never left: what a dead process or a cut connection looks like from inside. */
export class LostCall extends Error {
  constructor(call: SeenCall) {
    super(`call ${call.number} (${call.port}.${call.method}) was lost`);
  }
}

/** Counts and judges every call through the ports it wraps; all of them share one numbering. */
export class Interceptor {
  readonly calls: SeenCall[] = [];
  /** How many calls did not pass. */
  faults = 0;
  readonly #judge: Judge;
  readonly #lost: (call: SeenCall) => Error;

  constructor(judge: Judge = () => "pass", lost: (call: SeenCall) => Error = (call) => new LostCall(call)) {
    this.#judge = judge;
    this.#lost = lost;
  }

  /** The port with every promise-returning method under judgement. */
  wrap<T extends object>(port: string, target: T): T {
    return new Proxy(target, {
      get: (object, method) => {
        const original = Reflect.get(object, method) as unknown;
        if (typeof original !== "function") return original;
        return (...args: unknown[]) => this.#call(port, String(method), () => original.apply(object, args));
      },
    });
  }

  async #call(port: string, method: string, send: () => unknown): Promise<unknown> {
    const call = { number: this.calls.length + 1, port, method };
    this.calls.push(call);
    const fate = this.#judge(call);
    if (fate !== "pass") this.faults += 1;
    if (fate === "refuse") throw this.#lost(call);
    const reply = await send();
    if (fate === "lose-reply") throw this.#lost(call);
    return reply;
  }
}
