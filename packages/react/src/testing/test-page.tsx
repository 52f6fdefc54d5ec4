import type { ChorusClient } from '@chorus/client';
import { Window } from 'happy-dom';
import type { ReactElement, ReactNode } from 'react';
import { ChorusProvider } from '../provider.js';

/** What React and its test tools take from the platform. */
const GLOBALS = [
  ...['window', 'document', 'navigator', 'HTMLElement', 'HTMLIFrameElement', 'Element', 'Node'],
  'MutationObserver',
];

/** Test tools of React, in a page without a browser. */
export interface TestPage {
  readonly tools: typeof import('@testing-library/react');
  close(): Promise<void>;
}

/** Makes this process a page until it is closed. */
export async function openTestPage(): Promise<TestPage> {
  const window = new Window({ url: 'http://localhost/' });
  const before = GLOBALS.map((name) => Object.getOwnPropertyDescriptor(globalThis, name));
  for (const name of GLOBALS) {
    const value: unknown = name === 'window' ? window : Reflect.get(window, name);
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  // They would clean up after each test of the process.
  process.env.RTL_SKIP_AUTO_CLEANUP = 'true';
  const tools = await import('@testing-library/react');
  return {
    tools,
    close: async () => {
      tools.cleanup();
      for (const [index, name] of GLOBALS.entries()) {
        Reflect.deleteProperty(globalThis, name);
        const own = before[index];
        if (own) Object.defineProperty(globalThis, name, own);
      }
      await window.happyDOM.close();
    },
  };
}

/** Returns a wrapper for `render` and `renderHook`. */
export function providing(client: ChorusClient) {
  return ({ children }: { children: ReactNode }): ReactElement => (
    <ChorusProvider client={client}>{children}</ChorusProvider>
  );
}
