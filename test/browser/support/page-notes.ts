import type { Page } from 'playwright-core';

/** Records what a page does invisibly: errors, dialogs, the gateways of its connections. */
export class PageNotes {
  /** Errors in the console, those that the browser reports included, and exceptions. */
  readonly errors: string[] = [];
  /** Dialogs of the browser (`alert`), which the page never opens. */
  readonly dialogs: string[] = [];
  /** Ids of the gateways that sent a welcome, in order. */
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
