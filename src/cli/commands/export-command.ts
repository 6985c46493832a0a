import type { AwsConnection } from "../../aws/aws-connection.ts";
import { DEFAULT_AWS_RATES } from "../../aws/call/call-limiter.ts";
import { ALL_NAMES } from "../../engine/observe/account-snapshot.ts";
import { type ExportChoices, exportProfile } from "../../engine/offline/export-profile.ts";
import {
  type OwnPolicyChoice,
  readOwnPolicies,
  readWholeProfile,
  type ScannedAccount,
  type WholeProfile,
} from "../../engine/offline/read-profile.ts";
import { BlockedError } from "../../errors.ts";
import { nameKey } from "../../model/naming.ts";
import type { Tags } from "../../model/ownership.ts";
import { awsRates, readRateOption } from "../aws-options.ts";
import { CLUSTER_OPTIONS } from "../cluster-options.ts";
import type { Command } from "../command.ts";
import { writeImported } from "../import/import-output.ts";
import { IMPORT_OPTIONS, importOption, readSource, stackOf } from "../import/import-sources.ts";
import { type CommandIo, EXIT, UsageError } from "../io.ts";
import { exportText, objectNames } from "../manifests/export-text.ts";
import { clusterIdOf, type GivenOptions, namespaceOf } from "../options.ts";
import { withProgress } from "../progress.ts";
import { connectAsUser, scanIfPermitted, WHOLE_ACCOUNT_FROM } from "../read-aws.ts";

/** Writes existing instance profiles as manifests that adopt them unchanged. */
export const exportCommand: Command = {
  description: [
    "Writes existing instance profiles, with their roles, as manifests that adopt them unchanged: a plan of the output shows",
    "no changes. What a manifest cannot express is written as a comment. Needs no cluster and only read permissions.",
    "Exit status: 0 exported, 1 error.",
  ].join("\n"),
  options: {
    "instance-profile": {
      type: "string",
      multiple: true,
      value: "NAME",
      help: "export this instance profile; repeatable",
    },
    "path-prefix": {
      type: "string",
      value: "PATH",
      help: "export all instance profiles under this IAM path; / for all",
    },
    tag: {
      type: "string",
      multiple: true,
      value: "KEY=VALUE",
      help: "export instance profiles with this tag on the profile or its role; repeatable, all tags must match",
    },
    ...IMPORT_OPTIONS,
    ...CLUSTER_OPTIONS,
    "external-role": {
      type: "boolean",
      help: "export the instance profiles alone (role.management: External): others keep managing the roles",
    },
    "with-managed-policies": {
      type: "boolean",
      help: "export the customer managed policies that only the role uses as policies of the object (spec.managedPolicies), and not as attachments",
    },
    "adopt-from": {
      type: "string",
      value: "ID",
      help: "export what the cluster with this id owns, with the namespaces and names of its objects, for another cluster to adopt (spec.adoptFrom)",
    },
    namespace: { type: "string", short: "n", value: "NAME", help: "metadata.namespace of the manifests" },
    ...readRateOption(DEFAULT_AWS_RATES),
  },
  run: exportSelected,
};

/** CloudFormation puts it on each role of a stack. */
const STACK_TAG = "aws:cloudformation:stack-name";

async function exportSelected(given: GivenOptions, io: CommandIo): Promise<number> {
  const source = importOption(given);
  if (source === undefined) return exportProfiles(given, tagFilterOf(given.list("tag")), io);
  if (given.flag("with-managed-policies") && given.text("from-cloudformation") === undefined) {
    throw new UsageError(`--with-managed-policies and --${source} cannot be combined: ${source} exports them anyway`);
  }
  const selector = ["instance-profile", "path-prefix", "tag"].find((name) => given.text(name) ?? given.list(name)[0]);
  if (selector !== undefined) throw new UsageError(`--${source} and --${selector} cannot be combined`);
  const namespace = namespaceOf("namespace", given.text("namespace"));
  const stack = await stackOf(given);
  if (stack !== undefined) return exportProfiles(given, { [STACK_TAG]: stack }, io);
  return writeImported(await readSource(source, given, io), namespace, io);
}

