const { appendFileSync, readFileSync } = require('node:fs');
const { reporters, Runner } = require('mocha');

/** After the last test nothing is left to do; a run that needs longer than this has left something running. */
const EXIT_WITHIN_MS = 10_000;
/** A run in which no test or hook begins or ends for this long hangs. */
const STEP_WITHIN_MS = Number(process.env.TEST_STEP_WITHIN_MS) || 6 * 60_000;

const {
  EVENT_HOOK_BEGIN,
  EVENT_RUN_END,
  EVENT_SUITE_BEGIN,
  EVENT_SUITE_END,
  EVENT_TEST_BEGIN,
  EVENT_TEST_FAIL,
  EVENT_TEST_PASS,
  EVENT_TEST_PENDING,
} = Runner.constants;

/**
 * Mocha's own report, and a record of every test for the runner, written as it happens: a line of JSON each, so that what
 * passed counts although the process dies. Ends a run that does not go on or does not end by itself.
 */
module.exports = class extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const append = (entry) => appendFileSync(process.env.TEST_RECORD_FILE, `${JSON.stringify(entry)}\n`);
    const hanging = setTimeout(() => {
      fail(runner.currentRunnable?.fullTitle() ?? 'the tests', `not done within ${STEP_WITHIN_MS / 1_000} s`);
      append({ type: 'end' });
      process.exit(1);
    }, STEP_WITHIN_MS).unref();
    const record = (entry) => {
      append(entry);
      hanging.refresh();
    };
    const begin = (runnable) => record({ type: 'begin', title: runnable.fullTitle() });
    const fail = (title, message) => record({ type: 'fail', title, message });
    runner.on(EVENT_TEST_BEGIN, begin);
    runner.on(EVENT_HOOK_BEGIN, begin);
    runner.on(EVENT_TEST_PASS, () => record({ type: 'pass' }));
    let begun;
    runner.on(EVENT_SUITE_BEGIN, (suite) => {
      if (suite.parent?.root) begun = { at: performance.now(), cpuMs: cpuMs() };
    });
    runner.on(EVENT_SUITE_END, (suite) => {
      if (!suite.parent?.root) return;
      const { title, file } = suite;
      const ms = Math.round(performance.now() - begun.at);
      append({ type: 'suite', title, file, ms, cpuMs: cpuMs() - begun.cpuMs });
    });
    runner.on(EVENT_TEST_PENDING, () => record({ type: 'pending' }));
    runner.on(EVENT_TEST_FAIL, (runnable, error) =>
      fail(runnable.fullTitle(), String(error?.message ?? error)),
    );
    runner.once(EVENT_RUN_END, () => {
      record({ type: 'end' });
      setTimeout(() => {
        fail('the tests', `left something running: ${process.getActiveResourcesInfo().join(', ')}`);
        process.exit(1);
      }, EXIT_WITHIN_MS).unref();
    });
  }
};

/** CPU time of this process and of those of its descendants that have ended, in milliseconds; 0 where the system does not tell. */
function cpuMs() {
  try {
    const fields = readFileSync('/proc/self/stat', 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    // utime, stime, cutime, cstime, in hundredths of a second.
    return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) * 10, 0);
  } catch {
    return 0;
  }
}
