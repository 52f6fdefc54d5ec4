import type { Page } from 'playwright-core';

/** What a page did that nobody sees: its errors, its dialogs, the gateways that it was on. */
export class PageNotes {
  /** Errors in the console, those that the browser reports included, and exceptions. */
  readonly errors: string[] = [];
  /** Dialogs of the browser (`alert`), which nothing of ours opens. */
  readonly dialogs: string[] = [];
  /** Ids of the gateways that said welcome, in their order. */
  readonly gateways: string[] = [];

  constructor(page: Page) {
    page.on('console', (message) => {
      if (message.type() === 'error') this.errors.push(`${message.text()} ${message.location().url}`);
    });
    page.on('pageerror', (error) => this.errors.push(String(error)));
    page.on('dialog', (dialog) => {
      this.dialogs.push(`${dialog.type()}: ${dialog.message()}`);
      void dialog.accept();
    });
    page.on('websocket', (socket) => {
      socket.on('framereceived', ({ payload }) => {
        const [, gateway] = /^{"type":"welcome",.*"connectionId":"(gateway-\d+)-/.exec(String(payload)) ?? [];
        if (gateway !== undefined) this.gateways.push(gateway);
      });
    });
  }
}
