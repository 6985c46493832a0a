import type { LaunchTemplate } from "../account/entities.ts";
import { ec2Id } from "../account/identifiers.ts";
import { AwsFault } from "../fault.ts";
import type { Call } from "../handler.ts";
import { items, timestamp, type XmlTree } from "../protocol/answer.ts";
import { Params } from "../protocol/params.ts";
import { refuseDryRun } from "./dry-run.ts";
import { describePage, readFilters } from "./filters.ts";
import { tagElements } from "./render.ts";
import { readTagSpecifications, tagFilterValues } from "./tags.ts";

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeLaunchTemplateVersions.html */
const maxPageSize = 200;
const aliases: readonly string[] = ["$Latest", "$Default"];

/** CreateLaunchTemplate: with one version, of whose data only image, type and instance profile are kept. */
export function createLaunchTemplate(call: Call): XmlTree {
  const { account, params } = call;
  const region = account.region(call.region);
  const name = params.get("LaunchTemplateName");
  if (name === undefined) throw missing("The request must contain the parameter LaunchTemplateName");
  const isTaken = region.launchTemplates().some((other) => other.name === name);
  if (isTaken) {
    const message = "Launch template name already in use.";
    throw new AwsFault("InvalidLaunchTemplateName.AlreadyExistsException", 400, message);
  }
  refuseDryRun(call);
  const data = (field: string): string | undefined => params.get(`LaunchTemplateData.${field}`);
  const template: LaunchTemplate = {
    id: ec2Id("lt", account.settings.random),
    name,
    createdAtMs: account.now(),
    imageId: data("ImageId"),
    instanceType: data("InstanceType"),
    profileArn: data("IamInstanceProfile.Arn"),
    profileName: data("IamInstanceProfile.Name"),
    tags: readTagSpecifications(params, "launch-template"),
  };
  region.putLaunchTemplate(template);
  return { launchTemplate: templateElement(call, template) };
}

/** A call of RunInstances with the parameters that it takes from its launch template. Those of the call come first. */
export function withLaunchTemplate(call: Call): Call {
  const { params } = call;
  const template = requireTemplate(call, "LaunchTemplate.");
  if (template === undefined) return call;
  const version = params.get("LaunchTemplate.Version") ?? "$Default";
  if (version !== "1" && !aliases.includes(version)) {
    const message = `Could not find launch template version ${version} for launch template ${template.id}.`;
    throw new AwsFault("InvalidLaunchTemplateId.VersionNotFound", 400, message);
  }
  const own = params.toRecord();
  const hasProfile = Object.keys(own).some((name) => name.startsWith("IamInstanceProfile."));
  const taken = {
    ImageId: template.imageId,
    InstanceType: template.instanceType,
    ...(hasProfile
      ? {}
      : { "IamInstanceProfile.Arn": template.profileArn, "IamInstanceProfile.Name": template.profileName }),
    ...own,
  };
  const values = Object.entries(taken).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return { ...call, params: new Params(values) };
}

/** DeleteLaunchTemplate: by id or by name. */
export function deleteLaunchTemplate(call: Call): XmlTree {
  const template = requireTemplate(call);
  if (template === undefined) throw missing("The request must contain a launch template ID or name");
  refuseDryRun(call);
  call.account.region(call.region).removeLaunchTemplate(template.id);
  return { launchTemplate: templateElement(call, template) };
}

/** DescribeLaunchTemplates: all, or those that the filters find. */
export function describeLaunchTemplates(call: Call): XmlTree {
  const { params } = call;
  checkPageSize(params);
  const passes = readFilters(params, ["launch-template-name", "tag-key", "tag:"]);
  refuseDryRun(call);
  const found = call.account
    .region(call.region)
    .launchTemplates()
    .filter(({ name, tags }) =>
      passes((filter) => (filter === "launch-template-name" ? [name] : tagFilterValues(tags, filter))),
    );
  const { page, nextToken } = describePage(params, found);
  return { launchTemplates: items(page.map((template) => templateElement(call, template))), nextToken };
}

