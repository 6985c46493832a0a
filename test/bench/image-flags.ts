import { readFile } from "node:fs/promises";
import { join } from "node:path";

const DOCKERFILE = join(import.meta.dirname, "../../Dockerfile");
/** The memory limit in deploy/, in MiB. */
const LIMIT_MIB = 384;

/** The flags that the image gives to Node, with the heap as the share of the memory limit in deploy/. */
export async function imageFlags(): Promise<readonly string[]> {
  const [, entry = ""] = /^ENTRYPOINT (\[.*\])$/m.exec(await readFile(DOCKERFILE, "utf8")) ?? [];
  const flags = (JSON.parse(entry) as readonly string[]).filter((word) => word.startsWith("--"));
  return flags.map((flag) => {
    const [, percentage] = /^--max-old-space-size-percentage=(\d+)$/.exec(flag) ?? [];
    return percentage === undefined
      ? flag
      : `--max-old-space-size=${Math.round((LIMIT_MIB * Number(percentage)) / 100)}`;
  });
}

/** The environment variables that the image sets. */
export async function imageEnv(): Promise<Readonly<Record<string, string>>> {
  const settings = (await readFile(DOCKERFILE, "utf8")).matchAll(/^ENV (\w+)=(\S+)$/gm);
  return Object.fromEntries([...settings].map(([, name = "", value = ""]) => [name, value]));
}
