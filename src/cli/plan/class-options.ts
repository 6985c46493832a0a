import type { InstanceProfile } from "../../api/instance-profile.ts";
import { CLASS_KIND } from "../../api/instance-profile-class.ts";
import { parseInstanceProfileClass } from "../../api/parse-instance-profile-class.ts";
import type { ClassBinding } from "../../controller/classes/class-binding.ts";
import { ClassResolver } from "../../controller/classes/class-resolver.ts";
import type { KubeObject } from "../../engine/ports.ts";
import { TerminalError } from "../../errors.ts";
import { CLUSTER_OPTIONS } from "../cluster-options.ts";
import { type CommandIo, UsageError } from "../io.ts";
import { type Manifest, readManifests } from "../manifests/manifests.ts";
import { clusterIdOf, type GivenOptions, type OptionSpecs } from "../options.ts";
import { readClusterClasses } from "./cluster-classes.ts";
import { applied, namespacesOf } from "./simulate-apply.ts";

/** Names the classes that manifests are judged by. */
export const CLASS_OPTIONS: OptionSpecs = {
  class: {
    type: "string",
    multiple: true,
    value: "FILE|DIR|PATTERN|-",
    help: "InstanceProfileClasses to judge by, as kubectl get iprofclass -o yaml writes them; repeatable",
  },
  "cluster-classes": {
    type: "boolean",
    help: "judge by the classes of the cluster, which is found as kubectl finds it; needs to list classes and InstanceProfiles",
  },
  "require-class": {
    type: "boolean",
    help: "block objects without a class, also where there are no classes, as run --require-class does",
  },
  ...CLUSTER_OPTIONS,
};

/** Where an object stands under the classes that were given. */
export type BindingOf = (object: InstanceProfile) => ClassBinding;

/** The classes that were given. */
export interface ClassOptions {
  readonly bindingOf: BindingOf;
  /** False when nobody has said which classes there are. */
  readonly areGiven: boolean;
}

/**
 * Reads the classes that `--class` or `--cluster-classes` names. The manifests count for limits, in a cluster beside the objects that
 * are there. With neither option an object that names a class is refused, for nobody can tell whether it fits; and with
 * `--require-class` one that names none.
 *
 * Errors: TerminalError for a class that is not valid, and for two of one name; UsageError for options that contradict each other,
 * and when a class uses `{cluster}` and no `--cluster-id` is given; those of {@link readClusterClasses}.
 */
export async function classOptions(
  given: GivenOptions,
  io: Pick<CommandIo, "readInput" | "env" | "stop" | "err">,
  manifests: readonly Manifest[],
): Promise<ClassOptions> {
  const paths = given.list("class");
  const objects = manifests.map(({ value }): KubeObject => value);
  if (given.flag("cluster-classes")) {
    if (paths.length > 0) throw new UsageError("--class and --cluster-classes contradict each other: give one of them");
    return { bindingOf: await byCluster(objects, given, io), areGiven: true };
  }
  for (const name of Object.keys(CLUSTER_OPTIONS)) {
    if (given.text(name) !== undefined) throw new UsageError(`--${name} says something with --cluster-classes only`);
  }
  const requiresClass = given.flag("require-class");
  if (paths.length === 0) return { bindingOf: withoutClasses(requiresClass), areGiven: false };
  const clusterId = clusterIdOf(given.text("cluster-id"));
  const classes = await readClasses(paths, clusterId, io);
  return { bindingOf: judgedBy({ classes, clusterId, objects, live: [], requiresClass }), areGiven: true };
}

async function readClasses(
  paths: readonly string[],
  clusterId: string | undefined,
  io: Pick<CommandIo, "readInput">,
): Promise<readonly KubeObject[]> {
  const manifests = await readManifests(paths, io.readInput, CLASS_KIND);
  const places = new Map<string, string>();
  for (const { source, position, value } of manifests) {
    const place = `${source}, document ${position}`;
    const name = checkedName(place, value);
    const other = places.get(name);
    if (other !== undefined) {
      const message = `${place}: class ${name} is in ${other} too; leave one of them out`;
      throw new TerminalError(message, { reason: "ClassTwice" });
    }
    places.set(name, place);
    if (clusterId === undefined && speaksOfCluster(value)) {
      throw new UsageError(`--class: class ${name} uses {cluster}; give the id of the cluster with --cluster-id`);
    }
  }
  return manifests.map(({ value }) => value);
}

async function byCluster(
  objects: readonly KubeObject[],
  given: GivenOptions,
  io: Pick<CommandIo, "env" | "stop" | "err">,
): Promise<BindingOf> {
  const named = clusterIdOf(given.text("cluster-id"));
  const found = await readClusterClasses(given, io, {
    namespaces: namespacesOf(objects),
    needsId: (classes) => named === undefined && classes.some(speaksOfCluster),
  });
  // A kubeconfig of another cluster than was meant would pass everything.
  if (found.classes.length === 0) io.err(`there is no InstanceProfileClass in the cluster of ${found.source}`);
  if (found.clusterId !== undefined) {
    io.err(
      `{cluster} is taken for ${found.clusterId}, the uid of namespace kube-system; where the controller was given --cluster-id, give ` +
        "the same here",
    );
  }
  const { classes, objects: live, clusterId = named } = found;
  return judgedBy({ classes, clusterId, objects, live, requiresClass: given.flag("require-class") });
}

/** What manifests are judged by. */
interface Court {
  readonly classes: readonly KubeObject[];
  readonly clusterId: string | undefined;
  /** The manifests. */
  readonly objects: readonly KubeObject[];
  /** What is in the cluster. */
  readonly live: readonly KubeObject[];
  readonly requiresClass: boolean;
}

function judgedBy({ classes, clusterId = "", objects, live, requiresClass }: Court): BindingOf {
  const { all, asApplied } = applied(objects, live);
  const directory = new ClassResolver({
    classes: () => classes,
    objects: () => all,
    clusterId,
    countsListed: true,
    requiresClass,
  });
  return (object) => directory.bindingOf(asApplied(object));
}

function speaksOfCluster({ spec }: KubeObject): boolean {
  return JSON.stringify(spec).includes("{cluster}");
}

function checkedName(where: string, value: unknown): string {
  try {
    return parseInstanceProfileClass(value).metadata.name;
  } catch (error) {
    if (!(error instanceof TerminalError)) throw error;
    throw new TerminalError(`${where}: ${error.message}`, { reason: error.reason, cause: error });
  }
}

/** By nothing. Where an object names a class, a file or a cluster is missing from the command line, not the class. */
function withoutClasses(requiresClass: boolean): BindingOf {
  const none = new ClassResolver({ classes: () => [], objects: () => [], clusterId: "", requiresClass });
  return (object) => {
    const { className } = object.spec;
    return className === undefined ? none.bindingOf(object) : unknownClass(className);
  };
}

function unknownClass(className: string): ClassBinding {
  const message =
    `spec.className is ${className}, and no class is given to judge by. Name the file that has it with --class, or ask the cluster with ` +
    "--cluster-classes.";
  return { kind: "refused", blocker: { reason: "ClassNotFound", message } };
}
