import type { InstanceProfile } from "../api/instance-profile.ts";
import { CLASS_KIND } from "../api/instance-profile-class.ts";
import { parseInstanceProfileClass } from "../api/parse-instance-profile-class.ts";
import { ClassDirectory, type Standing } from "../controller/class-directory.ts";
import type { KubeObject } from "../engine/ports.ts";
import { TerminalError } from "../errors.ts";
import { type CommandIo, UsageError } from "./io.ts";
import { readManifests } from "./manifests.ts";
import { clusterIdOf, type GivenOptions, type OptionSpecs } from "./options.ts";

/** Names the classes that manifests are judged by. */
export const CLASS_OPTION: OptionSpecs = {
  class: {
    type: "string",
    multiple: true,
    value: "FILE|DIR|PATTERN|-",
    help: "InstanceProfileClasses to judge by, as kubectl get iprofclass -o yaml writes them; repeatable",
  },
};

/** Where an object stands under the classes that were given. */
export type StandingOf = (object: InstanceProfile) => Standing;

/**
 * Reads the classes that `--class` names. `peers` are the objects that count for limits. Without `--class` an object that names a class
 * is refused, for nobody can tell whether it fits.
 *
 * Errors: TerminalError for a class that is not valid; UsageError when a class speaks of `{cluster}` and no `--cluster-id` is given.
 */
export async function givenClasses(
  given: GivenOptions,
  io: Pick<CommandIo, "readInput">,
  peers: readonly Readonly<Record<string, unknown>>[],
): Promise<StandingOf> {
  const paths = given.list("class");
  if (paths.length === 0) return withoutClasses;
  const clusterId = clusterIdOf(given.text("cluster-id"));
  const manifests = await readManifests(paths, io.readInput, CLASS_KIND);
  for (const { source, position, value } of manifests) {
    checkClass(`${source}, document ${position}`, value, clusterId);
  }
  const classes = manifests.map(({ value }): KubeObject => value);
  const directory = new ClassDirectory({ classes: () => classes, objects: () => peers, clusterId: clusterId ?? "" });
  return (object) => directory.standingOf(object);
}

function checkClass(where: string, value: unknown, clusterId: string | undefined): void {
  try {
    const { metadata, spec } = parseInstanceProfileClass(value);
    if (clusterId === undefined && JSON.stringify(spec).includes("{cluster}")) {
      throw new UsageError(
        `--class: class ${metadata.name} speaks of {cluster}; say which one is meant with --cluster-id`,
      );
    }
  } catch (error) {
    if (!(error instanceof TerminalError)) throw error;
    throw new TerminalError(`${where}: ${error.message}`, { reason: error.reason, cause: error });
  }
}

function withoutClasses(object: InstanceProfile): Standing {
  const { className } = object.spec;
  if (className === undefined) return { kind: "free", object };
  const message = `spec.className is ${className}, and no class is given to judge by. Name the file that has it with --class.`;
  return { kind: "refused", blocker: { reason: "ClassNotFound", message } };
}
