import {
  AssociateIamInstanceProfileCommand,
  CreateTagsCommand,
  DeleteTagsCommand,
  DisassociateIamInstanceProfileCommand,
  type EC2Client,
  type IamInstanceProfileAssociation,
  ReplaceIamInstanceProfileAssociationCommand,
  type Tag,
} from "@aws-sdk/client-ec2";
import type { Tags } from "../../model/ownership.ts";
import type { CreatedEntity, InstanceAction } from "../../plan/action.ts";
import type { AwsCallSubject } from "../errors/aws-errors.ts";
import { requireField } from "../errors/require-field.ts";

/** What a write needs besides its action. */
interface WriteContext {
  /** The client of the action's region. */
  readonly ec2: EC2Client;
  readonly subject: AwsCallSubject;
  readonly options: { readonly abortSignal: AbortSignal };
}

/** Sends one action as one request, and returns the association that it created, if any. */
export type Ec2Write<A extends InstanceAction> = (
  action: A,
  context: WriteContext,
) => Promise<CreatedEntity | undefined>;

/** The request for each kind of action. Its keys are all EC2 write actions. */
export const EC2_WRITES: {
  readonly [Kind in InstanceAction["kind"]]: Ec2Write<Extract<InstanceAction, { readonly kind: Kind }>>;
} = {
  AssociateIamInstanceProfile: async ({ instanceId, iamInstanceProfile }, { ec2, subject, options }) => {
    const input = { InstanceId: instanceId, IamInstanceProfile: { Name: iamInstanceProfile } };
    const reply = await ec2.send(new AssociateIamInstanceProfileCommand(input), options);
    return created(reply.IamInstanceProfileAssociation, subject);
  },
  ReplaceIamInstanceProfileAssociation: async ({ associationId, iamInstanceProfile }, { ec2, subject, options }) => {
    const input = { AssociationId: associationId, IamInstanceProfile: { Name: iamInstanceProfile } };
    const reply = await ec2.send(new ReplaceIamInstanceProfileAssociationCommand(input), options);
    return created(reply.IamInstanceProfileAssociation, subject);
  },
  DisassociateIamInstanceProfile: ({ associationId }, { ec2, options }) =>
    done(ec2.send(new DisassociateIamInstanceProfileCommand({ AssociationId: associationId }), options)),
  CreateTags: ({ instanceId, tags }, { ec2, options }) =>
    done(ec2.send(new CreateTagsCommand({ Resources: [instanceId], Tags: tagListOf(tags) }), options)),
  DeleteTags: ({ instanceId, tags }, { ec2, options }) =>
    done(ec2.send(new DeleteTagsCommand({ Resources: [instanceId], Tags: tagListOf(tags) }), options)),
};

function created(association: IamInstanceProfileAssociation | undefined, subject: AwsCallSubject): CreatedEntity {
  return {
    arn: requireField(association?.IamInstanceProfile?.Arn, "Arn of the instance profile", subject),
    id: requireField(association?.AssociationId, "AssociationId", subject),
  };
}

function tagListOf(tags: Tags): Tag[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

async function done(sent: Promise<unknown>): Promise<undefined> {
  await sent;
}
