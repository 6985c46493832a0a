import { describe, expect, test } from "vitest";
import { expectExportsWhole } from "../contract/aws/export-law.ts";
import { iamContract } from "../contract/aws/suite.ts";
import { e2eEnvironment } from "../support/e2e-environment.ts";

const unchecked = "moto takes it as it comes";
const raw = "moto answers this document as plain JSON";

/** Where moto 5.2.1 differs from AWS, by test of the contract: each of these must fail there. */
const motoDifferences = Object.entries({
  "says which role cannot be found": "another wording",
  "refuses a role whose name differs from another's only in case": "names that differ in case are different names",
  "refuses a role name of more than 64 characters": unchecked,
  "refuses a trust policy that is not JSON": unchecked,
  "refuses a trust policy that names a resource": unchecked,
  "refuses a trust policy that has no principal": unchecked,
  "refuses a trust policy that names a service that is not there": unchecked,
  "refuses a trust policy that allows another service's action": unchecked,
  "refuses a trust policy that names a role that is not there": unchecked,
  "refuses a trust policy of more than 2048 characters": unchecked,
  "shows a principal given as an account id as the account's root": "trust policies come back as they were sent",
  "shows a deleted principal as its unique id, even when a namesake is made": "principals are not tracked",
  "encodes trust policies in listings": raw,
  "refuses a 51st tag": "only the tags of one call are counted",
  "percent-encodes inline policies by RFC 3986": "some reserved characters are left alone",
  "says which inline policy cannot be found": "another wording",
  "takes an inline policy without a version": "inline policies are held to the rule for managed ones",
  "refuses inline policies of more than 10240 characters in all, white space not counted": unchecked,
  "refuses an 11th attachment": unchecked,
  "refuses a permissions boundary that is not there": unchecked,
  "refuses to delete a managed policy that is attached": unchecked,
  "refuses to delete a managed policy with several versions": unchecked,
  "refuses a managed policy whose name is taken under another path, or in another case":
    "the same name under another path is another policy",
  "gives instance profiles ids that begin with AIPA": "ids are 20 random characters",
  "encodes the trust policy of the role in a profile": raw,
  "tells a missing role from a missing instance profile": "another wording",
  "removes a role once": "a role that is not a member is a 500",
  "cannot list the profiles of a role that is not there": "the answer is an empty list",
  "lists instance profiles under a path, in pages, without tags": "PathPrefix, MaxItems and Marker are ignored",
  "lists the tags of an instance profile": "not implemented, a 500 in HTML",
  "encodes every document of the report": raw,
  "reports in pages as small as they are asked for": "MaxItems and Marker are ignored",
  "shows the id of the profile of an instance": "the id of the association is shown",
  "finds the instances of a profile by its ARN": "the filter iam-instance-profile.arn is not implemented",
  "refuses to launch with a profile that is not there": "IAM's NoSuchEntity instead of EC2's InvalidParameterValue",
  "refuses to launch with a profile that has no role": unchecked,
  "refuses to associate a profile that is not there": "IAM's NoSuchEntity instead of EC2's InvalidParameterValue",
  "replaces the profile of a running instance under a new association id": "the association keeps its id",
  "shows the new profile of an instance after a replacement": "DescribeInstances goes on showing the old one",
  "lists the associations of many instances in pages": "MaxResults is ignored",
  "finds launch templates that name the profile by its ARN with a filter, and no others": "Filters is ignored",
  "lists the regions that the account has enabled": "regions that it has not enabled are listed too",
  "refuses a call without a signature": unchecked,
  "refuses an IAM call signed for another region than the partition's home": unchecked,
  "answers an unknown action as the caller's mistake, in XML": "a 500 in HTML",
  "answers a missing parameter as the caller's mistake": "NoSuchEntity for a role without a name",
}).map(([title, reason]) => ({ test: title, reason }));

const { awsEndpoint } = e2eEnvironment();

/** Whether the endpoint is a moto: only then are moto's differences expected of it. */
async function isMoto(endpoint: string): Promise<boolean> {
  return await fetch(`${endpoint}/moto-api/data.json`).then(
    (answer) => answer.ok,
    () => false,
  );
}

if (awsEndpoint === undefined) {
  describe.skip("an AWS endpoint", () => {
    test("meets the contract", () => expect.unreachable());
  });
} else {
  const moto = await isMoto(awsEndpoint);
  iamContract({
    name: moto ? "moto" : awsEndpoint,
    open: () => Promise.resolve({ endpoint: awsEndpoint, close: () => Promise.resolve() }),
    differences: moto ? motoDifferences : [],
  });
}

test.skipIf(awsEndpoint === undefined)(
  "every random role that the endpoint takes is exported whole, adopted by tags alone, and created anew the same",
  async () => {
    await expectExportsWhole(awsEndpoint ?? "", { roles: 8 });
  },
  240_000,
);
