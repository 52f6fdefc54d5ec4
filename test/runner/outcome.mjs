/** Lines of a failure's message that are repeated at the end of the run: the first and the last of a longer one. */
const FIRST_LINES = 4;
const LAST_LINES = 30;
/** Suites that are listed with their durations. */
const LISTED = 40;

/** What has become of the tests so far. */
export class Outcome {
  passed = 0;
  skipped = 0;
  /** @type {Array<{ title: string, message: string }>} */
  failures = [];
  /** @type {Array<{ title: string, file: string, ms: number, cpuMs: number }>} */
  suites = [];

  /** @param {string} title @param {string} message */
  fail(title, message) {
    this.failures.push({ title, message });
  }

  /**
   * The suites that took longest, with their CPU time: that of their process and of the processes that ended in the
   * meantime.
   */
  durationsText() {
    const seconds = (ms) => (ms / 1_000).toFixed(1).padStart(8);
    const longest = this.suites.toSorted((one, other) => other.ms - one.ms).slice(0, LISTED);
    const lines = longest.map(({ title, ms, cpuMs }) => `${seconds(ms)} ${seconds(cpuMs)}   ${title}`);
    return ['seconds    CPU s   suite', ...lines, '', ''].join('\n');
  }

  /** The failures and, as the last line, the counts. */
  text() {
    const list = this.failures.map(({ title, message }, index) => {
      const lines = shortened(message.trim().split('\n'));
      return [`  ${index + 1}) ${title}`, ...lines.map((line) => `     ${line}`)].join('\n');
    });
    const skipped = this.skipped > 0 ? `, ${this.skipped} skipped` : '';
    const counts = `${this.passed} passed, ${this.failures.length} failed${skipped}`;
    return `${list.length > 0 ? `Failures:\n\n${list.join('\n')}\n\n` : ''}${counts}\n`;
  }
}

/** @param {string[]} lines */
function shortened(lines) {
  const left = lines.length - FIRST_LINES - LAST_LINES;
  return left <= 0
    ? lines
    : [...lines.slice(0, FIRST_LINES), `… ${left} lines …`, ...lines.slice(-LAST_LINES)];
}
