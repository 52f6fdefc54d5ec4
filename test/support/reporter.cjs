const { rmSync, writeFileSync } = require('node:fs');
const { reporters, Runner } = require('mocha');

/** After the last test nothing is left to do; whoever needs longer than this has left something running. */
const EXIT_WITHIN_MS = 10_000;
/** A run that takes longer hangs. */
const RUN_WITHIN_MS = 12 * 60_000;

/** Mocha's own report, and its counts for whoever started it. Ends a run that does not end by itself, as a failure. */
module.exports = class extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    setTimeout(() => {
      console.error(`The tests took too long; they were at: ${runner.currentRunnable?.fullTitle()}`);
      process.exit(1);
    }, RUN_WITHIN_MS).unref();
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures, pending } = runner.stats;
      const countsFile = process.env.TEST_COUNTS_FILE;
      writeFileSync(countsFile, JSON.stringify({ passes, failures, pending }));
      setTimeout(() => {
        console.error(`The tests left something running: ${process.getActiveResourcesInfo().join(', ')}`);
        // By its status alone, which mocha sets itself, nobody would notice.
        rmSync(countsFile);
        process.exit(1);
      }, EXIT_WITHIN_MS).unref();
    });
  }
};
