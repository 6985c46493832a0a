import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findCommand, runCommand } from "./kubectl.ts";

/** To start the provider is some seconds of work, more on a busy machine. */
const TIMEOUT_MS = 900_000;
const NEEDS_AWS = 'terraform {\n  required_providers {\n    aws = {\n      source = "hashicorp/aws"\n    }\n  }\n}\n';

/**
 * The Terraform of this machine in a folder of its own. To find the provider takes far longer than to plan, so one folder is
 * prepared once and takes one configuration after the other.
 */
export class Terraform {
  readonly #command: string;
  readonly #folder: string;
  /** The CLI's configuration, where it is not the user's. */
  #configFile: string | undefined;

  private constructor(command: string, folder: string) {
    this.#command = command;
    this.#folder = folder;
  }

  /**
   * Ready to plan; or why it cannot be used here: it must be there, and find its AWS provider, as it is configured or else in a mirror.
   *
   * @param mirror a folder as of Terraform's `filesystem_mirror`
   */
  static async open(mirror?: string): Promise<Terraform | { readonly why: string }> {
    const command = findCommand("terraform");
    if (command === undefined) return { why: "no terraform on the PATH" };
    const terraform = new Terraform(command, await mkdtemp(join(tmpdir(), "terraform-")));
    await writeFile(join(terraform.#folder, "needs.tf"), NEEDS_AWS);
    if (await terraform.#init()) return terraform;
    if (mirror !== undefined) {
      terraform.#configFile = join(terraform.#folder, "cli.tfrc");
      const configuration = `provider_installation {\n  filesystem_mirror {\n    path = ${JSON.stringify(mirror)}\n  }\n}\n`;
      await writeFile(terraform.#configFile, configuration);
      if (await terraform.#init()) return terraform;
    }
    await terraform.close();
    return { why: "terraform does not find the provider hashicorp/aws" };
  }

  /** What it would do for a configuration, counted. Errors: it cannot plan; with what it wrote. */
  async plan(configuration: string): Promise<PlanSummary> {
    await writeFile(join(this.#folder, "main.tf"), configuration);
    const { stdout, stderr } = await this.#run(["plan", "-json", "-input=false"]);
    const lines = stdout.split("\n").filter((line) => line.startsWith("{"));
    const events = lines.map((line) => JSON.parse(line) as { readonly type: string; readonly changes?: PlanSummary });
    const summary = events.find(({ type }) => type === "change_summary")?.changes;
    if (summary === undefined) throw new Error(`terraform cannot plan: ${stderr}${stdout}`);
    return summary;
  }

  /** Makes it so. Errors: it cannot; with what it wrote. */
  async apply(configuration: string): Promise<void> {
    await writeFile(join(this.#folder, "main.tf"), configuration);
    await this.#ok(["apply", "-auto-approve", "-no-color", "-input=false"]);
  }

  /**
   * Applies a configuration that uses modules of this repository.
   *
   * @param targets the resources to create; all without any
   */
  async applyModule(configuration: string, targets: readonly string[] = []): Promise<void> {
    await writeFile(join(this.#folder, "main.tf"), configuration);
    await this.#ok(["get", "-no-color"]);
    const only = targets.map((target) => `-target=${target}`);
    await this.#ok(["apply", "-auto-approve", "-no-color", "-input=false", ...only]);
  }

  /** Takes down all that it has made. Errors: as of apply. */
  destroy(): Promise<void> {
    return this.#ok(["destroy", "-auto-approve", "-no-color", "-input=false"]);
  }

  /** Forgets what it has made, for an AWS that is gone. */
  async forget(): Promise<void> {
    for (const file of ["terraform.tfstate", "terraform.tfstate.backup"])
      await rm(join(this.#folder, file), { force: true });
  }

  close(): Promise<void> {
    return rm(this.#folder, { recursive: true, force: true });
  }

  async #init(): Promise<boolean> {
    const { code } = await this.#run(["init", "-no-color", "-input=false"]);
    return code === 0;
  }

  async #ok(args: readonly string[]): Promise<void> {
    const { code, stdout, stderr } = await this.#run(args);
    if (code !== 0) throw new Error(`terraform ${args[0]} ended with ${code}: ${stderr}${stdout}`);
  }

  #run(args: readonly string[]): ReturnType<typeof runCommand> {
    const configured = this.#configFile === undefined ? {} : { TF_CLI_CONFIG_FILE: this.#configFile };
    const options = { env: { CHECKPOINT_DISABLE: "1", ...configured }, timeoutMs: TIMEOUT_MS };
    return runCommand(this.#command, [`-chdir=${this.#folder}`, ...args], options);
  }
}

/** How many resources a plan adds, changes, takes over and removes. */
interface PlanSummary {
  readonly add: number;
  readonly change: number;
  readonly import: number;
  readonly remove: number;
}

/** The provider, for an endpoint that stands for AWS. It looks at no tags of ours: nobody writes them into a configuration. */
export function providerFor(endpoint: string): string {
  return `
provider "aws" {
  region                      = "us-east-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
  skip_region_validation      = true
  endpoints {
    iam = "${endpoint}"
    sts = "${endpoint}"
  }
  ignore_tags {
    key_prefixes = ["iam.instanceprofile.dev/"]
  }
}
`;
}
