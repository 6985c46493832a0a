/**
 * Loaded into a process with `--import`: at SIGUSR2 its event loop stands still for BLOCK_MS, as in a computation that does not
 * end. The process is not suspended: its clocks and its connections go on.
 */
const blockMs = Number(process.env["BLOCK_MS"]);

process.on("SIGUSR2", () => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, blockMs);
});
