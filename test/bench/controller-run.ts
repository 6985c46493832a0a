import { GetRolePolicyCommand, IAMClient, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import type { SandboxProcess } from "../support/sandbox-process.ts";
import { Cluster, until } from "./cluster.ts";
import { type Counts, type MeasuredController, startMeasured } from "./measured-controller.ts";
import { type Measurement, WARM_UP_SIZE } from "./measurement.ts";

/** What the controller is measured on. */
export interface ControllerRunOptions {
  readonly aws: "sandbox" | "moto";
  readonly awsUrl: string;
  readonly size: number;
  readonly cluster: SandboxProcess;
}

const NOTHING: Counts = { calls: {}, kubeWrites: 0, rssMiB: 0, cpuMs: 0 };
const ALLOW_ALL = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
});

/**
 * The real controller over real HTTP: N objects made, found unchanged, one repaired, one edited, all destroyed. It is started
 * anew in between, for a settle window would hide drift that comes so soon.
 */
export async function measureController(options: ControllerRunOptions): Promise<Measurement[]> {
  const run = new Run(options);
  await new Cluster(options.cluster.kubeUrl).empty();
  await run.create();
  await run.checkAndRepair();
  await run.editAndDestroy();
  return run.measurements;
}

class Run {
  readonly measurements: Measurement[] = [];
  readonly #options: ControllerRunOptions;
  readonly #cluster: Cluster;
  readonly #names: readonly string[];

  constructor(options: ControllerRunOptions) {
    this.#options = options;
    this.#cluster = new Cluster(options.cluster.kubeUrl);
    this.#names = Array.from({ length: options.size }, (_, i) => `bench-${i}`);
  }

  /** Once it has looked at the account, as one that has been running for a while has: then it makes what is not there. */
  async create(): Promise<void> {
    const controller = await this.#start();
    await controller.untilQuiet();
    await this.#warmUp(controller);
    await this.#step("create", controller, async () => {
      await this.#cluster.createAll(this.#names);
      await this.#cluster.untilReady(this.#names.length);
    });
    await controller.stop();
  }

  async checkAndRepair(): Promise<void> {
    const startMs = performance.now();
    const controller = await this.#start();
    const wallMs = (await controller.untilQuiet()) - startMs;
    this.#add("check, nothing changed", wallMs, await controller.countsSince(NOTHING));
    await this.#step("repair one", controller, () => this.#drift("bench-0"));
    await controller.stop();
  }

  async editAndDestroy(): Promise<void> {
    const controller = await this.#start();
    await controller.untilQuiet();
    await this.#step("edit one", controller, async () => {
      await this.#cluster.describe("bench-0", "edited");
      await this.#cluster.untilReady(this.#names.length);
    });
    // One that has been running for some hours has read each profile.
    for (const name of this.#names) await this.#cluster.askToLook(name);
    await controller.untilQuiet();
    await this.#step("destroy", controller, async () => {
      await this.#cluster.deleteAll(this.#names);
      await this.#cluster.untilGone();
    });
    await controller.stop();
  }

  async #warmUp(controller: MeasuredController): Promise<void> {
    const names = Array.from({ length: WARM_UP_SIZE }, (_, i) => `warm-up-${i}`);
    await this.#cluster.createAll(names);
    await this.#cluster.untilReady(names.length);
    await this.#cluster.deleteAll(names);
    await this.#cluster.untilGone();
    await controller.countsSince(NOTHING);
  }

  #start(): Promise<MeasuredController> {
    const { cluster, awsUrl } = this.#options;
    return startMeasured({ kubeconfig: cluster.kubeconfig, awsUrl });
  }

  async #step(step: string, controller: MeasuredController, work: () => Promise<void>): Promise<void> {
    const before = await controller.counts();
    const startMs = performance.now();
    await work();
    const wallMs = performance.now() - startMs;
    this.#add(step, wallMs, await controller.countsSince(before));
  }

  #add(step: string, wallMs: number, counts: Counts): void {
    const { aws, size } = this.#options;
    this.measurements.push({ who: "controller", aws, size, step, wallMs, ...counts });
  }

  /** Somebody replaces the policy; waits until it is as it was. */
  async #drift(name: string): Promise<void> {
    const credentials = { accessKeyId: "somebody", secretAccessKey: "somebody" };
    const iam = new IAMClient({ endpoint: this.#options.awsUrl, region: "us-east-1", credentials });
    const named = { RoleName: name, PolicyName: name };
    const policy = async () => (await iam.send(new GetRolePolicyCommand(named))).PolicyDocument;
    const wanted = await policy();
    await iam.send(new PutRolePolicyCommand({ ...named, PolicyDocument: ALLOW_ALL }));
    await this.#cluster.askToLook(name);
    await until(async () => (await policy()) === wanted, "the drift was not repaired");
    iam.destroy();
  }
}
