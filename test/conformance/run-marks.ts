import { randomBytes } from "node:crypto";
import type { BenchMarks } from "../contract/aws/harness.ts";

/** The key of the tag that everything has which a conformance run makes. Its value is `PREFIX/RUN`. */
export const RUN_TAG = "instance-profile-conformance";

/** Prefixes that leave room for names of 64 characters, and are the same in lower and upper case. */
const PREFIX = /^[a-z][a-z0-9-]{1,14}[a-z0-9]$/;
const RUN = "[0-9a-f]{8}";

/** What a run gives to everything that it makes: a name, a path and a tag that no one else has. */
export class RunMarks implements BenchMarks {
  readonly prefix: string;
  readonly run: string;

  constructor(prefix: string, run: string = randomBytes(4).toString("hex")) {
    this.prefix = prefix;
    this.run = run;
  }

  get namePrefix(): string {
    return `${this.prefix}-${this.run}-`;
  }

  get path(): string {
    return `/${this.prefix}/${this.run}/`;
  }

  get tag(): { readonly Key: string; readonly Value: string } {
    return { Key: RUN_TAG, Value: `${this.prefix}/${this.run}` };
  }

  /** The marks of one check, whose names and path no other check has. */
  part(number: number): BenchMarks {
    return { namePrefix: `${this.namePrefix}${number}-`, path: `${this.path}${number}/`, tag: this.tag };
  }
}

/** Why a prefix cannot be used; undefined when it can. */
export function prefixComplaint(prefix: string): string | undefined {
  if (PREFIX.test(prefix)) return undefined;
  return `--prefix ${prefix} must have 3 to 16 lower-case letters, digits and dashes, begin with a letter and not end with a dash`;
}

/** The path of all runs with this prefix. */
export const pathOf = (prefix: string): string => `/${prefix}/`;

/** True when a run with this prefix could have given the name. That alone proves nothing. */
export function isNameOf(prefix: string, name: string): boolean {
  return new RegExp(`^${prefix}-${RUN}-`, "i").test(name);
}

/** What is known of a thing that may be one of a run. */
export interface Suspect {
  readonly name: string;
  /** Undefined for what has no path: instances and launch templates. */
  readonly path: string | undefined;
  /** Of an instance: chosen by the request that started it, and never changed. Undefined for everything else. */
  readonly clientToken?: string | undefined;
  readonly tags: readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[];
}

/** What is missing to the proof that a run with this prefix made the thing; undefined when it is proved. */
export function missingProof(prefix: string, { name, path, clientToken, tags }: Suspect): string | undefined {
  const value = tags.find(({ Key }) => Key === RUN_TAG)?.Value;
  const run = new RegExp(`^${prefix}/(${RUN})$`).exec(value ?? "")?.[1];
  if (run === undefined) return `it has no tag ${RUN_TAG}=${prefix}/RUN`;
  const marks = new RunMarks(prefix, run);
  if (path !== undefined && !path.startsWith(marks.path)) return `its path is ${path}, not below ${marks.path}`;
  if (clientToken?.startsWith(marks.namePrefix) === false)
    return `its client token does not begin with ${marks.namePrefix}: something else has started it`;
  if (!name.toLowerCase().startsWith(marks.namePrefix)) return `its name does not begin with ${marks.namePrefix}`;
  return undefined;
}
