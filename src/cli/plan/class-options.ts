import type { InstanceProfile } from "../../api/instance-profile.ts";
import { CLASS_KIND } from "../../api/instance-profile-class.ts";
import { parseInstanceProfileClass } from "../../api/parse-instance-profile-class.ts";
import type { ClassBinding } from "../../controller/classes/class-binding.ts";
import { ClassResolver, type ClassResolverOptions } from "../../controller/classes/class-resolver.ts";
import { objectsOfList } from "../../controller/classes/objects-by-class.ts";
import type { KubeObject } from "../../engine/ports.ts";
import { TerminalError } from "../../errors.ts";
import type { Place } from "../../model/place.ts";
import { CLUSTER_OPTIONS } from "../cluster-options.ts";
import { type CommandIo, UsageError } from "../io.ts";
import { type Manifest, readManifests } from "../manifests/manifests.ts";
import { VARIABLE_OPTION, variablesOption } from "../operator-options.ts";
import { clusterIdOf, type GivenOptions, type OptionSpecs } from "../options.ts";
import { readClusterClasses } from "./cluster-classes.ts";
import { applied, namespacesOf } from "./simulate-apply.ts";

/** Options that select the classes to check manifests against. */
export const CLASS_OPTIONS: OptionSpecs = {
  class: {
    type: "string",
    multiple: true,
    value: "FILE|DIR|PATTERN|-",
    help: "InstanceProfileClasses to check against, as printed by kubectl get iprofclass -o yaml; repeatable",
  },
  "cluster-classes": {
    type: "boolean",
    help: "check against the classes of the cluster in the kubeconfig; requires permission to list classes and InstanceProfiles",
  },
  "require-class": {
    type: "boolean",
    help: "block objects without a class, even if there are no classes, as run --require-class does",
  },
  ...VARIABLE_OPTION,
  ...CLUSTER_OPTIONS,
};

/** Resolves the class binding of an object under the selected classes. */
export type BindingOf = (object: InstanceProfile) => ClassBinding;

/** The selected classes. */
export interface ClassOptions {
  readonly bindingOf: BindingOf;
  /** The object with its variables filled in, as far as their values are known. */
  readonly filled: (object: InstanceProfile) => InstanceProfile;
  /** False if no option selects classes. */
  readonly areGiven: boolean;
}

/**
 * Reads the classes that `--class` or `--cluster-classes` selects. The manifests count towards limits, together with the
 * objects in the cluster. Without either option, an object with a class name is refused, because it cannot be checked; with
 * `--require-class`, one without a class name is refused too.
 *
 * Errors: TerminalError for an invalid class and for two of the same name; UsageError for conflicting options, and when a class
 * uses `{cluster}` without `--cluster-id`; those of {@link readClusterClasses}.
 */
export async function classOptions(
  given: GivenOptions,
  io: Pick<CommandIo, "readInput" | "env" | "stop" | "err">,
  manifests: readonly Manifest[],
  place?: Place,
): Promise<ClassOptions> {
  const values: Values = {
    own: () => ({ place: place ?? {}, variables: variablesOption(given) }),
    ...(place === undefined && { unknown: "values" }),
  };
  const paths = given.list("class");
  const objects = manifests.map(({ value }): KubeObject => value);
  if (given.flag("cluster-classes")) {
    if (paths.length > 0) throw new UsageError("--class and --cluster-classes cannot be combined");
    return { ...(await byCluster(objects, given, io, values)), areGiven: true };
  }
  for (const name of Object.keys(CLUSTER_OPTIONS)) {
    if (given.text(name) !== undefined) throw new UsageError(`--${name} requires --cluster-classes`);
  }
  const requiresClass = given.flag("require-class");
  const clusterId = clusterIdOf(given.text("cluster-id"));
  if (paths.length === 0) return { ...withoutClasses({ requiresClass, clusterId, values }), areGiven: false };
  const classes = await readClasses(paths, clusterId, io);
  return { ...bindingsIn({ classes, clusterId, objects, live: [], requiresClass, values }), areGiven: true };
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
      const message = `${place}: class ${name} is also defined in ${other}. Remove one of them.`;
      throw new TerminalError(message, { reason: "ClassTwice" });
    }
    places.set(name, place);
    if (clusterId === undefined && usesClusterId(value)) {
      throw new UsageError(`--class: class ${name} uses {cluster}. Set --cluster-id.`);
    }
  }
  return manifests.map(({ value }) => value);
}

