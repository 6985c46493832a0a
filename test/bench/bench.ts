/**
 * Measures what a profile costs: requests, wall and processor time and memory, for the bundle as a process with the memory flags of the
 * image, for the floor (the bare SDK making the four calls that a profile takes) and for Terraform, against the same AWS in the same run;
 * and what else an operator pays for: starts, scans, edits of classes, and commands.
 *
 *     npm run bench [-- --sizes 50,200,1000] [--aws sandbox,moto] [--runs 5] [--terraform-max 200] [--terraform-mirror DIR]
 *                   [--no-costs] [--costs-scale 0.1] [--json FILE] [--record]
 *
 * AWS is the sandbox's, and moto's too where moto_server is on the PATH; Terraform takes part where it is there with its AWS provider. Each of
 * them is a process of its own, so that no one's work is counted as another's. What takes less than a minute is measured `--runs` times, and
 * the median counts. `--record` adds the run to test/bench/results, and puts the table for 200 profiles, or else the most, into
 * docs/explanation/scale.md. `npm run bench:compare` compares it with the run before.
 */
import { setup, teardown } from "../support/bundle-program.ts";

// Before anything is imported that asks where the program is.
setup();
try {
  const { runBench } = await import("./run-bench.ts");
  await runBench(process.argv.slice(2));
} finally {
  teardown();
}
