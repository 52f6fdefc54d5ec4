/** Lines of a failure's message that are repeated at the end. */
const MESSAGE_LINES = 4;

/** What has become of the tests so far. */
export class Outcome {
  passed = 0;
  skipped = 0;
  /** @type {Array<{ title: string, message: string }>} */
  failures = [];

  /** @param {string} title @param {string} message */
  fail(title, message) {
    this.failures.push({ title, message });
  }

  /** The failures and, as the last line, the counts. */
  text() {
    const list = this.failures.map(({ title, message }, index) => {
      const lines = message.trim().split('\n').slice(0, MESSAGE_LINES);
      return [`  ${index + 1}) ${title}`, ...lines.map((line) => `     ${line}`)].join('\n');
    });
    const skipped = this.skipped > 0 ? `, ${this.skipped} skipped` : '';
    const counts = `${this.passed} passed, ${this.failures.length} failed${skipped}`;
    return `${list.length > 0 ? `Failures:\n\n${list.join('\n')}\n\n` : ''}${counts}\n`;
  }
}