async function byCluster(
  objects: readonly KubeObject[],
  given: GivenOptions,
  io: Pick<CommandIo, "env" | "stop" | "err">,
  values: Values,
): Promise<Bindings> {
  const named = clusterIdOf(given.text("cluster-id"));
  const found = await readClusterClasses(given, io, {
    namespaces: namespacesOf(objects),
    needsId: (classes) => named === undefined && classes.some(usesClusterId),
  });
  // The kubeconfig may be of the wrong cluster, in which nothing would be checked.
  if (found.classes.length === 0) io.err(`no InstanceProfileClass found in the cluster of ${found.source}`);
  if (found.clusterId !== undefined) {
    io.err(
      `{cluster} resolves to ${found.clusterId}, the uid of namespace kube-system. If the controller runs with --cluster-id, ` +
        "set the same --cluster-id here.",
    );
  }
  const { classes, objects: live, clusterId = named } = found;
  return bindingsIn({ classes, clusterId, objects, live, requiresClass: given.flag("require-class"), values });
}

/** What class bindings are resolved from. */
interface BindingSources {
  readonly classes: readonly KubeObject[];
  readonly clusterId: string | undefined;
  /** The objects of the manifests. */
  readonly objects: readonly KubeObject[];
  /** The objects in the cluster. */
  readonly live: readonly KubeObject[];
  readonly requiresClass: boolean;
  readonly values: Values;
}

type Bindings = Pick<ClassOptions, "bindingOf" | "filled">;

/** What is known of the values of variables. */
type Values = Pick<ClassResolverOptions, "own" | "unknown">;

function bindingsIn({ classes, clusterId = "", objects, live, requiresClass, values }: BindingSources): Bindings {
  const { all, asApplied } = applied(objects, live);
  const resolver = new ClassResolver({
    classes: () => classes,
    objects: objectsOfList(() => all),
    clusterId,
    countsListed: true,
    requiresClass,
    allowsExternalRoles: true,
    ...values,
  });
  return { bindingOf: (object) => resolver.bindingOf(asApplied(object)), filled: (object) => resolver.filled(object) };
}

function usesClusterId({ spec }: KubeObject): boolean {
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

/** Resolves bindings without classes. If an object names a class, the command line lacks an option, not the cluster the class. */
function withoutClasses({
  requiresClass,
  clusterId = "",
  values,
}: Pick<BindingSources, "requiresClass" | "clusterId" | "values">): Bindings {
  const none = {
    classes: () => [],
    objects: objectsOfList(() => []),
    clusterId,
    requiresClass,
    allowsExternalRoles: true,
    ...values,
  };
  const free = new ClassResolver(none);
  // The class can have any variables.
  const ofClass = new ClassResolver({ ...none, own: () => ({ place: {} }), unknown: "variables" });
  return {
    bindingOf(object) {
      const { className } = object.spec;
      return className === undefined ? free.bindingOf(object) : unknownClass(className);
    },
    filled: (object) => (object.spec.className === undefined ? free : ofClass).filled(object),
  };
}

function unknownClass(className: string): ClassBinding {
  const message =
    `spec.className: class ${className} cannot be checked because no classes were passed. Pass its file with --class, or use ` +
    "--cluster-classes.";
  return { kind: "refused", blocker: { reason: "ClassNotFound", message } };
}
