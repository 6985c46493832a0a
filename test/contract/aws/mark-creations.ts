import { randomBytes } from "node:crypto";
import type { IAMClient } from "@aws-sdk/client-iam";
import type { BenchMarks } from "./harness.ts";

interface Tag {
  readonly Key?: string;
  readonly Value?: string;
}

interface Creation {
  readonly Path?: string;
  readonly Tags?: readonly Tag[];
  readonly ClientToken?: string;
  readonly TagSpecifications?: readonly { readonly ResourceType?: string; readonly Tags?: readonly Tag[] }[];
}

const IN_IAM = /^Create(Role|InstanceProfile|Policy)Command$/;
const IN_EC2: Readonly<Record<string, string>> = {
  RunInstancesCommand: "instance",
  CreateLaunchTemplateCommand: "launch-template",
};

/**
 * Has a client give its path, its tag and its token to whatever it creates, in the same request, so that nothing is there without them, and hide the
 * tag in what IAM shows: a case reads what it wrote.
 */
export function markCreations(client: object, marks: BenchMarks): void {
  const { middlewareStack } = client as Pick<IAMClient, "middlewareStack">;
  middlewareStack.add(
    (next, { commandName = "" }) =>
      async (args) => {
        const result = await next({ ...args, input: marked(commandName, args.input as Creation, marks) as never });
        hideTag(result.output, marks.tag.Key);
        return result;
      },
    { step: "initialize", priority: "high", name: "markCreations" },
  );
}

function marked(command: string, input: Creation, { path, tag, namePrefix }: BenchMarks): Creation {
  if (IN_IAM.test(command)) return { ...input, Path: input.Path ?? path, Tags: [...(input.Tags ?? []), tag] };
  const resourceType = IN_EC2[command];
  if (resourceType === undefined) return input;
  const given = (input.TagSpecifications ?? []).flatMap(({ Tags = [] }) => Tags);
  const Tags = [...given, tag, { Key: "Name", Value: `${namePrefix}${resourceType}` }];
  const TagSpecifications = [{ ResourceType: resourceType, Tags }];
  if (command !== "RunInstancesCommand") return { ...input, TagSpecifications };
  // Tags can be put on any instance later; the token stays that of the request that started it.
  return { ...input, TagSpecifications, ClientToken: `${namePrefix}${randomBytes(12).toString("hex")}` };
}

function hideTag(output: unknown, key: string): void {
  if (typeof output !== "object" || output === null || output instanceof Date) return;
  for (const value of Object.values(output)) hideTag(value, key);
  const { Tags } = output as { Tags?: readonly Tag[] };
  if (!Array.isArray(Tags) || !Tags.some(({ Key }) => Key === key)) return;
  const others = Tags.filter(({ Key }) => Key !== key);
  if (others.length === 0) delete (output as { Tags?: unknown }).Tags;
  else (output as { Tags?: unknown }).Tags = others;
}
