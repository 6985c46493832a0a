import type { WholeProfile } from "../engine/offline/read-profile.ts";
import type { Tags } from "../model/ownership.ts";
import { UsageError } from "./io.ts";

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
