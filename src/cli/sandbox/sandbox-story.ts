import type { CommandIo } from "../io.ts";
import { type Guest, startGuest } from "./guest-process.ts";
import { type ProfileSource, runSandboxInstance, SANDBOX_REGION } from "./sandbox-aws.ts";
import { applyToSandbox, type SandboxObject, waitForFinalStatus } from "./sandbox-client.ts";

/** The endpoints that the demo uses. */
export interface StoryPlaces {
  readonly kubeUrl: string;
  readonly awsUrl: string;
  readonly metadataUrl: (instanceId: string) => Promise<string>;
}

/** An InstanceProfile as parsed from YAML. */
export type Manifest = Readonly<Record<string, unknown>>;

/** A running demo: the API endpoints, the sample, and the instances started so far with the programs on them. */
export class Story {
  readonly places: StoryPlaces;
  readonly manifest: Manifest;
  readonly object: SandboxObject;
  readonly io: CommandIo;
  /** How long the credentials of instances last. */
  readonly credentialMs: number;
  readonly #timeoutMs: number;
  readonly #guests = new Map<string, Guest>();

  constructor(
    places: StoryPlaces,
    { manifest, object }: { readonly manifest: Manifest; readonly object: SandboxObject },
    options: { readonly io: CommandIo; readonly timeoutMs: number; readonly credentialMs: number },
  ) {
    this.places = places;
    this.manifest = manifest;
    this.object = object;
    this.io = options.io;
    this.credentialMs = options.credentialMs;
    this.#timeoutMs = options.timeoutMs;
  }

  /** Applies the manifest again for the user, and starts an instance, whose id it returns. */
  async reopen(): Promise<string> {
    await this.apply(this.manifest);
    const source = { "IamInstanceProfile.Name": this.object.instanceProfileName };
    const id = await runSandboxInstance(this.places.awsUrl, source);
    this.io.out(["", `For you to continue, the manifest is applied again, and instance ${id} has the profile.`]);
    return id;
  }

  /** Starts an instance, and the program on it. */
  async launch(source: ProfileSource): Promise<{ readonly id: string; readonly guest: Guest }> {
    const { awsUrl } = this.places;
    const id = await runSandboxInstance(awsUrl, source);
    const guest = startGuest({ awsUrl, metadataUrl: await this.places.metadataUrl(id), region: SANDBOX_REGION });
    this.#guests.set(id, guest);
    return { id, guest };
  }

  /** Applies a manifest, and waits for the result. */
  async apply(manifest: Manifest): Promise<void> {
    await applyToSandbox(this.places.kubeUrl, manifest);
    await waitForFinalStatus(this.places.kubeUrl, this.object, { timeoutMs: this.#timeoutMs, signal: this.io.stop });
  }

  /** Prints one step and its result. */
  show(step: string, result: string): void {
    this.io.out(`  ${step.padEnd(21)}  ${result}`);
  }

  /** The instances started so far. */
  get instanceIds(): readonly string[] {
    return [...this.#guests.keys()];
  }

  /** Stops the programs on the instances. */
  async stopGuests(): Promise<void> {
    await Promise.all([...this.#guests.values()].map((guest) => guest.stop()));
  }
}
