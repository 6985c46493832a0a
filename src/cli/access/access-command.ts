import type { CommandGroup } from "../command.ts";

/** The commands about what policies allow. */
export const accessCommand: CommandGroup = {
  description: "Says what policies allow.",
  subcommands: [
    {
      name: "can",
      summary: "say whether a request is allowed, and by which statement",
      load: async () => (await import("./can-command.ts")).canCommand,
    },
    {
      name: "diff",
      summary: "say what a change of policies or manifests grants",
      load: async () => (await import("./diff-command.ts")).diffCommand,
    },
  ],
};
