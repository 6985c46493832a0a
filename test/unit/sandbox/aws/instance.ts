import type { MetadataAnswer } from "../../../../src/sandbox/aws/imds/service.ts";
import { MetadataService } from "../../../../src/sandbox/aws/imds/service.ts";
import { type InProcessAws, type Key, must } from "./in-process.ts";

export const hourMs = 3_600_000;
const times = { lifetimeMs: 6 * hourMs, renewBeforeMs: 300_000, roleLookMs: hourMs };

/** A launched instance and the metadata service on it, without sockets. */
export class TestInstance {
  readonly id: string;
  readonly #service: MetadataService;
  #token = "";

  private constructor(aws: InProcessAws, id: string) {
    this.id = id;
    const place = { cloud: aws.cloud, account: aws.account, region: "us-east-1", instanceId: id };
    this.#service = new MetadataService(place, times);
  }

  /** Launches one, with the profile of this name if one is given. */
  static async launch(aws: InProcessAws, profile?: string): Promise<TestInstance> {
    const { result } = must(
      await aws.ec2("RunInstances", {
        ImageId: "ami-12345678",
        MinCount: "1",
        MaxCount: "1",
        ...(profile === undefined ? {} : { "IamInstanceProfile.Name": profile }),
      }),
    );
    return new TestInstance(aws, result.instancesSet.item[0].instanceId);
  }

  request(method: string, path: string, headers: Readonly<Record<string, string>> = {}): MetadataAnswer {
    return this.#service.answer(method, path, headers);
  }

  /** A read with a token, below /latest/meta-data/. */
  read(path: string): MetadataAnswer {
    const issued = this.request("PUT", "/latest/api/token", { "x-aws-ec2-metadata-token-ttl-seconds": "21600" });
    this.#token = issued?.body ?? this.#token;
    return this.request("GET", `/latest/meta-data/${path}`, { "x-aws-ec2-metadata-token": this.#token });
  }

  /** The document of the role's credentials. */
  credentials(): Readonly<Record<string, string>> {
    const list = this.read("iam/security-credentials/");
    const answer = list?.status === 200 ? this.read(`iam/security-credentials/${list.body}`) : undefined;
    if (answer?.status !== 200) throw new Error(`no credentials: ${list?.status} ${list?.body}`);
    return JSON.parse(answer.body);
  }

  /** The credentials as a request carries them. */
  key(): Key {
    const { AccessKeyId: accessKeyId = "", Token: token = "" } = this.credentials();
    return { accessKeyId, token };
  }
}
