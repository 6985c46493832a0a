import { nameInArn } from "../../model/naming.ts";
import type { ActionDescription } from "../action-description.ts";
import type { InstanceAction, InstanceTagAction } from "./instance-action.ts";

/** Describes a write to EC2 and names the instance. */
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
            ? ["~ it has a deleted instance profile of the same name"]
            : [`- ${action.replaces}`, `+ ${action.iamInstanceProfile}`],
      };
    case "DisassociateIamInstanceProfile":
      return {
        symbol: "-",
        title: `instance profile ${nameInArn(action.removes)} on instance ${action.instanceId} (${region})`,
        details: [],
      };
    case "CreateTags":
      return {
        symbol: "~",
        title: `tags of instance ${action.instanceId} (${region})`,
        details: tagLines("+", action),
      };
    case "DeleteTags":
      return {
        symbol: "~",
        title: `tags of instance ${action.instanceId} (${region})`,
        details: tagLines("-", action),
      };
  }
}

function tagLines(symbol: "+" | "-", { tags }: InstanceTagAction): readonly string[] {
  return Object.entries(tags).map(([key, value]) => `${symbol} ${key}=${value}`);
}