/** DescribeLaunchTemplateVersions: those of one template, or the latest and default ones of all. */
export function describeLaunchTemplateVersions(call: Call): XmlTree {
  const { params } = call;
  const one = requireTemplate(call);
  const wanted = params.strings("LaunchTemplateVersion");
  if (one === undefined && wanted.length === 0) throw missing(versionsRule);
  if (one === undefined && !wanted.every((version) => aliases.includes(version)))
    throw new AwsFault("InvalidParameterValue", 400, versionsRule);
  checkPageSize(params);
  const passes = readFilters(params, ["iam-instance-profile", "image-id", "instance-type"]);
  refuseDryRun(call);
  const candidates = one === undefined ? call.account.region(call.region).launchTemplates() : [one];
  const found = candidates.filter((template) => passes((name) => filterValues(template, name)));
  const { page, nextToken } = describePage(params, found);
  return {
    launchTemplateVersionSet: items(page.map((template) => versionElement(call, template))),
    nextToken,
  };
}

const versionsRule =
  "To describe the launch template data for all your launch templates, for '--versions' specify '$Latest', '$Default', or both, " +
  "and omit '--launch-template-id', '--launch-template-name', and version numbers.";

/** As documented, the filter for instance profiles compares ARNs. */
function filterValues({ imageId, instanceType, profileArn }: LaunchTemplate, filter: string): readonly string[] {
  const values = { "image-id": imageId, "instance-type": instanceType, "iam-instance-profile": profileArn };
  return [values[filter as keyof typeof values]].filter((value) => value !== undefined);
}

function checkPageSize(params: Params): void {
  const size = params.get("MaxResults");
  if (size === undefined || (Number(size) >= 1 && Number(size) <= maxPageSize)) return;
  throw new AwsFault("InvalidParameterValue", 400, `MaxResults must be between 1 and ${maxPageSize}.`);
}

/** The template that the call names, in parameters with this prefix; undefined when it names none. */
function requireTemplate({ account, params, region }: Call, prefix = ""): LaunchTemplate | undefined {
  const id = params.get(`${prefix}LaunchTemplateId`);
  const name = params.get(`${prefix}LaunchTemplateName`);
  if (id === undefined && name === undefined) return undefined;
  const found = account
    .region(region)
    .launchTemplates()
    .find((template) => (id === undefined ? template.name === name : template.id === id));
  if (found !== undefined) return found;
  throw id === undefined
    ? new AwsFault(
        "InvalidLaunchTemplateName.NotFoundException",
        400,
        `The specified launch template, with template name ${name}, does not exist.`,
      )
    : new AwsFault(
        "InvalidLaunchTemplateId.NotFound",
        400,
        `The specified launch template, with template ID ${id}, does not exist.`,
      );
}

function templateElement({ account }: Call, { id, name, createdAtMs, tags }: LaunchTemplate): XmlTree {
  return {
    launchTemplateId: id,
    launchTemplateName: name,
    createTime: timestamp(createdAtMs),
    createdBy: account.developerArn,
    defaultVersionNumber: 1,
    latestVersionNumber: 1,
    tagSet: tagElements(tags),
  };
}

function versionElement({ account }: Call, template: LaunchTemplate): XmlTree {
  const { id, name, createdAtMs, imageId, instanceType, profileArn, profileName } = template;
  const hasProfile = profileArn !== undefined || profileName !== undefined;
  return {
    launchTemplateId: id,
    launchTemplateName: name,
    versionNumber: 1,
    defaultVersion: true,
    createTime: timestamp(createdAtMs),
    createdBy: account.developerArn,
    launchTemplateData: {
      imageId,
      instanceType,
      iamInstanceProfile: hasProfile ? { arn: profileArn, name: profileName } : undefined,
    },
  };
}

const missing = (message: string): AwsFault => new AwsFault("MissingParameter", 400, message);
