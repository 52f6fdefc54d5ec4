const { reporters, Runner } = require('mocha');

/** After the last test nothing is left to do; whoever needs longer than this has left something running. */
const EXIT_WITHIN_MS = 10_000;
/** A run that takes longer hangs. */
const RUN_WITHIN_MS = 12 * 60_000;

/** Mocha's own report, and one plain closing line. Ends a run that does not end by itself, as a failure. */
module.exports = class extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    setTimeout(() => {
      console.error(`The tests took too long; they were at: ${runner.currentRunnable?.fullTitle()}`);
      process.exit(1);
    }, RUN_WITHIN_MS).unref();
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures, pending } = runner.stats;
      console.log(`${passes} passed, ${failures} failed${pending > 0 ? `, ${pending} skipped` : ''}`);
      setTimeout(() => {
        console.error(`The tests left something running: ${process.getActiveResourcesInfo().join(', ')}`);
        process.exit(1);
      }, EXIT_WITHIN_MS).unref();
    });
  }
};