async function exportProfiles(given: GivenOptions, tags: Tags, io: CommandIo): Promise<number> {
  const names = given.list("instance-profile");
  const pathPrefix = given.text("path-prefix");
  const namespace = namespaceOf("namespace", given.text("namespace"));
  if (names.length > 0 && (pathPrefix !== undefined || Object.keys(tags).length > 0)) {
    throw new UsageError("--instance-profile cannot be combined with --path-prefix or --tag");
  }
  if (names.length === 0 && pathPrefix === undefined && Object.keys(tags).length === 0) {
    throw new UsageError("nothing to export: set --instance-profile, --path-prefix, --tag or an option --from-…");
  }
  const withPolicies = given.flag("with-managed-policies");
  if (withPolicies && given.flag("external-role")) {
    throw new UsageError(
      "--with-managed-policies and --external-role cannot be combined: the policies are those of the role",
    );
  }
  if (pathPrefix?.startsWith("/") === false)
    throw new UsageError(`--path-prefix: "${pathPrefix}" must start with a slash`);
  const adoptFrom = clusterIdOf(given.text("adopt-from"), "adopt-from");
  const isHandOver = adoptFrom !== undefined;
  const aws = connectAsUser(awsRates(given), io.env);
  try {
    const awaited = { command: "export", items: "instance profiles" };
    const profiles = await withProgress(io, awaited, async (progress) => {
      const listed = names.length > 0 ? names : await aws.iamInventory.instanceProfileNames(pathPrefix ?? "/", io.stop);
      const choice = { isNamed: names.length > 0, policies: { unowned: withPolicies, owned: isHandOver } };
      const wantedOfAccount = { ...ALL_NAMES, hasPolicies: withPolicies || isHandOver };
      const isScanned = listed.length >= WHOLE_ACCOUNT_FROM;
      const scanned = isScanned ? await scanIfPermitted(wantedOfAccount, aws, io.stop) : undefined;
      return progress.inParallel(listed, (name) => read(name, { ...choice, scanned }, aws, io.stop));
    });
    const wanted = profiles.filter((profile) => profile !== undefined).filter((profile) => hasTags(profile, tags));
    if (wanted.length === 0) {
      const stack = tags[STACK_TAG];
      const sought =
        stack === undefined ? "--path-prefix and --tag" : `the stack ${stack}: none has the tag ${STACK_TAG}`;
      throw nothingThere(`no instance profile in this account matches ${sought}`);
    }
    write(wanted, { namespace, isRoleExternal: given.flag("external-role"), adoptFrom }, io);
    return EXIT.ok;
  } finally {
    aws.close();
  }
}

/** How each instance profile is read. */
interface ReadChoice {
  readonly isNamed: boolean;
  readonly policies: OwnPolicyChoice;
  readonly scanned: ScannedAccount | undefined;
}

async function read(
  name: string,
  { isNamed, policies, scanned }: ReadChoice,
  { iamReader }: AwsConnection,
  signal: AbortSignal,
): Promise<WholeProfile | undefined> {
  const profile = await readWholeProfile(name, iamReader, signal, scanned);
  if (profile === undefined && isNamed) {
    throw nothingThere(`instance profile ${name} does not exist in this account`);
  }
  if (profile?.role === undefined || !(policies.unowned || policies.owned)) return profile;
  return { ...profile, managedPolicies: await readOwnPolicies(profile.role, policies, iamReader, signal, scanned) };
}

/** Makes an empty export an error, so that a misspelled name does not go unnoticed. */
function nothingThere(message: string): BlockedError {
  return new BlockedError(message, { reason: "NothingThere" });
}

/** The choices of the user about all manifests. */
interface ManifestChoices extends ExportChoices {
  readonly namespace: string | undefined;
}

/** Writes one document per profile. One object manages a role, so the role is external to the manifests of its other profiles. */
function write(profiles: readonly WholeProfile[], choices: ManifestChoices, io: CommandIo): void {
  const { namespace, isRoleExternal = false, adoptFrom } = choices;
  const nameFor = objectNames();
  const managed = new Set<string>();
  const documents: (readonly string[])[] = [];
  let incomplete = 0;
  for (const profile of profiles) {
    const { instanceProfileName, arn } = profile.instanceProfile;
    const roleKey = nameKey(profile.role?.roleName ?? "");
    const isExternal = isRoleExternal || managed.has(roleKey);
    const names = { name: nameFor(instanceProfileName), namespace };
    const exported = exportProfile(profile, names, { isRoleExternal: isExternal, adoptFrom });
    if (exported.kind === "whole") managed.add(roleKey);
    else incomplete += 1;
    documents.push(exportText(arn, exported));
  }
  io.out(documents.flatMap((lines, index) => (index === 0 ? lines : ["---", ...lines])));
  const rest = incomplete === 0 ? "" : `; ${incomplete} written as comments, with the reason`;
  io.err(`${profiles.length - incomplete} of ${profiles.length} instance profiles exported${rest}`);
}

/** Reads values of `--tag KEY=VALUE`. Any key is a filter, also the keys that AWS reserves, such as `aws:cloudformation:stack-name`. */
export function tagFilterOf(given: readonly string[]): Tags {
  return Object.fromEntries(
    given.map((tag) => {
      const [key = "", ...value] = tag.split("=");
      if (key === "" || value.length === 0) throw new UsageError(`--tag: "${tag}" must have the form KEY=VALUE`);
      return [key, value.join("=")];
    }),
  );
}

/** True when the instance profile or its role has each of the tags. */
export function hasTags({ instanceProfile, role }: WholeProfile, filter: Tags): boolean {
  return Object.entries(filter).every(
    ([key, value]) => instanceProfile.tags[key] === value || role?.tags[key] === value,
  );
}
