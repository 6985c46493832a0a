import type { Interception as AwsInterception, RequestHook } from "../../src/sandbox/aws/interception.ts";
import type { Random } from "../../src/sandbox/aws/random.ts";
import type { AwsSandbox } from "../../src/sandbox/aws/server.ts";
import type { Interceptor, Interception as KubeInterception } from "../../src/sandbox/kube/http/request-log.ts";
import type { KubeApi } from "../../src/sandbox/kube/server.ts";
import { USER } from "../support/cluster-user.ts";
import type { Replica } from "./replica.ts";

/** What can be done to whom. */
export interface Exposed {
  readonly kube: KubeApi;
  readonly aws: AwsSandbox;
  /** Any of them may lose its network. */
  readonly replicas: readonly Replica[];
  /** Of these any may be killed, stopped and frozen. */
  readonly mortals: readonly Replica[];
}

const SPELL_MS = { min: 2_000, max: 20_000 };

/** Troubles of both servers, the wires and the processes, one spell after the other, all drawn from one seed. */
export class Weather {
  /** How often each trouble came. */
  readonly counts: Record<string, number> = {};
  readonly #random: Random;
  #kube: (() => KubeInterception | undefined) | undefined;
  #aws: (() => AwsInterception | undefined) | undefined;

  constructor(random: Random) {
    this.#random = random;
  }

  /** For the API server; what users write passes. */
  readonly kubeInterceptor: Interceptor = ({ query }) =>
    query.get("fieldManager") === USER ? undefined : this.#kube?.();

  /** For AWS. */
  readonly awsHook: RequestHook = () => this.#aws?.();

  /** Begins a trouble and says how long until the next one, ms. */
  next({ kube, aws, replicas, mortals }: Exposed): number {
    const random = this.#random;
    const spellMs = random.integer(SPELL_MS.min, SPELL_MS.max);
    const replica = pick(random, replicas);
    const mortal = pick(random, mortals);
    const troubles: Readonly<Record<string, () => void>> = {
      "API server answers 429, 500, 503": () =>
        this.#kubeSpell(spellMs, () => kubeAnswer(pick(random, [429, 500, 503]))),
      "API server loses requests": () => this.#kubeSpell(spellMs, () => ({ kind: "cut" })),
      "API server loses replies": () => this.#kubeSpell(spellMs, () => ({ kind: "lose-reply" })),
      "API server is slow": () => this.#kubeSpell(spellMs, () => ({ kind: "delay", ms: random.integer(50, 2_000) })),
      "all watches dropped": () => kube.dropConnections(),
      "API server forgets its past": () => {
        kube.compact();
        kube.dropConnections();
      },
      "AWS throttles": () => this.#awsSpell(spellMs, () => awsError("Throttling", 400)),
      "AWS answers 500, 503": () =>
        this.#awsSpell(spellMs, () =>
          pick(random, [awsError("ServiceFailure", 500), awsError("ServiceUnavailable", 503)]),
        ),
      "AWS loses requests": () => this.#awsSpell(spellMs, () => ({ kind: "cut" })),
      "AWS loses replies": () => this.#awsSpell(spellMs, () => ({ kind: "cut", after: true })),
      "AWS is slow": () => this.#awsSpell(spellMs, () => ({ kind: "delay", ms: random.integer(100, 4_000) })),
      "AWS lags behind its writes": () => {
        aws.setAwkwardness({ ...ALWAYS, visibilityDelayMs: { min: 500, max: 8_000 } });
        this.#later(spellMs, () => aws.setAwkwardness(ALWAYS));
      },
      "connections reset": () => [replica.kubeWire, replica.awsWire].map((wire) => wire.reset()),
      "connections dead without a sign": () => [replica.kubeWire, replica.awsWire].map((wire) => wire.blackHole()),
      "API server out of reach of one": () => this.#unplug(replica.kubeWire, spellMs),
      "AWS out of reach of one": () => this.#unplug(replica.awsWire, spellMs),
      "process killed": () => mortal.end("SIGKILL"),
      "process stopped": () => mortal.end("SIGTERM"),
      "process frozen": () => void mortal.freeze(spellMs),
    };
    const [name, begin] = pick(random, Object.entries(troubles));
    this.counts[name] = (this.counts[name] ?? 0) + 1;
    begin();
    return random.integer(1_000, spellMs);
  }

  #kubeSpell(durationMs: number, fate: () => KubeInterception): void {
    const share = this.#random.next();
    this.#kube = () => (this.#random.next() < share ? fate() : undefined);
    this.#later(durationMs, () => {
      this.#kube = undefined;
    });
  }

  #awsSpell(durationMs: number, fate: () => AwsInterception): void {
    const share = this.#random.next();
    this.#aws = () => (this.#random.next() < share ? fate() : undefined);
    this.#later(durationMs, () => {
      this.#aws = undefined;
    });
  }

  #unplug(wire: Replica["kubeWire"], durationMs: number): void {
    wire.isRefusing = true;
    wire.reset();
    this.#later(durationMs, () => {
      wire.isRefusing = false;
    });
  }

  #later(durationMs: number, end: () => void): void {
    setTimeout(end, durationMs);
  }
}

/** What AWS is like on every day. */
export const ALWAYS = {
  shufflePrincipals: true,
  shuffleKeys: true,
  collapseSingletons: true,
  fillVersion: true,
  shuffleLists: true,
} as const;

/** The longest that anything goes on for after it was begun. */
export const LONGEST_SPELL_MS: number = SPELL_MS.max;

function kubeAnswer(status: number): KubeInterception {
  const body = JSON.stringify({ kind: "Status", apiVersion: "v1", status: "Failure", code: status, message: "soak" });
  const headers = { "content-type": "application/json", ...(status !== 500 && { "retry-after": "1" }) };
  return { kind: "reply", status, headers, body };
}

function awsError(code: string, status: number): AwsInterception {
  return { kind: "error", code, status, message: "soak" };
}

/** One of them, all alike. */
export function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[random.integer(0, items.length - 1)];
  if (item === undefined) throw new RangeError("there is nothing to pick from");
  return item;
}
