import { expect, test } from "vitest";
import { removedBlocks } from "../../../src/cli/import/import-sources.ts";

const instances = new Map([
  ["module.app.aws_iam_role.web", ['module.app["a"].aws_iam_role.web[0]', 'module.app["b"].aws_iam_role.web[0]']],
]);
const all = new Set([...instances.values()].flat());

test("a removed block names a resource without instance keys", () => {
  expect(removedBlocks(instances, all)).toEqual([
    ...["removed {", "  from = module.app.aws_iam_role.web", "  lifecycle {", "    destroy = false", "  }", "}"],
  ]);
});

test("a resource of which some instances stay has no block, because it would let go of all", () => {
  const lines = removedBlocks(instances, new Set(['module.app["a"].aws_iam_role.web[0]']));
  expect(lines).toEqual([
    'No removed block for module.app.aws_iam_role.web: it would also remove module.app["b"].aws_iam_role.web[0]. Use terraform state rm:',
    `  terraform state rm 'module.app["a"].aws_iam_role.web[0]'`,
  ]);
});

test("a resource that stays as a whole is not named", () => {
  expect(removedBlocks(instances, new Set())).toEqual([]);
});
