import { nameInArn } from "../model/naming.ts";
import type { ActionDescription } from "./action-description.ts";
import type { InstanceAction } from "./instance-action.ts";

/** More than these are counted, so that a line stays readable. */
const MAX_NAMED = 3;

/** Says what a write to EC2 does, naming the instances. */
export function describeInstanceAction(action: InstanceAction): ActionDescription {
  const { region } = action;
  switch (action.kind) {
    case "AssociateIamInstanceProfile":
      return {
        symbol: "+",
        title: `instance profile ${action.iamInstanceProfile} on instance ${action.instanceId} (${region})`,
        details: [],
      };
    case "ReplaceIamInstanceProfileAssociation":
      return {
        symbol: "~",
        title: `instance profile of instance ${action.instanceId} (${region})`,
        details:
          nameInArn(action.replaces) === action.iamInstanceProfile
            ? ["~ it has a profile of this name that was deleted since"]
            : [`- ${action.replaces}`, `+ ${action.iamInstanceProfile}`],
      };
    case "DisassociateIamInstanceProfile":
      return {
        symbol: "-",
        title: `instance profile ${nameInArn(action.removes)} on instance ${action.instanceId} (${region})`,
        details: [],
      };
    case "CreateTags":
      return { symbol: "~", title: `tags of ${listed(action)}`, details: tagLines("+", action) };
    case "DeleteTags":
      return { symbol: "~", title: `tags of ${listed(action)}`, details: tagLines("-", action) };
  }
}

type TagAction = Extract<InstanceAction, { readonly instanceIds: readonly string[] }>;

function listed({ instanceIds, region }: TagAction): string {
  const named = instanceIds.slice(0, MAX_NAMED);
  const rest = instanceIds.length - named.length;
  const noun = instanceIds.length === 1 ? "instance" : "instances";
  return `${noun} ${named.join(", ")}${rest > 0 ? ` and ${rest} more` : ""} (${region})`;
}

function tagLines(symbol: "+" | "-", { tags }: TagAction): readonly string[] {
  return Object.entries(tags).map(([key, value]) => `${symbol} ${key}=${value}`);
}
