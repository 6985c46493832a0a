import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { GuestOrder, GuestReply } from "../../guest/s3-program.ts";

/** The endpoints for a program on an instance. Nothing else is set in its environment. */
export interface GuestPlaces {
  readonly awsUrl: string;
  readonly metadataUrl: string;
  readonly region: string;
}

/** The program `src/guest/s3-program.ts`, running as on an instance. */
export interface Guest {
  /** Sends one request. Errors: the program has ended. */
  order(order: GuestOrder): Promise<GuestReply>;
  /** Ends the program. */
  stop(): Promise<void>;
}

/** Starts the program without credentials, home or settings, except the endpoints of the sandbox. */
export function startGuest({ awsUrl, metadataUrl, region }: GuestPlaces): Guest {
  const child = spawn(process.execPath, [programFile()], {
    stdio: ["pipe", "pipe", "inherit"],
    env: {
      // Hides the user's own ~/.aws.
      HOME: "/nonexistent",
      AWS_EC2_METADATA_SERVICE_ENDPOINT: metadataUrl,
      AWS_ENDPOINT_URL: awsUrl,
      AWS_REGION: region,
    },
  });
  const replies = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  // Writing to a program that has ended fails; the missing reply reports that.
  child.stdin.on("error", () => undefined);
  return {
    async order(order) {
      child.stdin.write(`${JSON.stringify(order)}\n`);
      const { done, value } = await replies.next();
      if (done === true) throw new Error(`the program on the instance ended with exit code ${child.exitCode}`);
      return JSON.parse(value) as GuestReply;
    },
    stop: () => ended(child),
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill();
  await exited;
}

/** Finds the program next to the sources or the bundle. */
function programFile(): string {
  const file = ["../../guest/s3-program.ts", "guest.mjs"]
    .map((path) => join(import.meta.dirname, path))
    .find((path) => existsSync(path));
  if (file === undefined) throw new Error(`guest program not found. Reinstall the program.`);
  return file;
}
