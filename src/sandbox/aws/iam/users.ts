import type { User } from "../account/entities.ts";
import { uniqueId } from "../account/identifiers.ts";
import { alreadyExists, limitExceeded, noSuchEntity } from "../fault.ts";
import type { Call, Operations } from "../handler.ts";
import type { XmlTree } from "../protocol/answer.ts";
import { optional, required } from "./constraints.ts";
import { fullUser } from "./render.ts";
import { readTags } from "./tags.ts";

/** Users, as far as trust policies name them. */
export const userOperations: Operations = {
  CreateUser: { kind: "write", handle: createUser },
  GetUser: { kind: "read", handle: getUser },
  DeleteUser: { kind: "write", handle: deleteUser },
};

const missing = (name: string): Error => noSuchEntity(`The user with name ${name} cannot be found.`);

function createUser({ account, params }: Call): XmlTree {
  const name = required(params, "UserName");
  const path = optional(params, "Path") ?? "/";
  const tags = readTags(account, params);
  if (account.users.latest(name) !== undefined) {
    throw alreadyExists(`User with name ${name} already exists.`);
  }
  if (account.users.count() >= account.settings.quotas.users) {
    throw limitExceeded(`Cannot exceed quota for UsersPerAccount: ${account.settings.quotas.users}`);
  }
  const id = uniqueId("AIDA", account.settings.random);
  const user: User = { name, path, id, createdAtMs: account.now(), tags };
  account.users.put(name, user);
  return { User: fullUser(account, user) };
}

/** Without a name IAM answers the caller; Terraform asks that way when it looks for the account's id. */
function getUser(call: Call): XmlTree {
  const { account, params, caller } = call;
  const name = optional(params, "UserName");
  const user = name === undefined ? undefined : account.users.visible(name);
  if (user !== undefined) {
    return { User: fullUser(account, user) };
  }
  if (name !== undefined) {
    throw missing(name);
  }
  const callerName = caller.arn.slice(caller.arn.lastIndexOf("/") + 1);
  return { User: { Path: "/", UserName: callerName, UserId: caller.userId, Arn: caller.arn } };
}

function deleteUser({ account, params }: Call): undefined {
  const name = required(params, "UserName");
  const user = account.users.writable(name);
  if (user === undefined) {
    throw missing(name);
  }
  account.users.remove(user.name);
}
