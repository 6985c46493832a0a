#!/usr/bin/env node
import { runCommandLine } from "./cli/command-line.ts";
import { EXIT } from "./cli/io.ts";
import { processIo, showBug, showBugs } from "./cli/process-io.ts";

const io = processIo();
showBugs(io, process);
try {
  process.exitCode = await runCommandLine(process.argv.slice(2), io);
} catch (error) {
  showBug(error, io);
  process.exitCode = EXIT.error;
}
