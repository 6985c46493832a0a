import { randomBytes } from "node:crypto";
import { IAMClient } from "@aws-sdk/client-iam";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { clearAws } from "./aws-state.ts";
import { ClusterUser } from "./cluster-user.ts";
import { type DeployedAccount, deployAccount } from "./deployed-account.ts";
import { e2eEnvironment } from "./e2e-environment.ts";
import { openKubeApi } from "./kube-api.ts";
import { keptKubeApi } from "./plain-kube-api.ts";

/** What the stand-ins for AWS ask for. */
export const TEST_CREDENTIALS = { accessKeyId: "AKIATESTTESTTESTTEST", secretAccessKey: "test" } as const;
export const TEST_REGION = "us-east-1";

/** The API server and the AWS of an e2e run, with names that nobody else uses. */
export interface E2eSite {
  /** The administrator. */
  readonly user: ClusterUser;
  /** Of the controller's own account. */
  readonly account: DeployedAccount;
  readonly awsEndpoint: string;
  readonly iam: IAMClient;
  readonly accountId: string;
  /** What the names of all roles and profiles of this site begin with. */
  readonly prefix: string;
  newNamespace(): Promise<string>;
  /** Removes what is left. */
  close(): Promise<void>;
}

/** Why there is nothing to open here; undefined when there is. */
export function whyNoSite(): string | undefined {
  const { adminKubeconfig, awsEndpoint } = e2eEnvironment();
  if (adminKubeconfig === undefined) return "no API server";
  return awsEndpoint === undefined ? "no AWS" : undefined;
}

/** Deploys the controller's account and opens both sides. */
export async function openE2eSite(): Promise<E2eSite> {
  const { adminKubeconfig = "", awsEndpoint = "", folder, etcdUrl } = e2eEnvironment();
  const isClusterOurs = etcdUrl !== undefined;
  const admin = openKubeApi(adminKubeconfig);
  const account = await deployAccount(admin, { folder, isClusterOurs });
  const config = { endpoint: awsEndpoint, region: TEST_REGION, credentials: TEST_CREDENTIALS };
  const iam = new IAMClient(config);
  const sts = new STSClient(config);
  const { Account = "" } = await sts.send(new GetCallerIdentityCommand());
  sts.destroy();
  const user = new ClusterUser(await keptKubeApi(admin, adminKubeconfig));
  const prefix = `e2e-${randomBytes(4).toString("hex")}`;
  const namespaces: string[] = [];
  return {
    user,
    account,
    awsEndpoint,
    iam,
    accountId: Account,
    prefix,
    async newNamespace() {
      const name = `${prefix}-${namespaces.length}`;
      namespaces.push(name);
      await user.createNamespace(name);
      return name;
    },
    async close() {
      await clearAws(iam, prefix);
      iam.destroy();
      // A control plane of our own ends with the run, and has nobody to end namespaces.
      if (!isClusterOurs) for (const name of namespaces) await user.deleteNamespace(name);
      await account.remove();
    },
  };
}
