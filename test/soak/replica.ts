import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "../support/free-port.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import type { MemorySample } from "./memory.ts";

/** Where a replica lives. */
export interface ReplicaPlace {
  readonly folder: string;
  /** The bundled program. */
  readonly program: string;
  readonly kubeUrl: string;
  readonly awsUrl: string;
}

/** As long as a kubelet takes at least. */
const RESTART_MS = 1_000;
/** 65 % of 384 MiB, as the image gives it in deploy/. */
const NODE_OPTIONS = "--max-old-space-size=249";
/** What the log says when the program itself is wrong. */
const BUGS = ["exiting because of a bug", "Observed a panic", "A handler failed"];
const LOST_LEASE = "leader election lost";

/** A controller process that is started again whenever it ends, as by a kubelet, with wires of its own to both servers. */
export class Replica {
  readonly name: string;
  readonly kubeWire: TcpProxy;
  readonly awsWire: TcpProxy;
  /** How often it ended, by why. */
  readonly ends: Record<string, number> = {};
  readonly #place: ReplicaPlace;
  readonly #args: readonly string[];
  readonly #logFile: string;
  #child: ChildProcess | undefined;
  #metricsUrl = "";
  #asked: string | undefined;
  #isOver = false;
  #life: Promise<void> = Promise.resolve();
  #logSeen = 0;

  private constructor(
    name: string,
    place: ReplicaPlace,
    args: readonly string[],
    wires: readonly [TcpProxy, TcpProxy],
  ) {
    this.name = name;
    this.#place = place;
    this.#args = args;
    [this.kubeWire, this.awsWire] = wires;
    this.#logFile = join(place.folder, `${name}.log`);
  }

  static async start(name: string, place: ReplicaPlace, args: readonly string[]): Promise<Replica> {
    const wireTo = (url: string): Promise<TcpProxy> => TcpProxy.to(Number(new URL(url).port));
    const replica = new Replica(name, place, args, [await wireTo(place.kubeUrl), await wireTo(place.awsUrl)]);
    const clusters = [{ name: "soak", cluster: { server: replica.kubeWire.url } }];
    const contexts = [{ name: "soak", context: { cluster: "soak", user: "" } }];
    const kubeconfig = { clusters, contexts, "current-context": "soak" };
    await writeFile(join(place.folder, `${name}.kubeconfig`), JSON.stringify(kubeconfig));
    process.once("exit", () => replica.#child?.kill("SIGKILL"));
    replica.#life = replica.#live();
    return replica;
  }

  /** SIGKILL, or SIGTERM and as much time as the pod has. */
  end(signal: "SIGKILL" | "SIGTERM"): void {
    this.#asked = signal;
    this.#child?.kill(signal);
  }

  /** The process stands still for a while, as on a machine that is suspended. */
  async freeze(durationMs: number): Promise<void> {
    const child = this.#child;
    child?.kill("SIGSTOP");
    await delay(durationMs);
    child?.kill("SIGCONT");
  }

  /** Undefined while it does not answer. */
  async memory(): Promise<MemorySample | undefined> {
    const text = await fetch(`${this.#metricsUrl}/metrics`, { signal: AbortSignal.timeout(2_000) })
      .then((reply) => reply.text())
      .catch(() => undefined);
    if (text === undefined) return undefined;
    const mebibytes = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]) / 2 ** 20;
    return {
      rssMiB: mebibytes("process_resident_memory_bytes"),
      heapUsedMiB: mebibytes("nodejs_heap_size_used_bytes"),
    };
  }

  /** Lines of the log that tell of a fault in the program. */
  bugs(): readonly string[] {
    const lines = readFileSync(this.#logFile, "utf8").split("\n");
    return lines.filter((line) => BUGS.some((words) => line.includes(words)));
  }

  /** For good. */
  async stop(): Promise<void> {
    this.#isOver = true;
    this.end("SIGTERM");
    await this.#life;
    await Promise.all([this.kubeWire.close(), this.awsWire.close()]);
  }

  async #live(): Promise<void> {
    while (!this.#isOver) {
      this.#asked = undefined;
      const child = await this.#spawn();
      const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
      this.#count(this.#why(code, signal));
      if (!this.#isOver) await delay(RESTART_MS);
    }
  }

  async #spawn(): Promise<ChildProcess> {
    const { folder, program } = this.#place;
    const port = await freePort();
    this.#metricsUrl = `http://127.0.0.1:${port}`;
    const common = ["run", "--kubeconfig", join(folder, `${this.name}.kubeconfig`), "--cluster-id", "soak"];
    const log = openSync(this.#logFile, "a");
    const child = spawn(
      process.execPath,
      [program, ...common, "--metrics-bind-address", `127.0.0.1:${port}`, ...this.#args],
      {
        stdio: ["ignore", log, log],
        env: {
          NODE_OPTIONS,
          AWS_ENDPOINT_URL: this.awsWire.url,
          AWS_REGION: "us-east-1",
          AWS_ACCESS_KEY_ID: "controller",
          AWS_SECRET_ACCESS_KEY: "soak",
        },
      },
    );
    closeSync(log);
    this.#child = child;
    return child;
  }

  #why(code: number | null, signal: string | null): string {
    const log = readFileSync(this.#logFile, "utf8");
    const said = log.slice(this.#logSeen);
    this.#logSeen = log.length;
    if (this.#asked === "SIGKILL" && signal === "SIGKILL") return "killed";
    if (this.#asked === "SIGTERM" && code === 0) return "stopped in order";
    // Before the program listens for signals, the system's own answer to them is the right one.
    if (this.#asked === "SIGTERM" && signal === "SIGTERM") return "stopped while it was loaded";
    if (code === 1 && said.includes(LOST_LEASE)) return "lost the lease";
    return `unexpected: ${signal ?? `exit ${code}`}`;
  }

  #count(why: string): void {
    this.ends[why] = (this.ends[why] ?? 0) + 1;
  }
}
